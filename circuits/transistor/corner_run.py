"""One neuron at all corners: the same measurements, in as many ngspice at a time as there are cores."""

from collections.abc import Sequence

from joblib import Parallel, delayed

from circuits.processes import n_threads
from circuits.transistor.cards import Cards
from circuits.transistor.measure import NeuronFigures, measure
from circuits.transistor.schematic import NeuronCell
from circuits.variation.corners import CORNERS, Corner


def run_corners(
    cell: NeuronCell, cards: Cards, corners: Sequence[Corner] = CORNERS, n_jobs: int | None = -1
) -> tuple[NeuronFigures, ...]:
    """The neuron's figures at each corner, in their order.  Raises:  as `measure`."""
    threads = n_threads(n_jobs, len(corners))  # they wait for ngspice, which is a process
    work = Parallel(threads, backend="threading")
    return tuple(work(delayed(measure)(cell, cards, corner) for corner in corners))

"""One core to compare with others: as it is asked for, or as a run of a reservoir used it."""

from dataclasses import dataclass, replace

import numpy as np

from circuits.energy.core import CoreLoad
from circuits.errors import InputError
from circuits.literature.core_table import CoreTable, core_table
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Hertz, Seconds, ms
from snn.experiments.run_folder import Run, load_activity, require_kind
from snn.networks.circuit_settings import middle
from snn.networks.reservoir import INPUT
from snn.networks.reservoir import RESERVOIR as RESERVOIR_NAME
from snn.studies.one_neuron import neuron_circuit

RESERVOIR, ENCODERS = 36, 20  # Source: press on the 45 nm chip: neurons of the reservoir and of the input
SPEECH_TAU: Seconds = 20 * ms  # ASSUMED: membrane time constant in the time of the speech
MOST_NEURONS = 2**20  # ASSUMED: the largest chip of the table; far beyond one core
ACCELERATION = 1000.0  # ASSUMED: the chip's microsecond stands for a millisecond of speech


def core_load(rate: Hertz, n_neurons: int, duration: Seconds, acceleration: float) -> CoreLoad:
    """`n_neurons` neurons at one rate (Hz); for measured rates give `CoreLoad` an array `(neuron,)`.

    Raises: InputError for no neuron or too many, or a rate, duration or acceleration that is not positive and finite.
    """
    if not 1 <= n_neurons <= MOST_NEURONS:
        raise InputError(f"neurons = {n_neurons}; a core has 1 to {MOST_NEURONS:,}")
    if not 0 < rate < float("inf"):
        raise InputError(f"rate = {rate:g} Hz; give the mean rate of a neuron, positive")
    return CoreLoad(np.full(n_neurons, float(rate)), duration, acceleration)


@dataclass(frozen=True, eq=False)
class Core:
    """A core to compare: the neuron, before it is brought to a speed, what it does, and its encoders."""

    circuit: LIFCircuit
    load: CoreLoad
    tau_mem: Seconds = SPEECH_TAU
    encoder_rates: np.ndarray | None = None  # (encoder,), Hz; None: `ENCODERS` that spike as often as the reservoir


def asked_core(
    rate: Hertz = 50.0,
    duration: Seconds = 1.0,
    neurons: int = RESERVOIR,
    acceleration: float = ACCELERATION,
    device: str = "32nm-pdsoi",
) -> Core:
    """The core of a named device under a load, see `core_load`."""
    return Core(neuron_circuit(device, None, 300.0), core_load(rate, neurons, duration, acceleration))


def run_core(run: Run) -> Core:
    """The core of a run: its circuit, and the mean rates of its neurons over its test clips, at their length and speed.

    Inputs that are spikes, not neurons, count as no encoders.
    Raises: FileNotFoundError or InputError where the run's activity is missing or damaged.
    """
    reservoir, recipe = require_kind(run, "reservoir").model.reservoir, run.recipe
    activity = load_activity(run.folder, reservoir.network)
    duration = activity.duration * reservoir.acceleration
    rates = {name: spikes / duration for name, spikes in activity.spikes.items()}
    has_encoders = reservoir.network.layers[0].kind == "encoder"
    return Core(
        recipe.neuron.circuit(),
        CoreLoad(rates[RESERVOIR_NAME], duration, reservoir.acceleration),
        middle(recipe.reservoir.tau_mem_s),
        rates[INPUT] if has_encoders else np.zeros(0),
    )


def core_tables(core: Core, scope: str = "neuron") -> tuple[CoreTable, ...]:
    """The load in real time, and at its own acceleration where that is another."""
    speeds = dict.fromkeys((1.0, core.load.acceleration))
    return tuple(
        core_table(core.circuit, core.tau_mem, replace(core.load, acceleration=speed), scope) for speed in speeds
    )

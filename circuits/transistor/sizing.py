"""Sizes of the neuron by search: the front of energy per spike, rate and area of cells that spike at the worst corners.

Generations of differential evolution, the first a Latin hypercube. Who stands where in a generation follows from the
seed and from the generations before it alone, so a search that is interrupted and resumed ends at the same front.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from circuits.device.btbt import bias_for_current
from circuits.errors import InputError, WorkError
from circuits.processes import n_threads
from circuits.storage import write_text
from circuits.tables import json_value
from circuits.transistor.bench import NOMINAL
from circuits.transistor.cards import Cards
from circuits.transistor.measure import measure
from circuits.transistor.schematic import NeuronCell, Size
from circuits.units import fF, nA, nm, pA, require
from circuits.variation.corners import CORNERS

BOUNDS: dict[str, tuple[float, float]] = {  # all searched on a logarithmic scale
    "v_dd": (0.35, 0.8),
    "input_current": (30 * pA, 3 * nA),
    "source_width": (90 * nm, 450 * nm),
    "comparator_length": (50 * nm, 300 * nm),
    "output_width": (90 * nm, 360 * nm),
    "reset_length": (50 * nm, 1000 * nm),
    "leak_width": (90 * nm, 360 * nm),
    "c_feedback": (0.1 * fF, 1 * fF),
}
WORST = ("TT_27C_100pct", "SS_n40C_90pct", "FF_125C_110pct", "SS_125C_90pct", "FF_n40C_110pct")
MUTATION, CROSSOVER = 0.6, 0.9  # as usual of differential evolution


@dataclass(frozen=True)
class Search:
    """How much is searched."""

    generations: int = 6
    population: int = 32
    seed: int = 0

    def __post_init__(self):
        require(self, "generations", self.generations > 0, "positive")
        require(self, "population", self.population >= 4, "at least 4: a mutant has three parents beside itself")
        require(self, "seed", self.seed >= 0, "zero or positive")


@dataclass(frozen=True)
class Trial:
    """One cell that was tried; where it is silent at one of `WORST`, `failed` names the corner and `why` the branch."""

    generation: int
    index: int
    genes: tuple[float, ...]  # values of `BOUNDS`, in their order
    area_m2: float
    energy_j: float | None = None
    rate_hz: float | None = None
    failed: str | None = None
    why: str | None = None


def sized(genes: Sequence[float]) -> NeuronCell:
    """The cell of a row of genes."""
    value = dict(zip(BOUNDS, genes, strict=True))
    plain, comparator = NeuronCell(), Size(length=value["comparator_length"])
    output, width = Size(width=value["output_width"]), value["source_width"]
    return NeuronCell(
        source_width=width, comparator_n=comparator, comparator_p=comparator, output_n=output, output_p=output,
        reset=Size(length=value["reset_length"]), leak=Size(width=value["leak_width"]),
        c_feedback=value["c_feedback"], v_dd=value["v_dd"],
        v_gate=float(bias_for_current(value["input_current"], plain.device, width)),
    )  # fmt: skip


def search(
    cards: Cards, file: str | Path, settings: Search | None = None, n_jobs: int | None = -1
) -> tuple[Trial, ...]:
    """All cells of a search, each written to `file` (JSON lines) as it is known; what is there is not tried again.

    Raises: InputError for a file of another search, or a damaged one; as `measure`.
    """
    settings, file = settings or Search(), Path(file)
    done = _resumed(file, {"search": asdict(settings), "cards": cards.name, "bounds": BOUNDS})
    trials: list[Trial] = []
    work = Parallel(n_threads(n_jobs, settings.population), backend="threading", return_as="generator")
    with file.open("a", encoding="utf-8") as lines:
        for generation in range(settings.generations):
            genes = _generation(settings, generation, trials)
            missing = [i for i in range(settings.population) if (generation, i) not in done]
            for trial in work(delayed(_try)(cards, generation, i, genes[i]) for i in missing):
                done[generation, trial.index] = trial
                lines.write(json.dumps(asdict(trial)) + "\n")
                lines.flush()
            trials += [done[generation, i] for i in range(settings.population)]
    return tuple(trials)


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Those that no other beats in energy, rate and area at once, by rising energy; a cell that fails is none."""
    alive = [trial for trial in trials if trial.failed is None]
    costs = np.array([_costs(trial) for trial in alive]).reshape(-1, 3)
    best = [trial for trial, cost in zip(alive, costs, strict=True) if not _beaten(cost, costs)]
    return tuple(sorted(best, key=lambda trial: trial.energy_j))


def _costs(trial: Trial) -> tuple[float, float, float]:
    return trial.energy_j, -trial.rate_hz, trial.area_m2


def _beaten(cost: np.ndarray, costs: np.ndarray) -> bool:
    return bool(np.any(np.all(costs <= cost, axis=1) & np.any(costs < cost, axis=1)))


def _try(cards: Cards, generation: int, index: int, genes: np.ndarray) -> Trial:
    """Measure a cell at the worst corners, the nominal one first, until it fails at one."""
    cell, by_name, nominal = sized(genes), {corner.name: corner for corner in CORNERS}, None
    where = {"generation": generation, "index": index, "genes": tuple(map(float, genes)), "area_m2": cell.area}
    for name in WORST:
        try:
            figures = measure(cell, cards, by_name[name])
        except WorkError as error:  # the simulator does not converge
            return Trial(**where, failed=name, why=str(error))
        if not figures.spikes:
            return Trial(**where, failed=name, why=figures.held.text)
        nominal = figures if name == NOMINAL.name else nominal
    return Trial(**where, energy_j=nominal.energy.total, rate_hz=nominal.rate)


def _generation(settings: Search, generation: int, before: Sequence[Trial]) -> np.ndarray:
    """Genes `(population, gene)` of a generation, from all trials before it."""
    low, high = np.log(np.array(list(BOUNDS.values()))).T
    if generation == 0:
        return np.exp(low + _hypercube(settings) * (high - low))
    parents, rng = _parents(before, settings.population), np.random.default_rng([settings.seed, generation])
    children = []
    for i, own in enumerate(parents):
        a, b, c = parents[rng.choice(np.delete(np.arange(len(parents)), i), 3, replace=False)]
        child = np.where(rng.random(len(own)) < CROSSOVER, a + MUTATION * (b - c), own)
        children.append(np.clip(child, low, high))
    return np.exp(children)


def _hypercube(settings: Search) -> np.ndarray:
    """Points of the unit cube `(population, gene)`, one in each of `population` equal slices of every axis."""
    rng, n = np.random.default_rng(settings.seed), settings.population
    slices = rng.permuted(np.tile(np.arange(n)[:, None], (1, len(BOUNDS))), axis=0)
    return (slices + rng.random(slices.shape)) / n


def _parents(trials: Sequence[Trial], n: int) -> np.ndarray:
    """Logarithms of the genes of the `n` best: fronts from the outermost inwards, then the failed by their age."""
    alive, chosen = [trial for trial in trials if trial.failed is None], []
    while alive and len(chosen) < n:
        outer = front(alive)
        chosen += outer
        alive = [trial for trial in alive if trial not in outer]
    chosen += [trial for trial in trials if trial.failed is not None]
    return np.log([trial.genes for trial in chosen[:n]])


def _resumed(file: Path, head: Mapping[str, Any]) -> dict[tuple[int, int], Trial]:
    """Trials of a file by generation and index; a new file is begun with `head`. A line without an end is cut off."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    lines = whole.splitlines()
    if not lines:
        write_text(file, json.dumps(head) + "\n")
        return {}
    if json_value(lines[0], f"{file}, line 1") != json.loads(json.dumps(head)):
        raise InputError(f"{file} is of another search (settings, bounds or cards differ); name a new file")
    if whole != text:
        write_text(file, whole)
    return {(trial.generation, trial.index): trial for trial in _trials(file, lines[1:])}


def _trials(file: Path, lines: Sequence[str]) -> Iterator[Trial]:
    for number, line in enumerate(lines, 2):
        row = json_value(line, f"{file}, line {number}")
        try:
            trial = Trial(**row | {"genes": tuple(row["genes"])})
            if len(trial.genes) != len(BOUNDS) or not all(math.isfinite(gene) for gene in trial.genes):
                raise ValueError("genes")
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"{file}, line {number} is no trial of a search ({error}); name a new file") from error
        yield trial

"""The neuron from transistors: where it is asked for, at all corners, and the circuit that behaves like it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from circuits.device.device_file import load_device
from circuits.errors import InputError
from circuits.transistor.behavioural import Calibration, calibrate
from circuits.transistor.bench import Waves, simulate
from circuits.transistor.cards import Cards, find_cards
from circuits.transistor.corner_run import run_corners
from circuits.transistor.measure import NeuronFigures, measure, standby
from circuits.transistor.schematic import NeuronCell
from circuits.units import Kelvin, Volts, Watts
from circuits.variation.corners import Corner

LEVELS = ("behavioural", "transistor")
SHOWN_PERIODS = 2.5


@dataclass(frozen=True)
class TransistorStudy:
    """A cell, what it does where it was asked for, at each corner, and the behavioural circuit fitted to it.

    `calibration` is None for a neuron that does not spike there.
    """

    cell: NeuronCell
    cards: Cards
    figures: NeuronFigures
    corners: tuple[NeuronFigures, ...]
    standby_power: Watts
    fires_alone: bool
    calibration: Calibration | None


def require_level(level: str, others: Mapping[str, Any], cards: str | Path | None) -> None:
    """Raises: InputError for an unknown level, or for options that only the other one has."""
    if level not in LEVELS:
        raise InputError(f"--level {level}: there are {' and '.join(LEVELS)}")
    if level == "behavioural" and cards:
        raise InputError(f"--cards {cards}: of the neuron from transistors only; add --level transistor")
    if level == "transistor" and (given := [f"--{name}" for name, value in others.items() if value]):
        raise InputError(f"{', '.join(given)} with --level transistor: of the behavioural neuron only; leave one out")


def study_transistors(
    device: str,
    v_gs: Volts | None,
    temperature: Kelvin,
    supply: Volts | None,
    folder: str | Path | None,
    n_jobs: int = -1,
) -> TransistorStudy:
    """Simulate the cell with a device and gate bias (None: the cell's) at a temperature and V_DD, and at all corners.

    Raises: InputError for what a cell cannot have, and for missing cards; WorkError where ngspice fails.
    """
    cards, cell = find_cards(folder), NeuronCell(device=load_device(device))
    cell = cell if v_gs is None else replace(cell, v_gate=v_gs)
    here = Corner("asked", "TT", 1.0 if supply is None else supply / cell.v_dd, temperature)
    figures = measure(cell, cards, here)
    power, alone = standby(cell, cards, here)
    calibration = calibrate(cell, cards, here, n_jobs) if figures.spikes else None
    return TransistorStudy(cell, cards, figures, run_corners(cell, cards, n_jobs=n_jobs), power, alone, calibration)


def waves_of(study: TransistorStudy) -> Waves:
    """A few periods of the cell where it was asked for; of one that does not spike as much time as its charge takes."""
    figures = study.figures
    period = 1 / figures.rate if figures.rate else 10 * study.cell.spike_charge / figures.input_current
    return simulate(study.cell, study.cards, figures.corner, SHOWN_PERIODS * period)

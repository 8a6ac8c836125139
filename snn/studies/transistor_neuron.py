"""The neuron from transistors: where it is asked for, at all corners, and the circuit that behaves like it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from circuits.device.device_file import load_device
from circuits.errors import InputError
from circuits.netlist.handover import Handover
from circuits.network.chip_network import ChipNetwork
from circuits.transistor.behavioural import Calibration, calibrate
from circuits.transistor.bench import Waves, simulate
from circuits.transistor.cards import Cards, find_cards
from circuits.transistor.corner_run import run_corners
from circuits.transistor.lib_file import transistor_handover
from circuits.transistor.measure import NeuronFigures, measure, standby
from circuits.transistor.payoff import Payoff, payoff
from circuits.transistor.schematic import NeuronCell, cell_with
from circuits.transistor.sources import MismatchDraws, SourceRow, compare_sources
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


@dataclass(frozen=True)
class SourceStudy:
    """A cell with its tunnelling source and with a sub-threshold one, and what follows."""

    cell: NeuronCell
    cards: Cards
    draws: MismatchDraws
    rows: tuple[SourceRow, SourceRow]
    payoff: Payoff


def require_level(level: str, of_behaviour: Mapping[str, Any], of_transistors: Mapping[str, Any]) -> None:
    """Raises: InputError for an unknown level, or for options that only the other one has."""
    if level not in LEVELS:
        raise InputError(f"--level {level}: there are {' and '.join(LEVELS)}")
    wrong = of_behaviour if level == "transistor" else of_transistors
    if not (given := ", ".join(f"--{name}" for name, value in wrong.items() if value not in (None, False, 0))):
        return
    if level == "behavioural":
        raise InputError(f"{given}: of the neuron from transistors only; add --level transistor")
    raise InputError(f"{given} with --level transistor: of the behavioural neuron only; leave one out")


def require_one_study(sources: bool, network: bool, draws: int | None, others: Mapping[str, Any]) -> None:
    """Raises: InputError for two studies at once, and for options that the one asked for does not have."""
    if sources and network:
        raise InputError("--sources and --network: one at a time")
    if draws is not None and not sources:
        raise InputError(f"--draws {draws}: neurons drawn to compare sources; add --sources")
    if (sources or network) and (given := [f"--{name}" for name, value in others.items() if value is not None]):
        asked = "--sources" if sources else "--network"
        raise InputError(f"{', '.join(given)} with {asked}: not of this study; leave it out")


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
    cards, cell = find_cards(folder), cell_of(device, v_gs)
    here = Corner("asked", "TT", 1.0 if supply is None else supply / cell.v_dd, temperature)
    figures = measure(cell, cards, here)
    power, alone = standby(cell, cards, here)
    calibration = calibrate(cell, cards, here, n_jobs) if figures.spikes else None
    return TransistorStudy(cell, cards, figures, run_corners(cell, cards, n_jobs=n_jobs), power, alone, calibration)


def study_sources(
    device: str, v_gs: Volts | None, folder: str | Path | None, draws: int | None, n_jobs: int = -1
) -> SourceStudy:
    """Compare sources of current in the cell, with so many draws for the mismatch (None: the default).

    Raises: as `compare_sources`.
    """
    cards, cell = find_cards(folder), cell_of(device, v_gs)
    drawn = MismatchDraws() if draws is None else MismatchDraws(n=draws)
    rows = compare_sources(cell, cards, drawn, n_jobs)
    return SourceStudy(cell, cards, drawn, rows, payoff(*rows))


def export_transistors(chip: ChipNetwork, folder: str | Path | None) -> Handover:
    """The hand-over of the neuron in transistors, its source the device of a chip.

    Raises: InputError for a device that the cell cannot have, and for missing cards; as `transistor_handover`.
    """
    return transistor_handover(cell_with(chip.circuit.device), find_cards(folder))


def cell_of(device: str, v_gs: Volts | None = None) -> NeuronCell:
    """The cell with a device and a gate bias (V; None: that of the default's current).

    Raises: InputError for what it cannot have.
    """
    cell = cell_with(load_device(device))
    return cell if v_gs is None else replace(cell, v_gate=v_gs)


def waves_of(study: TransistorStudy) -> Waves:
    """A few periods of the cell where it was asked for; of one that does not spike as much time as its charge takes."""
    figures = study.figures
    period = 1 / figures.rate if figures.rate else 10 * study.cell.spike_charge / figures.input_current
    return simulate(study.cell, study.cards, figures.corner, SHOWN_PERIODS * period)

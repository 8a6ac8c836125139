"""Our spotter as published ones are told: energy of a decision and mean power, network alone and with its front end."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from circuits.chips import load_chip
from circuits.chips.energy_report import EnergyReport
from circuits.chips.front_end_ledger import FILTER_BANK, Sensed, boundary_with_front_end
from circuits.energy.boundary import CLASSIFIER
from circuits.energy.core import core_energy
from circuits.literature.core_table import core_table
from circuits.literature.spotter_table import COMPUTED, SpotterRow
from circuits.units import Joules, si
from snn.experiments.run_folder import Run, load_activity, load_run
from snn.studies.one_core import ENCODERS, asked_core

CHIP = "btbt-45rfsoi"


def own_spotter(folder: str | Path | None) -> tuple[SpotterRow, ...]:
    """That of a run's folder, or else the core of `snn core`. Raises: as `load_run` and `spotter_of_run`."""
    return spotter_of_run(load_run(folder)) if folder else spotter_of_core()


def spotter_of_run(run: Run) -> tuple[SpotterRow, ...]:
    """A trained run on its chip, as `snn map` prices it and with the accuracy on its test clips.

    Raises: FileNotFoundError or InputError where the run's activity is missing or damaged; MappingError.
    """
    trained, activity = run.chip(), load_activity(run.folder, run.network())
    chip, sensed = load_chip(CHIP, trained), run.model.sensed(activity)
    report = chip.price(trained.network, activity, chip.place(trained.network, activity), sensed)
    one = SpotterRow(
        name=f"{run.recipe.name} on {chip.name}",
        boundary=CLASSIFIER,
        evidence=COMPUTED,
        energy_per_decision_j=report.ledger.total,
        power_w=report.ledger.total / sensed.duration,
        accuracy=run.metrics and run.metrics.test_accuracy,
        task=f"{Path(run.data).name}, {len(run.labels)} classes",
        technology=chip.title,
        source=str(run.folder),
        note=f"{_speed(report)}a lower bound, without {', '.join(report.ledger.not_modelled)}",
    )
    return (one,) if report.with_front_end is None else (one, _behind(one, report.with_front_end, sensed))


def _speed(report: EnergyReport) -> str:
    """How fast it runs, and what it costs in real time, as `spotter_of_core` says it of a core."""
    if report.real_time is None or report.acceleration == 1:
        return ""
    slow = si(report.real_time.ledger.total, "J")
    return f"sped up {report.acceleration:g} times, then switched off ({slow} in real time); "


def spotter_of_core() -> tuple[SpotterRow, ...]:
    """The default core as `snn core` has it, sped up and then switched off, its 20 inputs heard through a filter bank.

    Neurons alone, without synapses; nothing was trained, so it has no accuracy.
    """
    core, chip = asked_core(), load_chip(CHIP)
    load = replace(core.load, rates=np.append(core.load.rates, np.full(ENCODERS, core.load.rates.mean())))
    fast, slow = (
        core_energy(core_table(core.circuit, core.tau_mem, at_speed).ours.neuron, at_speed).total
        for at_speed in (load, replace(load, acceleration=1.0))
    )
    sensed = Sensed(FILTER_BANK, ENCODERS, load.duration)
    one = SpotterRow(
        name=chip.name,
        boundary=CLASSIFIER,
        evidence=COMPUTED,
        energy_per_decision_j=fast,
        power_w=fast / load.duration,
        accuracy=None,
        task=f"none, not trained: {load.rates.size} neurons at {si(float(load.rates.mean()), 'Hz')} for "
        f"{si(load.duration, 's')}",
        technology=chip.title,
        note=f"not trained, neurons alone, sped up {load.acceleration:g} times ({si(slow, 'J')} in real time); "
        "--run RUN takes a trained one",
    )
    return one, _behind(one, fast + chip.front_end.ledger(sensed).total, sensed)


def _behind(one: SpotterRow, energy: Joules, sensed: Sensed) -> SpotterRow:
    """The same behind its front end, which listens in real time."""
    boundary = boundary_with_front_end(sensed)
    return replace(one, boundary=boundary, energy_per_decision_j=energy, power_w=energy / sensed.duration)

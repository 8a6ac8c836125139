"""Our spotter as published ones are told: energy of a decision and mean power, network alone and with its front end."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from circuits.chips import load_chip
from circuits.chips.front_end_ledger import FILTER_BANK, Sensed, boundary_with_front_end
from circuits.energy.boundary import CLASSIFIER
from circuits.energy.core import core_energy
from circuits.literature.core_table import core_table
from circuits.literature.spotter_table import COMPUTED, SpotterRow
from circuits.units import Joules, Seconds, si
from snn.experiments.run_folder import Run, load_activity
from snn.studies.one_core import ENCODERS, asked_core

CHIP = "btbt-45rfsoi"


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
        energy_per_decision_j=report.ledger.total,
        power_w=None,
        accuracy=run.metrics and run.metrics.test_accuracy,
        evidence=COMPUTED,
        task=f"{Path(run.data).name}, {len(run.labels)} classes",
        technology=chip.title,
        source=str(run.folder),
        note=f"a lower bound, without {', '.join(report.ledger.not_modelled)}",
    )
    if sensed is None:
        return (one,)
    return _at_both(one, report.with_front_end, sensed)


def spotter_of_core() -> tuple[SpotterRow, ...]:
    """The default core as `snn core` has it, sped up and then switched off, its 20 inputs sensed through a filter bank.

    Neurons alone, without synapses; nothing was trained, so it has no accuracy.
    """
    core = asked_core()
    load, chip = core.load, load_chip(CHIP)
    rates = np.append(load.rates, np.full(ENCODERS, load.rates.mean()))
    fast, slow = (
        core_energy(core_table(core.circuit, core.tau_mem, speed).ours.neuron, replace(speed, rates=rates)).total
        for speed in (load, replace(load, acceleration=1.0))
    )
    sensed = Sensed(FILTER_BANK, ENCODERS, load.duration)
    one = SpotterRow(
        name=chip.name,
        boundary=CLASSIFIER,
        energy_per_decision_j=fast,
        power_w=None,
        accuracy=None,
        evidence=COMPUTED,
        task=f"none, not trained: {rates.size} neurons at {si(float(rates.mean()), 'Hz')} for {si(load.duration, 's')}",
        technology=chip.title,
        note=f"not trained, neurons alone, sped up {load.acceleration:g} times ({si(slow, 'J')} in real time); "
        "--run RUN takes a trained one",
    )
    return _at_both(one, fast + chip.front_end.ledger(sensed).total, sensed)


def _at_both(one: SpotterRow, with_front_end: Joules | None, sensed: Sensed) -> tuple[SpotterRow, ...]:
    """The row of the network alone, and that of network and front end; their power is over the real time sensed."""
    whole = replace(one, boundary=boundary_with_front_end(sensed), energy_per_decision_j=with_front_end)
    if with_front_end is None:
        whole = replace(whole, note=f"front end not modelled: no published figure for {sensed.features}")
    return tuple(replace(row, power_w=_power(row.energy_per_decision_j, sensed.duration)) for row in (one, whole))


def _power(energy: Joules | None, duration: Seconds) -> float | None:
    return None if energy is None else energy / duration

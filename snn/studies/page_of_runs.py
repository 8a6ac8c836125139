"""Runs on chips, collected for a page: each placed and priced as `snn map` does; what does not fit says why."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.chips import Chip, load_chip
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_sources import ChipSources
from circuits.chips.inference_report import InferenceReport
from circuits.energy.boundary import CLASSIFIER
from circuits.errors import InputError
from circuits.literature.compare import compare
from circuits.literature.field_of_chips import load_field
from circuits.mapping.limits import MappingError
from circuits.network.activity import Activity
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.energy_terms import spike_energy
from circuits.units import Seconds
from snn.experiments.evaluate import clips_to_test, evaluate
from snn.experiments.metrics import versions
from snn.experiments.run_folder import Run, load_activity, load_run
from snn.reporter import Reporter
from snn.studies.accuracy_on_chip import AccuracyOf, ChipAccuracy
from snn.studies.chip_in_field import point_of_report
from snn.studies.evaluate_on_silicon import Pieces
from snn.studies.page_records import (
    ChipField,
    ChipSheet,
    NeuronField,
    Page,
    Priced,
    RunSheet,
    Silicon,
    TestClips,
)
from snn.studies.spikes_of_clip import spikes_of_clip
from snn.studies.units_held import units_held
from snn.torch_device import choose_device

NOT_ASKED = "not evaluated on this chip; --evaluate asks for it"
NO_WAY = "not evaluated: this page evaluates no chip of this technology, see `snn evaluate --help`"
AS_NEW = Pieces()
NO_CLIPS = "left out as asked (--no-clips)"


def page_of_runs(
    folders: Sequence[str | Path],
    chips: Sequence[str],
    *,
    clips: bool = True,
    accuracy: AccuracyOf | None = None,
    asked: Pieces = AS_NEW,
    reporter: Reporter = Reporter(),
) -> Page:
    """Every run on every chip. clips: read the test clips of each run, for its confusion and the spikes of one.

    accuracy: what evaluates a run on a chip; None: nothing, which takes no time.
    Raises: InputError or FileNotFoundError for what is no run or no chip, before any work.
    """
    technologies = [load_chip(chip) for chip in chips]
    runs = [load_run(folder) for folder in folders]
    points, sheets = [], []
    for run in runs:
        sheet, ours = _sheet(run, chips, accuracy, asked, reporter)
        found, why = _on_clips(run, reporter) if clips else (None, NO_CLIPS)
        sheets.append(replace(sheet, clips=found, clips_why=why))
        points += ours
    own, assumptions = spike_energy(LIFCircuit()), _neuron_sources()
    return Page(
        runs=tuple(sheets),
        chips=tuple(ChipSources(t.name, t.title, "", dict(getattr(t, "sources", {}))) for t in technologies),
        neurons=NeuronField(own.total, assumptions, compare(own.total)),
        field=ChipField(load_field(), tuple(points)),
        versions=versions(),
    )


def _neuron_sources() -> tuple[str, ...]:
    """Part and source of each term of our bare neuron's spike."""
    return tuple(dict.fromkeys(f"{entry.name}: {entry.source}" for entry in spike_energy(LIFCircuit()).entries))


def _sheet(
    run: Run, chips: Sequence[str], accuracy: AccuracyOf | None, asked: Pieces, reporter: Reporter
) -> tuple[RunSheet, list[Any]]:
    """The run on all chips, and its places in the field of chips."""
    network, metrics = run.network(), run.metrics
    activity, why = _activity(run)
    sheets, points = [], []
    for number, chip in enumerate(chips):
        sheet, point = _on_chip(run, chip, activity, why)
        found, reason = _accuracy(run, chip, sheet, accuracy, asked, reporter)
        sheets.append(replace(sheet, accuracy=found, accuracy_why=reason))
        points += [point] * (point is not None)
        reporter.on_stage(f"chips for {run.folder}", number + 1, len(chips))
    spiking = any(layer.spiking for layer in network.layers)
    sheet = RunSheet(
        name=run.recipe.name,
        title=run.recipe.title,
        kind=run.recipe.kind,
        folder=str(run.folder),
        data=run.data,
        labels=run.labels,
        test_accuracy=metrics and metrics.test_accuracy,
        n_test=metrics and metrics.n_test,
        seed=metrics and metrics.seed,
        n_parameters=network.n_parameters,
        n_neurons=network.n_neurons,
        spikes_per_inference=activity.spikes_per_inference if spiking and activity else None,
        activity_why=why,
        clips=None,
        clips_why="",
        chips=tuple(sheets),
    )
    return sheet, points


def _activity(run: Run) -> tuple[Activity | None, str]:
    """What energy is charged for, or why it is not there."""
    try:
        return load_activity(run.folder, run.network()), ""
    except (InputError, OSError) as error:
        return None, str(error)


def _on_chip(run: Run, chip: str, activity: Activity | None, why: str) -> tuple[ChipSheet, Any]:
    """The run priced on one chip, and its place in the field; or why not."""
    network = run.network()
    technology = load_chip(chip, run.model.chip())
    empty = ChipSheet(technology.name, technology.title, None)
    try:
        if broken := technology.check(network):
            return replace(empty, broken=tuple(broken)), None
        if activity is None:
            return replace(empty, why=why), None
        placement = technology.place(network, activity)
        sensed = run.model.sensed(activity)
        report = technology.price(network, activity, placement, sensed)
        priced = _priced(technology, placement, report, activity.duration if sensed is None else sensed.duration)
    except MappingError as error:
        return replace(empty, broken=error.broken), None
    except InputError as error:
        return replace(empty, why=str(error)), None
    point = None
    with suppress(InputError):  # no operation, so no performance
        point = point_of_report(report, f"{run.recipe.name} on {technology.name}")
    return replace(empty, priced=priced), point


def _priced(technology: Chip[Any], placement: object, report: InferenceReport, lasts: Seconds) -> Priced:
    """lasts: the signal, in real time."""
    told = report.as_dict()
    counts = {name: None if n is None else float(n) for name, n in report.counts.items()}
    spikes = counts.get("spikes")
    return Priced(
        total_j=float(report.ledger.total),
        boundary=CLASSIFIER,
        silicon_boundary=report.silicon_boundary,
        covers=report.covers,
        parts_j={name: float(energy) for name, energy in report.ledger.parts.items()},
        rows=tuple(report.ledger.by("part").rows()),
        not_modelled=tuple(report.ledger.not_modelled),
        with_front_end_j=told.get("total_with_front_end_j"),
        boundary_with_front_end=told.get("boundary_with_front_end"),
        latency_s=report.latency_s,
        in_real_time=bool(np.isclose(report.latency_s, lasts, rtol=1e-6, atol=0.0)),
        counts=counts,
        operations_per_j=told.get("operations_per_j"),
        operations_per_mac=told.get("operations_per_mac"),
        operations_counted=told.get("operations_counted"),
        energy_per_spike_j=report.ledger.total / spikes if spikes else None,
        silicon=_silicon(technology.area(placement), told.get("die") or {}),
        holdings=units_held(technology, placement, told),
        notes=tuple(report.notes),
    )


def _silicon(area: ChipArea, die: dict[str, Any]) -> Silicon:
    parts = {name: float(size) for name, size in area.parts_m2.items()}
    total = None if area.total is None else float(area.total)
    return Silicon(total, parts, tuple(area.not_modelled), die.get("cost_usd"), die.get("good_dies"))


def _accuracy(
    run: Run, chip: str, sheet: ChipSheet, accuracy: AccuracyOf | None, asked: Pieces, reporter: Reporter
) -> tuple[ChipAccuracy | None, str]:
    """On the silicon of a chip, or why there is none."""
    if sheet.broken:
        return None, "does not fit"
    if accuracy is None:
        return None, NOT_ASKED
    try:
        found = accuracy(run, chip, asked, reporter)
    except (InputError, OSError) as error:
        return None, str(error)
    return found, "" if found else NO_WAY


def _on_clips(run: Run, reporter: Reporter) -> tuple[TestClips | None, str]:
    """Confusion on the run's own test clips and the spikes of the first one, or why they cannot be had."""
    try:
        examples = clips_to_test(run, None, None, reporter)
        found = evaluate(run.model.to(choose_device("cpu")), examples, reporter=reporter)
        spikes = spikes_of_clip(run.model, examples)
    except (InputError, OSError) as error:
        return None, str(error)
    confusion = tuple(tuple(int(n) for n in row) for row in np.asarray(found.confusion))
    return TestClips(found.accuracy, confusion, spikes), ""

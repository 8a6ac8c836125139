"""A run on a chip as a place in the field of chips: operations per second of its inference, and its power meanwhile."""

from pathlib import Path

from circuits.chips import load_chip
from circuits.chips.inference_report import InferenceReport
from circuits.errors import InputError
from circuits.literature.field_of_chips import MAC, NORMAL, SYNAPTIC, FieldPoint
from snn.experiments.run_folder import load_activity, load_run


def point_of_run(folder: str | Path, chip: str) -> FieldPoint:
    """A run priced as `snn map` does. Raises: as `load_run`, `load_chip` and `point_of_report`; MappingError."""
    load_chip(chip)  # a name that is not known is refused before the run is read
    run = load_run(folder)
    network, trained = run.network(), run.model.chip()
    activity = load_activity(run.folder, network)
    technology = load_chip(chip, trained)
    report = technology.price(network, activity, technology.place(network, activity))
    return point_of_report(report, f"{run.recipe.name} on {technology.name}")


def point_of_report(report: InferenceReport, name: str) -> FieldPoint:
    """Operations of an inference over its latency, and its energy over its latency, at the report's own boundary.

    A MAC counts as two operations, a synaptic operation as one. Raises: InputError for an inference without either.
    """
    counts = report.counts
    macs = counts.get("active_macs", counts.get("macs"))
    operation, n = (MAC, NORMAL * macs) if macs else (SYNAPTIC, counts.get("synaptic_operations", 0.0))
    if not n:
        raise InputError(f"{name}: no synapse had a spike to carry, so it has no performance; train again or map it")
    return FieldPoint(
        name,
        report.silicon_boundary,
        operation,
        n / report.latency_s,
        report.ledger.total / report.latency_s,
    )

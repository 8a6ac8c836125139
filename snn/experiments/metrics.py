"""What metrics.json tells of an experiment: one record, with what each kind of model adds."""

from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from circuits.errors import InputError
from circuits.storage import reading
from circuits.tables import DAMAGED, MOST_JSON, json_value, text_of
from snn.experiments.detection import DetectionRates
from snn.networks.activity_statistics import ActivityStatistics
from snn.settings import Amount, Count, Share, record
from snn.training.learning_metrics import EpropMetrics, OnlineMetrics, PlasticityMetrics

Kind = TypeVar("Kind", bound="Metrics")


def versions() -> dict[str, str]:
    """Of what decides on the numbers."""
    return {name: version(name) for name in ("tunnelspike", "torch", "numpy")}


@record
class Metrics:
    """What was trained on what, and how good it is; every field is a key of the file, one without value is left out."""

    recipe: str
    data: str
    split: str
    split_rule: str
    test_accuracy: Share
    validation_accuracy: Share
    n_train: Count
    n_validation: Count
    n_test: Count
    spikes_per_inference: Amount
    seed: Count
    versions: dict[str, str]
    seconds: Amount
    by_snr: tuple[DetectionRates, ...] = ()  # of voice activity

    def as_dict(self) -> dict[str, Any]:
        """What the file and `snn train --json` hold."""
        return _plain(self)


@record
class SpotterMetrics(Metrics):
    """What there is to tell of a spotter besides."""

    n_parameters: Count
    best_epoch: Count
    epochs: Count
    synaptic_operations: Amount


@record
class ConventionalMetrics(Metrics):
    """What there is to tell of a conventional network besides."""

    n_parameters: Count
    best_epoch: Count
    epochs: Count
    macs: Count  # multiply-accumulates of one inference


@record
class ReservoirMetrics(Metrics):
    """What there is to tell of a reservoir besides; energies are of one clip."""

    n_cut: Count  # clips longer than the ear listens
    online: OnlineMetrics
    baselines: dict[str, Share]  # test accuracy without the reservoir, and of its total counts
    n_input: Count
    n_reservoir: Count
    n_synapses: Count  # those that learning silenced included
    input_activity: ActivityStatistics
    reservoir_activity: ActivityStatistics
    memory_s: Amount | None
    energy_j: dict[str, Amount]
    energy_per_inference_j: Amount
    energy_per_spike_j: Amount | None
    plasticity: PlasticityMetrics | None = None
    eprop: EpropMetrics | None = None


def read_metrics(path: str | Path, kind: type[Kind]) -> Kind | None:
    """The metrics of a run, of one kind; None for one that has not finished. Raises: InputError for a damaged file."""
    with reading(path):
        if not Path(path).exists():
            return None
        text = text_of(path, MOST_JSON)
        json_value(text, path)  # raises for what JSON allows and no record has
        try:
            return TypeAdapter(kind).validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{path} is damaged ({where}: {first['msg']}){DAMAGED}") from error


def _plain(value: Any) -> Any:
    """Records as tables, all the way down; a field that is at its default says nothing."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if not is_dataclass(value):
        return value
    table = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
    return {name: _plain(item) for name, (item, default) in table.items() if item != default}

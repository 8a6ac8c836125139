"""A run folder: config.toml, model.safetensors, history.csv, metrics.json, activity; a checkpoint while training."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tomli_w
import torch

from circuits.errors import InputError, MissingInputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.storage import reading, write_json, write_text
from circuits.tables import DAMAGED, read_toml, record
from circuits.units import require
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.identity import corpus_identity, read_identity
from snn.data.corpora.open_corpus import data_folder
from snn.experiments.history import HISTORY
from snn.experiments.kinds import experiment_of
from snn.experiments.metrics import Metrics
from snn.experiments.model import Model
from snn.folder_lock import writing
from snn.recipes.reader import to_table
from snn.recipes.recipe import Recipe, recipe_of_table
from snn.tensors import load_tensors, save_tensors
from snn.training.checkpoint import CHECKPOINT

CONFIG, MODEL, METRICS, ACTIVITY = "config.toml", "model.safetensors", "metrics.json", "activity.safetensors"
DATA = "data.json"  # what it was trained on: labels, splits, names and contents of the files
RUN_FILES = (CONFIG, DATA, MODEL, HISTORY, METRICS, ACTIVITY, CHECKPOINT)


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model and how it came about. `data` is the data set's name or folder."""

    folder: Path
    recipe: Recipe
    data: str
    sample_rate: int | float
    model: Model
    metrics: Metrics | None  # None until the run has finished

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.labels

    def network(self) -> NetworkSpec:
        """The network as plain data: a spotter's in the time of the speech, a reservoir's in its own."""
        return self.model.network()

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for. Raises: InputError for one of values, without spikes."""
        if (chip := self.model.chip()) is None:
            raise InputError(
                f"{self.folder} holds a {self.recipe.name!r} {self.recipe.kind} network, which has no circuit of "
                "neurons: take the run of a spotter or a reservoir"
            )
        return chip


def holds_run(folder: str | Path) -> bool:
    """Whether a run, finished or not, lies in the folder; what says on which data one was to begin is none yet."""
    folder = Path(folder)
    found = [name for name in RUN_FILES if (folder / name).exists()]
    return bool(found) and not (found == [DATA] and _is_identity(folder / DATA))


def _is_identity(path: Path) -> bool:
    """Whether we wrote it, and not somebody who calls a file the same."""
    try:
        read_identity(path)
    except InputError:
        return False
    return True


def require_folder(out: str | Path, resume: bool, overwrite: bool) -> None:
    """Raises: InputError if `out` cannot take the run, or holds none to resume."""
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; give a folder as --out")
    if resume and not holds_run(out):
        raise InputError(f"{out} holds no run to resume; check --out, or leave out --resume")
    if holds_run(out) and not (resume or overwrite):
        raise InputError(f"{out} holds a run already; add --resume or --overwrite, or give another --out")


def require_no_run_file(path: str | Path) -> None:
    """Raises: InputError for a file of a run that lies there, by whatever link: only its training writes it."""
    real = Path(os.path.realpath(path))
    if real.name in RUN_FILES and holds_run(real.parent):
        raise InputError(f"{path} is a file of the run in {real.parent}: give another place")


def require_apart(out: str | Path, data: str | Path) -> None:
    """Raises: InputError for a run inside its own data: its files would count as recordings the next time."""
    folder = data_folder(data)
    if Path(os.path.realpath(out)).is_relative_to(os.path.realpath(folder)):
        raise InputError(
            f"{out} lies in the data, {folder}: the files of the run would count as recordings the next time; "
            f"give an --out elsewhere"
        )


def clear_run(out: str | Path) -> None:
    """Remove the files of a run, the metrics first, by which it has finished."""
    out = Path(out)
    for name in sorted(RUN_FILES, key=lambda name: name != METRICS):
        (out / name).unlink(missing_ok=True)


def write_config(
    folder: str | Path, recipe: Recipe, data: str, labels: tuple[str, ...], sample_rate: int | float
) -> None:
    """Write config.toml: the recipe as run, and under `[run]` the data, labels and sample rate it ran on."""
    folder = Path(folder)
    table = to_table(recipe)
    table["run"] = {"data": data, "labels": list(labels), "sample_rate": sample_rate}
    write_text(folder / CONFIG, tomli_w.dumps(table))


def read_config(folder: str | Path) -> tuple[Recipe, str, tuple[str, ...], int | float]:
    """Recipe, data, labels and sample rate of a run. Raises: FileNotFoundError, InputError (RecipeError)."""
    path = Path(folder) / CONFIG
    with reading(path):
        if not path.exists():
            raise MissingInputError(f"{path} is missing: {folder} is not a run folder; give the --out of `snn train`")
        table = read_toml(path)
        run = table.pop("run", None)
        if not isinstance(run, dict):
            raise InputError(f"{path} is damaged: it has no [run]{DAMAGED}")
        about = record(run, RunOf, f"[run] of {path}")
        return recipe_of_table(table, place=str(path)), about.data, about.labels, about.sample_rate


@dataclass(frozen=True)
class RunOf:
    """What a run was trained on, as `[run]` of config.toml has it; the sample rate of sound is a whole number."""

    data: str
    labels: tuple[str, ...]
    sample_rate: int | float

    def __post_init__(self):
        require(self, "data", bool(self.data), "the name or folder of the data")
        require(self, "labels", len(set(self.labels)) == len(self.labels) > 1, "at least 2, each once")
        require(self, "sample_rate", self.sample_rate > 0, "positive")


def require_same_experiment(out: str | Path, recipe: Recipe, data: str) -> None:
    """Raises: InputError if the run in `out` is of another recipe or data set."""
    started, place, _, _ = read_config(out)
    if (started, place) == (recipe, data):
        return
    old, new = _flat(to_table(started)) | {"--data": place}, _flat(to_table(recipe)) | {"--data": data}
    differ = (key for key in old | new if old.get(key) != new.get(key))
    changed = ", ".join(f"{key} = {new.get(key)}, was {old.get(key)}" for key in differ)
    raise InputError(f"{out} was started with other settings ({changed}); resume with the same ones, or --overwrite")


def own_test_differs(folder: str | Path, corpus: Corpus) -> tuple[str, ...]:
    """In what the test clips of a corpus are others than those that the run was tested on, a line each."""
    then = read_identity(Path(folder) / DATA)
    then = replace(then, parts=tuple(part for part in then.parts if part.split == "test"))
    return then.differences(corpus_identity(replace(corpus, clips=corpus.split("test"))))


def _flat(table: dict[str, object]) -> dict[str, object]:
    """The keys of a recipe's table as `--set` names them."""
    parts = ({f"{key}.{name}": item for name, item in value.items()} if isinstance(value, dict) else {key: value}
             for key, value in table.items())  # fmt: skip
    return {key: value for part in parts for key, value in part.items()}


def require_own_test(folder: str | Path, corpus: Corpus) -> None:
    """Raise InputError, naming what differs, where the test clips are no longer those that the run was tested on."""
    if lines := own_test_differs(folder, corpus):
        raise InputError(
            f"the data of {folder} have changed since it was trained ({'; '.join(lines[:5])}): bring them back, or "
            f"give them as --data with --split all, to evaluate other recordings"
        )


def write_metrics(folder: str | Path, metrics: Metrics) -> None:
    """Write metrics.json, by which a run has finished."""
    folder = Path(folder)
    write_json(folder / METRICS, metrics.as_dict())


def save_activity(folder: str | Path, activity: Activity) -> None:
    """Write activity.safetensors: what the energy of an inference is charged for."""
    folder = Path(folder)
    tensors = {f"spikes.{name}": value for name, value in activity.spikes.items()}
    tensors |= {f"near_s.{name}": value for name, value in activity.near_threshold.items()}
    tensors |= {"input": activity.input_spikes, "charge": activity.encoder_charge}
    tensors = {name: torch.as_tensor(value) for name, value in tensors.items()}
    metadata = {"n_clips": activity.n_clips, "duration_s": activity.duration, "window": activity.window}
    save_tensors(folder / ACTIVITY, tensors, metadata)


def store_activity(folder: str | Path, activity: Activity) -> None:
    """`save_activity` into a run that lies there. Raises: FolderBusyError while it trains."""
    with writing(folder):
        save_activity(folder, activity)


def load_activity(folder: str | Path, network: NetworkSpec | None = None) -> Activity:
    """Read activity.safetensors, of that network if one is given. Raises: FileNotFoundError or InputError."""
    path = Path(folder) / ACTIVITY
    remedy = f"run `snn evaluate {folder}` to measure the activity"
    with reading(path):
        if not path.exists():
            raise MissingInputError(f"{path} is missing: {remedy}")
        tensors, metadata = load_tensors(path, remedy=f"; {remedy}")
        if "n_steps" in metadata:
            raise InputError(f"{path} counts steps, not seconds: an earlier version wrote it; {remedy}")
        about = record(metadata, ActivityOf, f"{path} is damaged; {remedy}: it")
        if wrong := [name for name, tensor in tensors.items() if tensor.dtype != torch.float64]:
            raise InputError(f"{path} is damaged: {wrong[0]} is {tensors[wrong[0]].dtype}, not float64; {remedy}")
        named = {name for name in tensors if name.partition(".")[0] in ("spikes", "near_s") and "." in name}
        if wrong := sorted({"input", "charge"} ^ (set(tensors) - named)):
            raise InputError(f"{path} is damaged: {wrong[0]} is missing, or too many; {remedy}")
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        spikes, near = _under(arrays, "spikes."), _under(arrays, "near_s.")
        inputs, charge = arrays["input"], arrays["charge"]
        activity = Activity(about.n_clips, about.duration_s, spikes, near, about.window, inputs, charge)
        if network is not None:
            activity.require_fits(network)
        return activity


@dataclass(frozen=True)
class ActivityOf:
    """The numbers beside the arrays of activity.safetensors."""

    n_clips: int
    duration_s: float
    window: float


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def load_run(folder: str | Path) -> Run:
    """Read a run folder. Raises: FileNotFoundError, or InputError naming the missing or damaged file."""
    folder = Path(folder)
    with reading(folder / CONFIG):  # a recipe may be wrong for these labels and this sample rate alone
        recipe, data, labels, sample_rate = read_config(folder)
        experiment = experiment_of(recipe, labels, sample_rate)
        metrics = experiment.read_metrics(folder / METRICS)
        return Run(folder, recipe, data, sample_rate, experiment.load(folder / MODEL), metrics)


def require_kind(run: Run, kind: str, otherwise: str = "") -> Run:
    """The run itself; `otherwise`: what to do with another kind. Raises: InputError if it is one."""
    if run.recipe.kind != kind:
        said = f"{run.folder} holds a {run.recipe.name!r} {run.recipe.kind}; this takes a {kind}"
        raise InputError(f"{said}: {otherwise}" if otherwise else said)
    return run


def finished_metrics(folder: str | Path) -> Metrics | None:
    """The metrics of a run that has finished; None for one that has not."""
    return load_run(folder).metrics if (Path(folder) / METRICS).is_file() else None

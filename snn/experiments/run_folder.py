"""A run folder: config.toml, model.safetensors, history.csv, metrics.json, activity; a checkpoint while training."""

import csv
import io
import json
import math
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch

from circuits.errors import InputError, MissingInputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.storage import write_json, write_text
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.identity import corpus_identity, read_identity
from snn.experiments.folder_lock import writing
from snn.experiments.reservoir_run import ReservoirRun, load_reservoir
from snn.networks.network_spec import chip_network
from snn.networks.spotter import Spotter
from snn.recipes.recipe import Recipe, parse_recipe
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.training.checkpoint import EpochRecord, load_tensors, save_tensors

DATA = "data.json"  # what it was trained on: labels, splits, names and contents of the files
RUN_FILES = (
    "config.toml",
    DATA,
    "model.safetensors",
    "history.csv",
    "metrics.json",
    "activity.safetensors",
    "checkpoint.safetensors",
)


@dataclass(frozen=True)
class Run:
    """A trained spotter and how it came about. `data` is the data set's name or folder."""

    folder: Path
    recipe: Recipe
    data: str
    labels: tuple[str, ...]
    sample_rate: int | float
    model: Spotter
    metrics: dict[str, Any]

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for, in the time of the speech."""
        return chip_network(self.model, self.labels)


def checkpoint_path(folder: str | Path) -> Path:
    folder = Path(folder)
    return folder / "checkpoint.safetensors"


def holds_run(folder: str | Path) -> bool:
    """Whether a run, finished or not, lies in the folder."""
    folder = Path(folder)
    return any((folder / name).exists() for name in RUN_FILES)


def require_folder(out: str | Path, resume: bool, overwrite: bool) -> None:
    """Raises: ValueError if `out` cannot take the run, or holds none to resume."""
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; give a folder as --out")
    if resume and not holds_run(out):
        raise InputError(f"{out} holds no run to resume; check --out, or leave out --resume")
    if holds_run(out) and not (resume or overwrite):
        raise InputError(f"{out} holds a run already; add --resume or --overwrite, or give another --out")


def clear_run(out: str | Path) -> None:
    """Remove the files of a run."""
    out = Path(out)
    for name in RUN_FILES:
        (out / name).unlink(missing_ok=True)


def write_config(
    folder: str | Path, recipe: Recipe | ReservoirRecipe, data: str, labels: tuple[str, ...], sample_rate: int | float
) -> None:
    """Write config.toml: the recipe as run, and under `[run]` the data, labels and sample rate it ran on."""
    folder = Path(folder)
    table = recipe.model_dump(mode="json", exclude_none=True)
    table["run"] = {"data": data, "labels": list(labels), "sample_rate": sample_rate}
    write_text(folder / "config.toml", tomli_w.dumps(table))


def read_config(folder: str | Path) -> tuple[Recipe | ReservoirRecipe, str, tuple[str, ...], int | float]:
    """Recipe, data, labels and sample rate of a run. Raises: FileNotFoundError, ValueError (RecipeError)."""
    folder = Path(folder)
    path = folder / "config.toml"
    if not path.is_file():
        raise MissingInputError(f"{path} is missing: {folder} is not a run folder; give the --out of `snn train`")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        run = table.pop("run")
        labels, sample_rate = tuple(map(str, run["labels"])), _rate(run["sample_rate"])
        recipe = parse_recipe(tomli_w.dumps(table), place=str(path))
        return recipe, str(run["data"]), labels, sample_rate
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error!r}); train again, or copy it back") from error


def _rate(value: object) -> int | float:
    """A sample rate; that of sound is a whole number. Raises: TypeError."""
    if not isinstance(value, int | float):
        raise TypeError(f"sample_rate is {value!r}, not a number")
    return value


def require_same_experiment(out: str | Path, recipe: Recipe | ReservoirRecipe, data: str) -> None:
    """Raises: ValueError if the run in `out` is of another recipe or data set."""
    started, place, _, _ = read_config(out)
    if (started, place) == (recipe, data):
        return
    old, new = started.model_dump() | {"--data": place}, recipe.model_dump() | {"--data": data}
    changed = ", ".join(key for key in old | new if old.get(key) != new.get(key))
    raise InputError(f"{out} was started with other settings ({changed}); resume with the same ones, or --overwrite")


def require_own_test(folder: str | Path, corpus: Corpus) -> None:
    """Raise ValueError, naming what differs, where the test clips are no longer those that the run was tested on."""
    then = read_identity(Path(folder) / DATA)
    then = replace(then, parts=tuple(part for part in then.parts if part.split == "test"))
    now = corpus_identity(replace(corpus, clips=corpus.split("test")))
    if lines := then.differences(now):
        raise InputError(
            f"the data of {folder} have changed since it was trained ({'; '.join(lines[:5])}): bring them back, or "
            f"give them as --data with --split all, to evaluate other recordings"
        )


def write_history(folder: str | Path, history: list[EpochRecord]) -> None:
    """Write history.csv, one row for each epoch."""
    folder = Path(folder)
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(record) for record in history)
    write_text(folder / "history.csv", text.getvalue())


def read_history(folder: str | Path) -> list[EpochRecord]:
    """The rows of history.csv. Raises: FileNotFoundError or ValueError."""
    folder = Path(folder)
    path = folder / "history.csv"
    if not path.is_file():
        raise MissingInputError(f"{path} is missing; train again, or copy it back")
    kinds = {field.name: int if field.name == "epoch" else float for field in fields(EpochRecord)}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [EpochRecord(**{key: kinds[key](text) for key, text in row.items()}) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error!r}); train again, or copy it back") from error


def save_model(folder: str | Path, model: Spotter) -> None:
    folder = Path(folder)
    save_tensors(folder / "model.safetensors", model.state_dict(), {})


def write_metrics(folder: str | Path, metrics: dict[str, Any]) -> None:
    folder = Path(folder)
    write_json(folder / "metrics.json", metrics)


def save_activity(folder: str | Path, activity: Activity) -> None:
    """Write activity.safetensors: what the energy of an inference is charged for."""
    folder = Path(folder)
    tensors = {f"spikes.{name}": value for name, value in activity.spikes.items()}
    tensors |= {f"near_s.{name}": value for name, value in activity.near_threshold.items()}
    tensors |= {"input": activity.input_spikes, "charge": activity.encoder_charge}
    tensors = {name: torch.as_tensor(value) for name, value in tensors.items()}
    metadata = {"n_clips": activity.n_clips, "duration_s": activity.duration, "window": activity.window}
    save_tensors(folder / "activity.safetensors", tensors, metadata)


def store_activity(folder: str | Path, activity: Activity) -> None:
    """`save_activity` into a run that lies there. Raises: FolderBusyError while it trains."""
    with writing(folder):
        save_activity(Path(folder), activity)


def load_activity(folder: str | Path) -> Activity:
    """Read activity.safetensors. Raises: FileNotFoundError or ValueError."""
    folder = Path(folder)
    path = folder / "activity.safetensors"
    if not path.is_file():
        raise MissingInputError(f"{path} is missing: run `snn evaluate {folder}` to measure the activity")
    tensors, metadata = load_tensors(path)
    if "n_steps" in metadata:
        raise InputError(f"{path} counts steps, not seconds: an earlier version wrote it; run `snn evaluate {folder}`")
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        return Activity(
            n_clips=metadata["n_clips"],
            duration=metadata["duration_s"],
            spikes=_under(arrays, "spikes."),
            near_threshold=_under(arrays, "near_s."),
            window=metadata["window"],
            input_spikes=arrays["input"],
            encoder_charge=arrays["charge"],
        )
    except KeyError as error:
        raise InputError(f"{path} is damaged ({error} is missing); run `snn evaluate` again") from error


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def build_model(recipe: Recipe, n_labels: int) -> Spotter:
    """A spotter with the recipe's initial weights; the same seed gives the same weights."""
    return Spotter(recipe, n_labels, torch.Generator().manual_seed(recipe.training.seed))


def load_run(folder: str | Path) -> Run | ReservoirRun:
    """Read a run folder. Raises: FileNotFoundError or ValueError naming the missing or damaged file."""
    folder = Path(folder)
    recipe, data, labels, sample_rate = read_config(folder)
    kind, model = (
        (ReservoirRun, load_reservoir(folder, recipe, len(labels)))
        if isinstance(recipe, ReservoirRecipe)
        else (Run, load_spotter(folder, recipe, len(labels)))
    )
    return kind(folder, recipe, data, labels, sample_rate, model, _read_metrics(folder / "metrics.json"))


def load_spotter(folder: str | Path, recipe: Recipe, n_labels: int) -> Spotter:
    """Read model.safetensors. Raises: FileNotFoundError, or ValueError for a damaged file."""
    folder = Path(folder)
    model = build_model(recipe, n_labels)
    path = folder / "model.safetensors"
    tensors, _ = load_tensors(path)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(f"{path} does not fit config.toml ({_first(error)}); train again") from error
    if any(not torch.isfinite(t).all() for t in tensors.values() if t.is_floating_point()):
        raise InputError(f"{path} is damaged (it holds NaN or infinity); train again, or copy it back")
    model.eval()
    return model


def finished_metrics(folder: str | Path) -> dict[str, Any] | None:
    """The metrics of a run that has finished; None for one that has not."""
    folder = Path(folder)
    return load_run(folder).metrics or None if (folder / "metrics.json").is_file() else None


def _read_metrics(path: Path) -> dict[str, Any]:
    """The metrics, empty for a run that has not finished."""
    if not path.is_file():
        return {}
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run `snn evaluate`, or train again") from error
    if not isinstance(metrics, dict) or any(isinstance(v, float) and not math.isfinite(v) for v in metrics.values()):
        raise InputError(f"{path} is damaged; delete it and run `snn evaluate`, or train again")
    return metrics


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:160]

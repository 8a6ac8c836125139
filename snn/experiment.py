"""One experiment from recordings to metrics: what `snn train` and `snn evaluate` run."""

import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from circuits.network import Activity
from snn.audio.features import LogMel
from snn.data.augment import Augment
from snn.data.corpus import Corpus, open_corpus
from snn.data.splits import Split
from snn.evaluate import Evaluation, evaluate
from snn.networks.spotter import Spotter
from snn.recipe import Recipe
from snn.reporter import Reporter
from snn.run import (
    RUN_FILES,
    Run,
    build_model,
    checkpoint_path,
    holds_run,
    load_run,
    read_config,
    save_activity,
    save_model,
    write_config,
    write_history,
    write_metrics,
)
from snn.training.fit import Watch, fit
from snn.training.inputs import Examples, front_end, load_examples


def train(
    recipe: Recipe,
    data: str,
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter = Reporter(),
) -> dict[str, Any]:
    """Train the recipe on a data set and leave a run folder at `out`; returns the metrics.

    The test split is read once, after the weights have been chosen on the validation split.
    Raises: ValueError, FileNotFoundError for bad input (an `out` that holds a run needs `resume` or `overwrite`).
    """
    started = time.perf_counter()
    torch.set_flush_denormal(True)
    corpus = _open(recipe, data)
    place = str(Path(data).resolve()) if Path(data).is_dir() else data
    if resume and holds_run(out):
        _same_experiment(out, recipe, place)
        if (finished := _finished(out)) is not None:
            return finished
    else:
        _clear(out, overwrite)
        write_config(out, recipe, place, corpus.labels, corpus.sample_rate)
    mel = front_end(recipe, corpus.sample_rate)
    training = _examples(recipe, corpus, "train", mel, reporter)
    validation = _examples(recipe, corpus, "validation", mel, reporter)
    model = build_model(recipe, len(corpus.labels))
    has_checkpoint = resume and checkpoint_path(out).is_file()
    progress = fit(
        model,
        training,
        validation,
        checkpoint=checkpoint_path(out),
        resume=has_checkpoint,
        watch=_watch(out, model, reporter),
    )
    save_model(out, model)
    write_history(out, progress.history)
    tested = evaluate(model, _examples(recipe, corpus, "test", mel, reporter))
    save_activity(out, tested.activity)
    metrics = {
        "recipe": recipe.name,
        "data": corpus.name,
        "split": recipe.data.split,
        "test_accuracy": tested.accuracy,
        "validation_accuracy": progress.best_accuracy,
        "n_parameters": model.n_parameters,
        "best_epoch": progress.best_epoch,
        "epochs": progress.epoch,
        "n_train": len(training),
        "n_validation": len(validation),
        "n_test": tested.activity.n_clips,
        "spikes_per_inference": tested.activity.spikes_per_inference,
        "synaptic_operations": tested.synaptic_operations,
        "seed": recipe.training.seed,
        "seconds": time.perf_counter() - started,
        "versions": {name: version(name) for name in ("tunnelspike", "torch", "numpy")},
    }
    write_metrics(out, metrics)
    checkpoint_path(out).unlink(missing_ok=True)
    for line in silent_layers(tested.activity):
        reporter.on_note(line)
    return metrics


def evaluate_run(run: Run, data: str | None = None, reporter: Reporter = Reporter()) -> Evaluation:
    """Evaluate a run on the test split of its own data set, or of another whose words it knows."""
    torch.set_flush_denormal(True)
    corpus = _open(run.recipe, data or run.data)
    unknown = sorted(set(corpus.labels) - set(run.labels))
    if unknown:
        raise ValueError(f"{run.folder} was not trained on {', '.join(unknown[:5])}; it knows {', '.join(run.labels)}")
    index = {i: run.labels.index(label) for i, label in enumerate(corpus.labels)}
    corpus = replace(corpus, clips=tuple(replace(clip, label=index[clip.label]) for clip in corpus.clips))
    mel = front_end(run.recipe, run.sample_rate)
    return evaluate(run.model, _examples(run.recipe, corpus, "test", mel, reporter))


def silent_layers(activity: Activity) -> tuple[str, ...]:
    """One line for each population that hardly ever fires, or nearly always does: nothing is learned through it."""
    rates = {name: spikes.mean() / activity.n_steps for name, spikes in activity.spikes.items()}
    silent = (f"{name} is nearly silent, {rate:.2g} spikes per step" for name, rate in rates.items() if rate < 1e-3)
    saturated = (f"{name} is saturated, {rate:.2g} spikes per step" for name, rate in rates.items() if rate > 0.9)
    return (*silent, *saturated)


def _open(recipe: Recipe, data: str) -> Corpus:
    return open_corpus(data, task=recipe.data.task, split=recipe.data.split, seed=recipe.training.seed)


def _examples(recipe: Recipe, corpus: Corpus, split: Split, mel: LogMel, reporter: Reporter) -> Examples:
    """Features of one split; the training clips come with altered copies."""
    a, copies = recipe.augment, recipe.augment.copies if split == "train" else 0
    augment = Augment(a.speed, a.shift_s, a.snr_db, (0.0, 0.0), a.reverb_probability) if copies else None
    examples = load_examples(
        corpus.split(split),
        mel,
        augment=augment,
        copies=copies,
        seed=recipe.training.seed,
        bad_files=recipe.data.bad_files,
        on_clip=lambda done, total: reporter.on_stage(f"reading {split} clips", done, total),
    )
    for line in examples.skipped:
        reporter.on_note(f"skipped {line}")
    return examples


def _watch(out: Path, model: Spotter, reporter: Reporter) -> Watch:
    """Save the best weights and the history as training goes on."""
    rows = []

    def on_epoch(record, improved):
        rows.append(record)
        if improved:
            save_model(out, model)
        reporter.on_note(
            f"epoch {record.epoch}: loss {record.loss:.3f}, validation accuracy {record.validation_accuracy:.4f}"
            + (" (best)" if improved else "")
        )

    return Watch(lambda done, total: reporter.on_stage("training", done, total), on_epoch)


def _clear(out: Path, overwrite: bool) -> None:
    """Make room for a new run. Raises: ValueError if a run is there and may not be replaced."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; give a folder as --out")
    if not holds_run(out):
        return
    if not overwrite:
        raise ValueError(f"{out} holds a run already; add --resume or --overwrite, or give another --out")
    for name in RUN_FILES:
        (out / name).unlink(missing_ok=True)


def _same_experiment(out: Path, recipe: Recipe, data: str) -> None:
    """Raises: ValueError if the run in `out` is of another recipe or data set."""
    started, place, _, _ = read_config(out)
    if (started, place) == (recipe, data):
        return
    old, new = started.model_dump() | {"on": place}, recipe.model_dump() | {"on": data}
    changed = ", ".join(key for key in old if old[key] != new[key])
    raise ValueError(f"{out} was started with other settings ({changed}); resume with the same ones, or --overwrite")


def _finished(out: Path) -> dict[str, Any] | None:
    return load_run(out).metrics or None if (out / "metrics.json").is_file() else None

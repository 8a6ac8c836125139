"""One experiment from recordings to metrics: what `snn train` and `snn evaluate` run."""

import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.units import Seconds
from snn.data.augmentation.augment import Augment
from snn.data.corpora.corpus import Corpus, open_corpus, with_labels
from snn.data.corpora.identity import corpus_identity, require_same_data, write_identity
from snn.data.corpora.splits import SPLITS, Split
from snn.experiments.evaluation import Evaluation, evaluate
from snn.experiments.folder_lock import writing
from snn.experiments.reservoir_evaluation import ReservoirEvaluation, evaluate_reservoir
from snn.experiments.reservoir_experiment import split_clips, train_reservoir
from snn.experiments.reservoir_run import ReservoirRun
from snn.experiments.run_folder import (
    DATA,
    Run,
    build_model,
    checkpoint_path,
    clear_run,
    finished_metrics,
    require_folder,
    require_own_test,
    require_same_experiment,
    save_activity,
    save_model,
    write_config,
    write_history,
    write_metrics,
)
from snn.kernels.threads import denormals_flushed
from snn.networks.spotter import Spotter
from snn.recipes.recipe import Recipe
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.torch_device import choose_device
from snn.training.checkpoint import EpochRecord, Progress, load_progress
from snn.training.examples import Examples, FrontEnd, for_corpus, front_end, load_examples, require_fit
from snn.training.gradient import Watch, fit


@denormals_flushed()
def train_spotter(
    recipe: Recipe,
    data: str,
    out: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    reporter: Reporter = Reporter(),
) -> dict[str, Any]:
    """Train the recipe on a data set and leave a run folder at `out`; returns the metrics. `device`: auto, cpu or cuda.

    Every recording is read before anything in `out` is touched; the test split is used once, after the weights have
    been chosen on the validation split. Raises: ValueError, FileNotFoundError for bad input (an `out` that holds a run
    needs `resume` or `overwrite`).
    """
    out = Path(out)
    started, where = time.perf_counter(), choose_device(device)
    require_folder(out, resume, overwrite)
    corpus = open_corpus(data, task=recipe.data.task, split=recipe.data.split)
    for line in corpus.notes:
        reporter.on_note(line)
    recipe = for_corpus(recipe, corpus)
    place = str(Path(data).resolve()) if Path(data).is_dir() else data
    if resume:
        require_same_experiment(out, recipe, place)
        require_same_data(out / DATA, corpus)
        if (finished := finished_metrics(out)) is not None:
            return finished
    mel = front_end(recipe, corpus.sample_rate)
    examples = {split: _examples(recipe, corpus, split, mel, reporter) for split in SPLITS}
    if not resume:
        clear_run(out)
        write_identity(out / DATA, corpus_identity(corpus))
        write_config(out, recipe, place, corpus.labels, corpus.sample_rate)
    model = build_model(recipe, len(corpus.labels)).to(where)
    progress = _fit(model, examples, out, resume, reporter)
    tested = evaluate(model, examples["test"])
    save_activity(out, tested.activity)
    metrics = _metrics(recipe, corpus, model, progress, tested, examples) | {"seconds": time.perf_counter() - started}
    write_metrics(out, metrics)
    checkpoint_path(out).unlink(missing_ok=True)
    for line in silent_layers(tested.activity, model.dt):
        reporter.on_note(line)
    return metrics


def train(
    recipe: Recipe | ReservoirRecipe, data: str | Path, out: str | Path, *, device: str = "auto", **how: Any
) -> dict[str, Any]:
    """Train what the recipe describes, `train_spotter` or `train_reservoir` (which runs on the CPU); the metrics.

    `how`: resume, overwrite, reporter. Raises: FolderBusyError, before a recording is read, where another training
    writes into `out`.
    """
    where = choose_device(device)  # refuses what is not there
    with writing(out):
        if isinstance(recipe, ReservoirRecipe):
            return train_reservoir(recipe, str(data), Path(out), **how)
        return train_spotter(recipe, str(data), Path(out), device=where.type, **how)


@denormals_flushed()
def evaluate_run(
    run: Run | ReservoirRun,
    data: str | None = None,
    split: str | None = None,
    reporter: Reporter = Reporter(),
    *,
    device: str = "auto",
    engine: str | None = None,
) -> Evaluation | ReservoirEvaluation:
    """Evaluate a run on its own test split, or on another split or corpus whose words it knows.

    `split` is "official", "speaker:NAME" or "all"; None takes the run's own, or all clips of another corpus. Words
    that the run was not trained on are left out, with a note. The run's model moves to `device`: auto, cpu or cuda.
    `engine` is that of `evaluate`: torch (None) or brian2; a reservoir has one of its own.
    Raises: ValueError if it knows none of the words.
    """
    where = choose_device(device)
    own = data is None or str(Path(data).resolve()) == run.data
    voice = run.recipe.data.task == "voice"  # which makes of every corpus the same labels, and of its test a grid
    chosen = split or (run.recipe.data.split if own else "official" if voice else "all")
    task = run.recipe.data.task if own or voice else None
    there = open_corpus(data or run.data, task=task, split=chosen, to_train=False)
    if own and chosen == run.recipe.data.split:
        require_own_test(run.folder, there)
    corpus, strange = with_labels(there, run.labels)
    for line in corpus.notes:
        reporter.on_note(line)
    if strange:
        reporter.on_note(f"left out words that {run.folder} was not trained on: {', '.join(strange)}")
    if not own:
        reporter.on_note(f"{len(corpus.split('test'))} clips of {corpus.name}, split {chosen}")
    if isinstance(run, ReservoirRun):
        if engine is not None:
            raise InputError(f"{run.folder} is a reservoir, which the transient engine runs; leave out --engine")
        return evaluate_reservoir(
            run.model, split_clips(run.recipe, corpus, "test", run.sample_rate, reporter), reporter
        )
    require_fit(run.recipe, corpus)
    mel = front_end(run.recipe, run.sample_rate)
    examples = _examples(run.recipe, corpus, "test", mel, reporter)
    return evaluate(run.model.to(where), examples, engine=engine or "torch")


def _fit(model: Spotter, examples: dict[Split, Examples], out: Path, resume: bool, reporter: Reporter) -> Progress:
    """Train, keep the best weights and the history in the run folder."""
    checkpoint = checkpoint_path(out)
    watch = _watch(out, model, reporter, resume and checkpoint.is_file())
    progress = fit(
        model,
        examples["train"],
        examples["validation"],
        checkpoint=checkpoint,
        resume=resume and checkpoint.is_file(),
        watch=watch,
    )
    save_model(out, model)
    write_history(out, progress.history)
    return progress


def _metrics(
    recipe: Recipe,
    corpus: Corpus,
    model: Spotter,
    progress: Progress,
    tested: Evaluation,
    examples: dict[Split, Examples],
) -> dict[str, Any]:
    """What metrics.json tells of a run."""
    return {
        "recipe": recipe.name,
        "data": corpus.name,
        "split": recipe.data.split,
        "split_rule": corpus.split_rule,
        "test_accuracy": tested.accuracy,
        "validation_accuracy": progress.best_accuracy,
        "n_parameters": model.n_parameters,
        "best_epoch": progress.best_epoch,
        "epochs": progress.epoch,
        **{f"n_{split}": len(examples[split]) for split in SPLITS},
        "spikes_per_inference": tested.activity.spikes_per_inference,
        "synaptic_operations": tested.synaptic_operations,
        **({"by_snr": [asdict(row) for row in tested.by_snr]} if tested.by_snr else {}),
        "seed": recipe.training.seed,
        "versions": {name: version(name) for name in ("tunnelspike", "torch", "numpy")},
    }


def silent_layers(activity: Activity, dt: Seconds) -> tuple[str, ...]:
    """One line for each population that hardly ever fires, or nearly always does: nothing is learned through it."""
    rates = {name: spikes.mean() * dt / activity.duration for name, spikes in activity.spikes.items()}
    silent = (f"{name} is nearly silent, {rate:.2g} spikes per step" for name, rate in rates.items() if rate < 1e-3)
    saturated = (f"{name} is saturated, {rate:.2g} spikes per step" for name, rate in rates.items() if rate > 0.9)
    return (*silent, *saturated)


def _examples(recipe: Recipe, corpus: Corpus, split: Split, mel: FrontEnd, reporter: Reporter) -> Examples:
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


def _watch(out: Path, model: Spotter, reporter: Reporter, resume: bool) -> Watch:
    """Save the best weights and the history as training goes on."""
    rows = load_progress(checkpoint_path(out)).history if resume else []

    def on_epoch(record: EpochRecord, improved: bool) -> None:
        rows.append(record)
        write_history(out, rows)
        if improved:
            save_model(out, model)
        best = " (best)" if improved else ""
        reporter.on_note(
            f"epoch {record.epoch}: loss {record.loss:.3f}, validation accuracy {record.validation_accuracy:.4f}{best}"
        )

    return Watch(lambda done, total: reporter.on_stage("training", done, total), on_epoch)

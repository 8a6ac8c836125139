"""One experiment from recordings to metrics: what `snn train` runs, whatever the model."""

import time
from dataclasses import replace
from pathlib import Path

import torch

from snn.audio.examples import Examples
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.identity import corpus_identity, require_same_data, write_identity
from snn.data.corpora.splits import SPLITS, Split
from snn.experiments.evaluate import Evaluation, assess
from snn.experiments.kinds import experiment_of
from snn.experiments.metrics import Metrics, versions
from snn.experiments.model import Trained
from snn.experiments.read_clips import open_data, read_clips
from snn.experiments.run_folder import (
    DATA,
    MODEL,
    clear_run,
    finished_metrics,
    require_apart,
    require_folder,
    require_same_experiment,
    save_activity,
    write_config,
    write_metrics,
)
from snn.experiments.successor import place_of_run, settle
from snn.folder_lock import writing
from snn.kernels.threads import denormals_flushed
from snn.recipes.gradient_recipe import GradientRecipe
from snn.recipes.recipe import Recipe
from snn.reporter import Reporter
from snn.torch_device import choose_device
from snn.training.checkpoint import CHECKPOINT


def train(
    recipe: Recipe,
    data: str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    device: str = "auto",
    reporter: Reporter = Reporter(),
) -> Metrics:
    """Train the recipe on a data set and leave a run folder at `out`; returns the metrics. `device`: auto, cpu or cuda.

    Every recording is read before anything in `out` is touched, and a model that lies there is replaced by `overwrite`
    when the new one has finished. The test split is used once, after the weights have been chosen on the validation
    split. Raises: InputError, FileNotFoundError for bad input (an `out` that holds a run needs `resume` or
    `overwrite`, and none lies in the data), FolderBusyError, before a recording is read, where another training writes
    there.
    """
    where = choose_device(device)  # refuses what is not there
    require_apart(out, data)
    with writing(out), denormals_flushed():
        settle(out)
        require_folder(out, resume, overwrite)
        with place_of_run(out, resume, overwrite) as place:
            return _train(recipe, str(data), place, resume, where, reporter)


def _train(recipe: Recipe, data: str, out: Path, resume: bool, where: torch.device, reporter: Reporter) -> Metrics:
    started = time.perf_counter()
    corpus = open_data(recipe, data)
    for line in corpus.notes:
        reporter.on_note(line)
    recipe = recipe.for_corpus(corpus)
    experiment = experiment_of(recipe, corpus.labels, corpus.sample_rate)
    if resume:
        require_same_experiment(out, recipe, corpus.source)
        require_same_data(out / DATA, corpus)
        if (finished := finished_metrics(out)) is not None:
            (out / CHECKPOINT).unlink(missing_ok=True)  # of a process killed after the metrics were written
            return finished
    _require_chip(recipe)
    front_end = experiment.front_end(corpus)
    examples = {split: read_clips(recipe, corpus, split, front_end, reporter) for split in SPLITS}
    model = experiment.build(front_end, examples["train"]).to(where)
    if not resume:
        clear_run(out)
        write_identity(out / DATA, corpus_identity(corpus))
        write_config(out, recipe, corpus.source, corpus.labels, corpus.sample_rate)
    trained = experiment.fit(model, examples, out, resume=resume, reporter=reporter)
    trained.model.save(out / MODEL)
    answers = trained.model.run(examples["test"], trained.model.engines[0], reporter)
    tested = assess(trained.model, examples["test"], answers)
    save_activity(out, tested.activity)
    common = _common_metrics(recipe, corpus, examples, trained, tested)
    metrics = replace(trained.metrics(common, answers, examples), seconds=time.perf_counter() - started)
    write_metrics(out, metrics)
    (out / CHECKPOINT).unlink(missing_ok=True)
    for line in trained.notes(tested.activity):
        reporter.on_note(line)
    return metrics


def _require_chip(recipe: Recipe) -> None:
    """Raises: InputError or FileNotFoundError for a chip in a file that cannot be trained for; others the recipe's
    reader has refused."""
    if isinstance(recipe, GradientRecipe) and recipe.chip.in_file:
        recipe.chip.require_there()
        recipe.chip.require_charged()


def _common_metrics(
    recipe: Recipe, corpus: Corpus, examples: dict[Split, Examples], trained: Trained, tested: Evaluation
) -> Metrics:
    """What there is to tell of every kind of model."""
    return Metrics(
        recipe=recipe.name,
        data=corpus.name,
        split=recipe.data.split,
        split_rule=corpus.split_rule,
        test_accuracy=tested.accuracy,
        validation_accuracy=trained.validation_accuracy,
        **{f"n_{split}": len(examples[split]) for split in SPLITS},
        spikes_per_inference=tested.activity.spikes_per_inference,
        seed=recipe.seed,
        versions=versions(),
        seconds=0.0,  # counted when all is done
        by_snr=tested.by_snr,
    )

"""One experiment with a reservoir, from recordings to a run folder: what `snn train` does with such a recipe."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.network.activity import Activity
from snn.data.corpora.corpus import Corpus, open_corpus
from snn.data.corpora.identity import corpus_identity, require_same_data, write_identity
from snn.data.corpora.splits import SPLITS, Split
from snn.experiments.detection import rates_on_grid
from snn.experiments.reservoir_run import ReservoirModel, save_reservoir
from snn.experiments.run_folder import (
    DATA,
    clear_run,
    finished_metrics,
    require_folder,
    require_same_experiment,
    save_activity,
    write_config,
    write_metrics,
)
from snn.networks.activity_statistics import activity_statistics, memory_time
from snn.networks.reservoir import Wires, build_reservoir, draw_wiring
from snn.networks.reservoir_activity import engine_energy, measure
from snn.networks.spike_bins import count_features, total_counts
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.training.clips import Clips, Source, load_clips
from snn.training.eprop import train_eprop
from snn.training.learning_energy import learning_energies
from snn.training.online import learn_readout
from snn.training.plastic import Plasticity, learn_inside
from snn.training.reservoir_fit import Fitted, Heard, fit_readout, run_clips
from snn.training.tuning import Tuning, chip_inputs, n_lines, tune

Splits = dict[Split, Heard]


def train_reservoir(
    recipe: ReservoirRecipe,
    data: str,
    out: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    reporter: Reporter = Reporter(),
) -> dict[str, Any]:
    """Draw, run and read out a reservoir, let the online rule learn, and leave a run folder at `out`.

    Every recording is read before anything in `out` is touched; the test split is used once. There is nothing to resume
    but a finished run, whose metrics are returned.
    Raises: ValueError, FileNotFoundError for bad input (an `out` that holds a run needs `resume` or `overwrite`).
    """
    out = Path(out)
    started = time.perf_counter()
    require_folder(out, resume, overwrite)
    place = str(Path(data).resolve()) if Path(data).is_dir() else data
    corpus = open_corpus(data, task=recipe.data.task, split=recipe.data.split)
    for line in corpus.notes:
        reporter.on_note(line)
    if resume:
        require_same_experiment(out, recipe, place)
        require_same_data(out / DATA, corpus)
        if (finished := finished_metrics(out)) is not None:
            return finished
    recipe.plasticity.require_start()
    clips = {split: split_clips(recipe, corpus, split, corpus.sample_rate, reporter) for split in SPLITS}
    model, activity, metrics = learn(recipe, corpus, clips, reporter)
    clear_run(out)
    write_identity(out / DATA, corpus_identity(corpus))
    write_config(out, recipe, place, corpus.labels, corpus.sample_rate)
    save_reservoir(out, model)
    save_activity(out, activity)
    metrics = metrics | {"seconds": time.perf_counter() - started}
    write_metrics(out, metrics)
    return metrics


def learn(
    recipe: ReservoirRecipe, corpus: Corpus, clips: dict[Split, Clips], reporter: Reporter = Reporter()
) -> tuple[ReservoirModel, Activity, dict[str, Any]]:
    """The chip and its readouts from training and validation clips, what it did on test clips, and its metrics."""
    n_labels = len(corpus.labels)
    tuning, wires, learned, heard = _run_chip(recipe, clips, corpus.media, reporter)
    fitted, accuracy = linear_classifier(heard, lambda part: count_features(part.reservoir, recipe.readout), n_labels)
    online = learn_readout(recipe, heard, n_labels)
    trained = train_eprop(recipe, heard, wires.tau_mem, n_labels, reporter) if recipe.comparison.eprop_epochs else None
    model = ReservoirModel(recipe, tuning, wires, fitted.readout, online.weights)
    told = fitted.readout.scores(count_features(heard["test"].reservoir, recipe.readout)).argmax(axis=1)
    metrics = _about(recipe, corpus, clips) | {
        "test_accuracy": accuracy,
        "validation_accuracy": fitted.validation_accuracy,
        "online": online.as_dict() | learning_energies(online, recipe),
        "baselines": _baselines(recipe, heard, n_labels),
        **_chip(model, heard["test"], learned.synapses_at_zero if learned else 0),
        **_by_snr(told, clips["test"]),
        **({"plasticity": learned.as_dict(recipe)} if learned else {}),
        **({"eprop": trained.as_dict()} if trained else {}),
    }
    return model, measure(model.reservoir, heard["test"].inputs, heard["test"].responses), metrics


def _run_chip(
    recipe: ReservoirRecipe, clips: dict[Split, Clips], media: str, reporter: Reporter
) -> tuple[Tuning, Wires, Plasticity | None, Splits]:
    """Tuning and wires from training clips, what learning inside did to them, and all clips through the chip."""
    tuning = tune(clips["train"], recipe, media)
    wires = draw_wiring(recipe, n_lines(tuning, recipe), np.random.default_rng(recipe.training.seed))
    inputs = {split: chip_inputs(part.rows, tuning, recipe) for split, part in clips.items()}
    learned = None
    if recipe.plasticity.rule != "none":
        learned = learn_inside(recipe, wires, tuning, inputs["train"], clips["train"].labels, reporter)
        wires = learned.wires
    reservoir = build_reservoir(recipe, tuning.scale, wires)
    heard = {
        split: run_clips(reservoir, inputs[split], part.labels, reporter, f"running {split}")
        for split, part in clips.items()
    }
    if not any(response.spikes.times.size for response in heard["train"].responses):
        reporter.on_note("no neuron spiked in any training clip: the recordings are silent, or raise input.gain")
    return tuning, wires, learned, heard


def split_clips(
    recipe: ReservoirRecipe, corpus: Corpus, split: Split, sample_rate: float | int, reporter: Reporter = Reporter()
) -> Clips:
    """The clips of one split, heard; a line for each file that was skipped, and one if clips were cut.

    Raises: ValueError where the corpus has no clip there.
    """
    if not (wanted := corpus.split(split)):
        raise InputError(f"{corpus.name} has no {split} clips: too few recordings to split by {corpus.split_rule}")
    clips = load_clips(
        wanted,
        recipe.ear,
        Source(corpus.media, sample_rate, len(corpus.channels)),
        recipe.data.bad_files,
        lambda done, total: reporter.on_stage(f"hearing {split} clips", done, total),
    )
    for line in clips.skipped:
        reporter.on_note(f"skipped {line}")
    if n_cut := n_longer(clips, recipe):
        reporter.on_note(
            f"{n_cut} of {len(clips)} {split} clips were cut to ear.duration_s = {recipe.ear.duration_s:g} s; the "
            f"longest lasts {clips.lengths.max():.3g} s"
        )
    return clips


def n_longer(clips: Clips, recipe: ReservoirRecipe) -> int:
    """Clips that last longer than the ear listens, by more than a row."""
    return int(np.count_nonzero(clips.lengths > recipe.ear.duration_s + recipe.ear.row_s))


def linear_classifier(heard: Splits, features: Callable[[Heard], np.ndarray], n_labels: int) -> tuple[Fitted, float]:
    """Least squares on features of the training and validation clips, and its accuracy on the test clips."""
    table = {split: (features(part), part.labels) for split, part in heard.items()}
    fitted = fit_readout(table["train"], table["validation"], n_labels)
    return fitted, fitted.readout.accuracy(*table["test"])


def _baselines(recipe: ReservoirRecipe, heard: Splits, n_labels: int) -> dict[str, float]:
    """Test accuracy of linear classifiers without the reservoir, and of total counts."""
    features = {
        "encoder_bins": lambda part: count_features(part.encoder, recipe.readout),
        "encoder_totals": lambda part: total_counts(part.encoder),
        "reservoir_totals": lambda part: total_counts(part.reservoir),
    }
    return {name: linear_classifier(heard, what, n_labels)[1] for name, what in features.items()}


def _about(recipe: ReservoirRecipe, corpus: Corpus, clips: dict[Split, Clips]) -> dict[str, Any]:
    """What was trained on what."""
    return {
        "recipe": recipe.name,
        "data": corpus.name,
        "split": recipe.data.split,
        "split_rule": corpus.split_rule,
        **{f"n_{split}": len(clips[split]) for split in SPLITS},
        "n_cut": sum(n_longer(part, recipe) for part in clips.values()),
        "seed": recipe.training.seed,
        "versions": {name: version(name) for name in ("tunnelspike", "torch", "numpy")},
    }


def _chip(model: ReservoirModel, heard: Heard, n_silent: int) -> dict[str, Any]:
    """The chip, how it behaves on test clips, and the energy of a clip; synapses that learning silenced count."""
    reservoir = model.reservoir
    energy, memory = engine_energy(heard.responses), memory_time(model.wires.recurrent, model.wires.tau_mem)
    spikes = float(np.mean([response.spikes.times.size for response in heard.responses]))
    return {
        "n_input": reservoir.n_input,
        "n_reservoir": reservoir.n_reservoir,
        "n_synapses": reservoir.n_synapses + n_silent,
        "spikes_per_inference": spikes,
        "input_activity": activity_statistics(heard.encoder).as_dict(),
        "reservoir_activity": activity_statistics(heard.reservoir).as_dict(),
        "memory_s": memory if math.isfinite(memory) else None,
        "energy_j": energy.parts,
        "energy_per_inference_j": energy.total,
        "energy_per_spike_j": energy.total / spikes if spikes else None,
    }


def _by_snr(told: np.ndarray, clips: Clips) -> dict[str, Any]:
    """Misses and false alarms of voice activity; nothing for other tasks."""
    rows = rates_on_grid(clips.labels, told, clips.snr_db)
    return {"by_snr": [asdict(row) for row in rows]} if rows else {}

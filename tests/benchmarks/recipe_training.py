"""The shipped recipes as `snn train` runs them, beside the plain loop and other libraries with the same network.

A whole training gives the seconds of an epoch, and until the validation accuracy that it reaches. Steps of the plain
loop and of the libraries take turns with ours on the same batch; evaluations, with their counts, likewise.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import torch
from candidates import OURS, installed
from recipe_peer import Peer

from snn.audio.examples import Examples
from snn.data.augmentation.spec_augment import spec_augment
from snn.data.corpora.corpus import Corpus
from snn.experiments.read_clips import open_data, read_clips
from snn.networks.spotter import Spotter
from snn.recipes.recipe import load_recipe
from snn.recipes.spotter_recipe import SpotterRecipe
from snn.training.gradient import fit

RECIPES = {"fsdd": "fsdd", "speech-commands-11": "speech_commands_11"}  # and where its recordings lie in the data
TURNS, EPOCHS = 5, None  # EPOCHS: those of the recipe
PLAIN, LIKE = "plain_loop", f"{OURS}, LIF"  # the recipe without adaptation, the neuron that the libraries have


def measure(data: Path) -> dict[str, dict[str, object] | None]:
    """One record for each recipe, None where its recordings are not there."""
    there = {name: data / folder for name, folder in RECIPES.items()}
    return {name: of_recipe(name, folder) if folder.is_dir() else None for name, folder in there.items()}


def of_recipe(name: str, folder: Path) -> dict[str, object]:
    """Times (s) and ratios of medians of one recipe."""
    recipe: SpotterRecipe = load_recipe(name)
    corpus = open_data(recipe, str(folder))
    with _empty_cache():
        (train, load_s), (_, cached_load_s) = (_timed(lambda: _read(recipe, corpus, "train")) for _ in range(2))
        validation, test = (_read(recipe, corpus, split) for split in ("validation", "test"))
    ours, plain = (_spotter(recipe, corpus, backend) for backend in ("auto", "reference"))
    training = recipe if EPOCHS is None else replace(recipe, training=replace(recipe.training, epochs=EPOCHS))
    progress = fit(ours, train, validation, training)
    seconds = [row.seconds for row in progress.history]
    evaluation = _medians({OURS: lambda: ours.run(test), PLAIN: lambda: plain.run(test)})
    steps = _steps(recipe, corpus, train)
    fastest = min((s for name, s in steps.items() if name not in (OURS, PLAIN, LIKE)), default=None)
    recurrent = replace(recipe, network=replace(recipe.network, recurrent=True))
    looped = _medians({k: _step(_spotter(recurrent, corpus, b), recurrent, train) for k, b in _BACKENDS.items()})
    return {
        "seconds_per_epoch": statistics.median(seconds),
        "seconds_to_accuracy": list(accumulate(seconds))[progress.best_epoch - 1],
        "validation_accuracy": progress.best_accuracy,
        "over_plain_loop": steps[PLAIN] / steps[OURS],
        "recurrent_over_plain_loop": looped[PLAIN] / looped[OURS],
        "over_fastest_peer": fastest / steps[LIKE] if fastest else None,
        "adaptive_over_fastest_peer": fastest / steps[OURS] if fastest else None,
        "step_s": steps,
        "evaluation_clips_per_s": len(test) / evaluation[OURS],
        "evaluation_over_plain_loop": evaluation[PLAIN] / evaluation[OURS],
        "load_s": load_s,
        "cached_load_s": cached_load_s,
    }


_BACKENDS = {OURS: "auto", PLAIN: "reference"}


def _steps(recipe: SpotterRecipe, corpus: Corpus, train: Examples) -> dict[str, float]:
    """Median time (s) of a training step, by candidate."""
    models = {name: _spotter(recipe, corpus, backend) for name, backend in _BACKENDS.items()}
    models[LIKE] = _spotter(replace(recipe, neuron=replace(recipe.neuron, model="lif")), corpus, "auto")
    models |= {name: Peer(name, models[OURS]) for name in installed()}
    return _medians({name: _step(model, recipe, train) for name, model in models.items()})


def _step(model: Spotter | Peer, recipe: SpotterRecipe, train: Examples) -> Callable[[], object]:
    """A training step as `fit` takes it, masks, clipped gradients and optimiser included, always on the same batch."""
    config, generator = recipe.training, torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    features, labels = train.features[0, : config.batch_size], train.labels[: config.batch_size]
    model.train()

    def step() -> float:
        masks = {"max_band": recipe.augment.band_mask, "max_frame": recipe.augment.frame_mask}
        x = spec_augment(features, generator, **masks)
        loss = model.loss(x, labels, generator) if isinstance(model, Spotter) else model.loss(x, labels)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_norm)
        optimiser.step()
        return loss.item()

    return step


def _spotter(recipe: SpotterRecipe, corpus: Corpus, backend: str) -> Spotter:
    return Spotter(recipe, _front_end(recipe, corpus), corpus.labels, seed=recipe.seed, backend=backend)


def _front_end(recipe: SpotterRecipe, corpus: Corpus):
    return recipe.features.at(corpus.sample_rate)


def _read(recipe: SpotterRecipe, corpus: Corpus, split: str) -> Examples:
    return read_clips(recipe, corpus, split, _front_end(recipe, corpus))


def _timed(work: Callable[[], Examples]) -> tuple[Examples, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _medians(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median time (s) by name; each runs once untimed before, so that caches and idle threads are its own."""
    times = {name: [] for name in runs}
    for _ in range(TURNS):
        for name, run in runs.items():
            run()
            times[name].append(_timed(run)[1])
    return {name: statistics.median(values) for name, values in times.items()}


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Features are made anew, and kept until the end."""
    before = os.environ.get("SNN_FEATURES")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SNN_FEATURES"] = folder
        try:
            yield
        finally:
            os.environ.pop("SNN_FEATURES")
            if before is not None:
                os.environ["SNN_FEATURES"] = before

"""`fit`: train a network by its gradient, keep the weights of the best validation epoch, stop early, resume."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, cos, isfinite, pi
from pathlib import Path

import torch
from torch import Tensor

from circuits.errors import DivergedError
from snn.audio.examples import Examples
from snn.data.augmentation.spec_augment import spec_augment
from snn.kernels.checks import require_labels
from snn.memory import check_memory
from snn.networks.trained_network import TrainedNetwork
from snn.recipes.gradient_recipe import GradientRecipe, GradientTraining
from snn.training.checkpoint import EpochRecord, Progress, load_checkpoint, save_checkpoint

OnStep = Callable[[int, int], None]  # optimiser steps done, steps in all
OnEpoch = Callable[[EpochRecord, bool], None]  # the row, and whether it is the best so far


@dataclass(frozen=True)
class Watch:
    """What to tell while fitting; each may be left out."""

    on_step: OnStep | None = None
    on_epoch: OnEpoch | None = None


def fit(
    model: TrainedNetwork,
    train: Examples[Tensor],
    validation: Examples[Tensor],
    recipe: GradientRecipe,
    *,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    watch: Watch = Watch(),
) -> Progress:
    """Train with AdamW under a one-cycle learning rate; leave the best validation epoch's weights in the model.

    The best epoch is that of `Progress.add`; training stops early after `patience` epochs without a better one. Every
    random draw follows from the recipe's seed and the epoch, so a resumed run ends as the uninterrupted one would.
    Batches go to the device that the model is on. In a model that is training, modules in evaluation stay so: frozen.
    Raises: DivergedError if the loss is not finite, InputError if there are no clips, labels that the model does not
        have, or a batch that does not fit into memory.
    """
    config, checkpoint = recipe.training, Path(checkpoint) if checkpoint else None
    for examples in (train, validation):
        require_labels(examples.labels, len(model.labels))
    require_memory(model, train.features.shape[-2], min(config.batch_size, len(train)))
    if not model.training:
        model.train()
    optimiser = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    warm_up = model.settled(config.epochs)
    best, progress = {}, Progress(warm_up)
    if resume and checkpoint:
        best, progress = load_checkpoint(checkpoint, model, optimiser, warm_up)
    for epoch in range(progress.epoch, config.epochs):
        if epoch - max(progress.best_epoch, warm_up) >= config.patience:
            break
        started = time.perf_counter()
        model.begin_epoch(epoch, config.epochs, train)
        loss = _train_epoch(model, train, recipe, optimiser, epoch, watch.on_step)
        accuracy, validation_loss = validate(model, validation)
        rate, seconds = optimiser.param_groups[0]["lr"], time.perf_counter() - started
        record = EpochRecord(epoch + 1, loss, accuracy, validation_loss, rate, seconds)
        if improved := progress.add(record):
            best = {name: value.clone() for name, value in model.state_dict().items()}
        if checkpoint:
            save_checkpoint(checkpoint, model, best, optimiser, progress)
        if watch.on_epoch:
            watch.on_epoch(record, improved)
    model.load_state_dict(best)
    model.eval()
    return progress


def one_cycle(step: int, n_steps: int, peak: float) -> float:
    """Learning rate: up as a half cosine over the first fifth from peak / 25, then down to peak / 10,000.

    Source: Smith and Topin 2018, "super-convergence".
    """
    rise = max(1, n_steps // 5)
    rising = step < rise
    low, x = (peak / 25, step / rise) if rising else (peak / 1e4, 1 - (step - rise) / max(1, n_steps - rise))
    return low + (peak - low) * (1 - cos(pi * x)) / 2


def batches(train: Examples[Tensor], batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches of features `(batch, frame, band)` and labels; each clip appears once, as one of its copies."""
    order = torch.randperm(len(train), generator=generator)
    copies = torch.randint(train.features.shape[0], order.shape, generator=generator)
    for i, copy in zip(order.split(batch_size), copies.split(batch_size), strict=True):
        if len(i) > 1 or len(order) == 1 or batch_size == 1:  # a clip left over alone would be normalised by itself
            yield train.pick(copy, i), train.labels[i]


def _train_epoch(
    model: TrainedNetwork,
    train: Examples[Tensor],
    recipe: GradientRecipe,
    optimiser: torch.optim.Optimizer,
    epoch: int,
    on_step: OnStep | None,
) -> float:
    """One pass over the training clips, `epoch` counted from 0; returns the mean loss."""
    config, augment = recipe.training, recipe.augment
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + epoch)
    steps = ceil(len(train) / config.batch_size)
    first, n_steps, losses = epoch * steps, config.epochs * steps, []
    with model.threads():
        for i, (features, labels) in enumerate(batches(train, config.batch_size, generator)):
            for group in optimiser.param_groups:
                group["lr"] = one_cycle(first + i, n_steps, config.learning_rate)
            features = spec_augment(features, generator, max_band=augment.band_mask, max_frame=augment.frame_mask)
            loss = _backward(model, features, labels, config, optimiser, generator)
            optimiser.step()
            losses.append(loss)
            if on_step:
                on_step(first + i + 1, n_steps)
    return sum(losses) / len(losses)


def _backward(
    model: TrainedNetwork,
    features: Tensor,
    labels: Tensor,
    config: GradientTraining,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> float:
    """Gradients of one batch, clipped; returns its loss. Raises: DivergedError for a number that is not finite."""
    rate = config.learning_rate
    remedy = f"at learning rate {rate:g}; lower it, for example --set learning_rate={rate / 3:.2g}"
    try:
        loss = model.loss(features.to(model.device), labels.to(model.device), generator)
    except FloatingPointError as error:
        raise DivergedError(f"{error}, {remedy}") from error
    optimiser.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.gradient_norm).item()
    if not (isfinite(norm) and isfinite(loss.item())):  # a NaN weight would silence its neuron without a word
        raise DivergedError(f"loss {loss.item():.3g}, gradient norm {norm:.3g} {remedy}")
    return loss.item()


def validate(model: TrainedNetwork, examples: Examples) -> tuple[float, float]:
    """Accuracy and loss of the clips as they are, mean over the chips that the network is to run on."""
    on_chips = model.score_on_chips(examples)
    scores, labels = torch.cat(on_chips), examples.labels.repeat(len(on_chips))
    return (scores.argmax(-1) == labels).float().mean().item(), torch.nn.functional.nll_loss(scores, labels).item()


def require_memory(model: TrainedNetwork, n_frames: int, batch_size: int) -> None:
    """Raises: InputError if a batch would not fit into memory while training."""
    numbers = batch_size * model.numbers_per_clip(n_frames)
    what = f"training on batches of {batch_size:,} clips of {n_frames:,} frames"
    check_memory(numbers, what, "lower training.batch_size or the layers of network")

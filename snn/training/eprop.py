"""e-prop for comparison: as many recurrent LIF neurons as the reservoir has, on the same spikes, all weights learned.

    drive = x W_in + spikes W_rec,   y <- readout_decay y + (1 - readout_decay) spikes W_out,   answer: argmax sum of y

Trained with `eprop_gradients` and symmetric feedback by Adam; the best epoch by validation stays. Then least squares on
the counts of its spikes in bins of time, so that it meets the reservoir on the same terms.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds, ms
from snn.data.corpora.splits import SPLITS
from snn.networks.reservoir import Heard
from snn.networks.spike_bins import count_features
from snn.neurons.lif import LIFParams, decay, leaky_step, lif_state, lif_step
from snn.neurons.scan import scan
from snn.neurons.surrogate import triangle
from snn.plasticity.eprop_gradient import EpropNetwork, eprop_gradients
from snn.plasticity.least_squares import fit_linear
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.training.learning_metrics import EpropMetrics

DT: Seconds = 2 * ms  # ASSUMED: an input neuron's refractory period; spikes that share a step count together
TAU_READOUT: Seconds = 100 * ms  # ASSUMED: about a phoneme
BATCH = 64
LEARNING_RATE = 0.02  # chosen on validation clips
SPREAD = (4.0, 2.0, 3.0)  # of the first weights of inputs, recurrence and readout, over sqrt(fan-in); same choice

Parts = dict[str, tuple[list[SpikeTrains], np.ndarray]]  # input spikes and labels of each split


def train_eprop(
    recipe: ReservoirRecipe,
    heard: tuple[Heard, Heard, Heard],
    tau_mem: np.ndarray,
    n_labels: int,
    reporter: Reporter = Reporter(),
) -> EpropMetrics:
    """Train for `comparison.eprop_epochs`, with membranes of tau_mem (s), `(neuron,)`.

    `heard`: training, validation and test clips after the chip.
    """
    parts = {split: (part.encoder, part.labels) for split, part in zip(SPLITS, heard, strict=True)}
    network = first_network(recipe, parts["train"][0][0].n_neurons, tau_mem, n_labels)
    network, history = fit_eprop(network, parts, recipe.comparison.eprop_epochs, recipe.training.seed, reporter)
    ran = {split: run_network(network, clips) for split, (clips, _) in parts.items()}
    table = {split: (count_features(ran[split][0], recipe.readout), labels) for split, (_, labels) in parts.items()}
    fitted = fit_linear(table["train"], table["validation"], n_labels)
    return EpropMetrics(
        validation_accuracy=_share(ran["validation"][1], parts["validation"][1]),
        test_accuracy=_share(ran["test"][1], parts["test"][1]),
        binned_validation_accuracy=fitted.validation_accuracy,
        binned_test_accuracy=fitted.readout.accuracy(*table["test"]),
        validation_by_epoch=history,
    )


def first_network(recipe: ReservoirRecipe, n_inputs: int, tau_mem: np.ndarray, n_labels: int) -> EpropNetwork:
    """Random weights, with the recipe's seed; the membranes keep to the circuit's rails."""
    generator = torch.Generator().manual_seed(recipe.training.seed)
    n = len(tau_mem)
    shapes = ((n_inputs, n), (n, n), (n, n_labels))
    draws = (
        spread / shape[0] ** 0.5 * torch.randn(shape, generator=generator)
        for spread, shape in zip(SPREAD, shapes, strict=True)
    )
    alpha = decay(torch.as_tensor(tau_mem, dtype=torch.float32), DT)
    neurons = LIFParams(alpha, torch.ones(n), triangle, recipe.circuit().v_floor)
    return EpropNetwork(*draws, neurons, float(np.exp(-DT / TAU_READOUT)))


def fit_eprop(
    network: EpropNetwork, parts: Parts, epochs: int, seed: int = 0, reporter: Reporter = Reporter()
) -> tuple[EpropNetwork, tuple[float, ...]]:
    """The network of the best epoch on validation clips, and its accuracy there after each."""
    rng, (clips, labels), history = np.random.default_rng((seed, 3)), parts["train"], []
    best, weights = network, [w.clone() for w in network[:3]]
    optimiser = torch.optim.Adam(weights, LEARNING_RATE)
    for epoch in range(epochs):
        for chosen in _batches(clips, rng):
            drive = _dense([clips[i] for i in chosen])
            gradients, _ = eprop_gradients(drive, torch.as_tensor(labels[chosen]), network._replace(**_named(weights)))
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient
            optimiser.step()
        now = network._replace(**_named([w.clone() for w in weights]))
        history.append(_share(run_network(now, parts["validation"][0])[1], parts["validation"][1]))
        best = now if history[-1] == max(history) else best
        reporter.on_stage("training by e-prop", epoch + 1, epochs)
    return best, tuple(history)


@torch.no_grad()
def run_network(network: EpropNetwork, clips: list[SpikeTrains]) -> tuple[list[SpikeTrains], np.ndarray]:
    """Spikes of the layer in each clip, from rest, and the answers of its readout, `(clip,)`."""
    spikes, answers = [], np.zeros(len(clips), dtype=int)
    for start in range(0, len(clips), 4 * BATCH):
        batch = clips[start : start + 4 * BATCH]
        fired, y = _forward(network, _dense(batch))
        for k, clip in enumerate(batch):
            own = _n_steps(clip)  # what comes later is the silence that fills the batch
            answers[start + k] = int(y[:own, k].sum(0).argmax())
            step, neuron = np.nonzero(fired[:own, k].numpy())
            times = np.minimum((step + 0.5) * DT, clip.duration)
            spikes.append(SpikeTrains(times, neuron, fired.shape[2], clip.duration))
    return spikes, answers


def _forward(network: EpropNetwork, drive: Tensor) -> tuple[Tensor, Tensor]:
    """Spikes `(time, batch, neuron)` and readout `(time, batch, label)`."""
    n_batch, n_labels = drive.shape[1], network.readout.shape[1]
    rest = lif_state(n_batch, network.neurons.alpha)
    spikes, _ = scan(lif_step, drive @ network.inputs, rest, network.neurons, network.recurrent)
    leak = LIFParams(torch.full((n_labels,), network.readout_decay), torch.ones(n_labels))
    y, _ = scan(leaky_step, spikes @ network.readout, lif_state(n_batch, leak.alpha), leak)
    return spikes, y


def _named(weights: list[Tensor]) -> dict[str, Tensor]:
    return dict(zip(("inputs", "recurrent", "readout"), weights, strict=True))


def _n_steps(clip: SpikeTrains) -> int:
    return max(1, int(np.ceil(clip.duration / DT)))


def _dense(clips: list[SpikeTrains]) -> Tensor:
    """Spikes of each step, `(time, clip, channel)`; shorter clips end in silence."""
    n_steps = max(_n_steps(clip) for clip in clips)
    return torch.from_numpy(np.stack([clip.binned(n_steps, DT) for clip in clips], axis=1)).float()


def _batches(clips: list[SpikeTrains], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Every clip once, with others about as long, in random order."""
    about = np.array([clip.duration for clip in clips]) * rng.uniform(0.8, 1.25, len(clips))
    batches = np.array_split(np.argsort(about), max(1, len(clips) // BATCH))
    return (batches[i] for i in rng.permutation(len(batches)))


def _share(answers: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(answers == labels))

"""The reservoir's neurons trained by e-prop instead of drawn. Usage: python examples/eprop.py RECORDINGS [EPOCHS]

As many recurrent neurons as the chip has, in steps of 5 ms, hear the spikes of its 20 input neurons; all their weights
are real numbers, which the chip's are not. Read as the chip is, by least squares on counts in parts of the clip, so the
accuracies compare. The epoch is chosen on validation clips.
"""

import sys

import numpy as np
import torch

from snn import build_reservoir, draw_wiring, load_recipe, open_corpus
from snn.data.splits import SPLITS
from snn.neurons.lif import LIFParams, decay, lif_state, lif_step
from snn.neurons.scan import scan
from snn.plasticity.eprop import EpropNetwork, eprop_gradients
from snn.reservoir.experiment import split_clips
from snn.reservoir.fit import fit_readout, run_clips
from snn.reservoir.tuning import chip_inputs, n_lines, tune

STEP, PARTS, BATCH = 0.005, 6, 64  # s, parts of a clip, clips
recipe, corpus = load_recipe("chip-20-36"), open_corpus(sys.argv[1])
clips = {split: split_clips(recipe, corpus, split, corpus.sample_rate) for split in SPLITS}
tuning = tune(clips["train"], recipe, corpus.media)
reservoir = build_reservoir(
    recipe, tuning.scale, draw_wiring(recipe, n_lines(tuning, recipe), np.random.default_rng(0))
)
spikes, labels = {}, {split: torch.from_numpy(part.labels) for split, part in clips.items()}
for split, part in clips.items():  # parts of a clip of equal length, whatever its own
    heard = run_clips(reservoir, chip_inputs(part.rows, tuning, recipe), part.labels)
    n_steps = round(0.5 / STEP)
    stretched = [clip.binned(n_steps, clip.duration * (1 + 1e-12) / n_steps) for clip in heard.encoder]
    spikes[split] = torch.from_numpy(np.stack(stretched, 1)).float()  # (step, clip, input)

n, n_labels, generator = reservoir.n_reservoir, len(corpus.labels), torch.Generator().manual_seed(0)
sizes = {"inputs": (20, n), "recurrent": (n, n), "readout": (n, n_labels)}
weights = {name: torch.randn(*size, generator=generator) / size[0] ** 0.5 for name, size in sizes.items()}
tau = torch.exp(torch.empty(n).uniform_(np.log(0.01), np.log(0.04), generator=generator))
neurons = LIFParams(decay(tau, STEP), torch.ones(n))
optimiser = torch.optim.Adam(weights.values(), lr=0.01)


def counts(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of the layer in parts of each clip, and the labels."""
    drive, state = spikes[split] @ weights["inputs"], lif_state(spikes[split].shape[1], neurons.alpha)
    z = scan(lif_step, drive, state, neurons, weights["recurrent"])[0]
    parts = [part.sum(0) for part in z.tensor_split(PARTS)]
    return torch.cat(parts, 1).double().numpy(), labels[split].numpy()


for epoch in range(int(sys.argv[2]) if len(sys.argv) > 2 else 10):
    for batch in torch.randperm(len(labels["train"]), generator=generator).split(BATCH):
        network = EpropNetwork(**weights, neurons=neurons, readout_decay=0.9)
        gradients, _ = eprop_gradients(spikes["train"][:, batch], labels["train"][batch], network)
        for name, weight in weights.items():
            weight.grad = getattr(gradients, name)
        optimiser.step()
    fitted = fit_readout(counts("train"), counts("validation"), n_labels)
    test = fitted.readout.accuracy(*counts("test"))
    print(f"epoch {epoch + 1}: validation {fitted.validation_accuracy:.3f}, test {test:.3f}", flush=True)

"""A network of one's own: train, price, export. Usage: python examples/own_network.py OUT [FOLDER_OF_WORDS]

Layers, loop and surrogate are plain PyTorch, batch first. OUT gets network.json: neurons and synapses in SI units.
"""

import sys
from functools import partial

import torch
from torch import nn

import snn
from circuits import load_chip, si, write_network_json

out, *words = sys.argv[1:]
corpus = snn.open_corpus(words[0] if words else snn.prepare("embedded"))
mel = snn.LogMel(sample_rate=int(corpus.sample_rate))
train, test = (snn.load_examples(corpus.split(part), mel) for part in ("train", "test"))
dt, floor, n_labels = mel.hop_s, -1.0, len(corpus.labels)  # inhibition ends a swing below the reset, as in the circuit
LIF = partial(snn.LIF, tau_mem=(0.01, 0.06), dt=dt, v_floor=floor, spike_grad=lambda x: torch.exp(-3 * x.abs()))
model = nn.Sequential(
    snn.LIFEncoder(mel.n_mels, tau_mem=0.02, dt=dt, v_floor=floor),
    *(nn.Linear(2 * mel.n_mels, 96, bias=False), snn.BatchNorm(96), LIF(96, recurrent=True), nn.Dropout(0.1)),
    *(nn.Linear(96, 64, bias=False), snn.BatchNorm(64), LIF(64), nn.Dropout(0.1)),
    *(nn.Linear(64, n_labels), snn.LeakyReadout(n_labels, tau_mem=0.05, dt=dt)),
)
stack = snn.Stack(model, corpus.labels, front_end=mel, name="own network")
optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    total = 0.0
    for batch in torch.randperm(len(train)).split(64):
        loss = stack.loss(train.pick(0, batch), train.labels[batch])  # in one piece; or any loss of model(x)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch)
    print(f"epoch {epoch + 1}: loss {total / len(train):.3f}")
result, trained = snn.evaluate(stack, test), stack.chip()
chip, network = load_chip("btbt-45rfsoi", trained), trained.network
report = chip.price(network, result.activity, chip.place(network, result.activity))
print(f"test accuracy {result.accuracy:.3f}, {si(report.ledger.total, 'J')} per inference")
print(*write_network_json(out, trained))

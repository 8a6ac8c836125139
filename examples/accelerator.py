"""A PyTorch model of one's own on the digital accelerator: exported, in whole numbers, compiled, run, priced."""

import numpy as np
import torch
from torch import nn

from circuits import DigitalSystolic, disassemble, execute, load_chip, quantise, run_integers, si
from circuits.network.activity import Activity
from circuits.quantised.integer_run import quantised_input
from snn import network_of

torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv1d(16, 32, 5, padding=2, bias=False), nn.BatchNorm1d(32), nn.ReLU(),
    nn.Conv1d(32, 32, 3, groups=32), nn.ReLU(), nn.AvgPool1d(4),
    nn.Flatten(), nn.Linear(32 * 11, 10),
).eval()  # fmt: skip
features = torch.randn(64, 16, 48)  # (clip, band, frame): yours in place of these

exported = torch.export.export(model, (features[:1],))
net = network_of(exported, name="own", labels=tuple("0123456789"))
clips = features.transpose(1, 2).double().numpy()  # channels last
whole = quantise(net, clips)

chip = load_chip("digital-systolic")
assert isinstance(chip, DigitalSystolic)  # of all kinds of chip, the one that runs programs
program = chip.program(whole)
x = quantised_input(clips, whole)
logits = execute(program, x).reshape(64, 10)
same_bits = np.array_equal(logits, run_integers(whole, x).reshape(64, 10))
same_answer = float(np.mean(logits.argmax(1) == model(features).detach().numpy().argmax(1)))
report = chip.price(net, Activity(64, 0.48, {}, {}, 0.0), chip.place(net))

print(disassemble(program.instructions[:4], program.remarks()[:4]), end="")
print(f"same bits: {same_bits}; same answer as PyTorch: {same_answer:.2f}; {report.cycles} cycles, ", end="")
print(f"{si(report.ledger.total, 'J')} an inference")

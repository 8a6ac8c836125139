"""Stacks of modules that the tests of stacks share: every encoder, nothing as it starts."""

import pytest
import torch
from torch import nn

from circuits import LIFCircuit, circuit_for_tau
from snn import LIF, AdaptiveLIF, BatchNorm, DeltaEncoder, LatencyEncoder, LeakyReadout, LIFEncoder, RateEncoder, Stack

N_BANDS, N_LABELS, DT = 5, 3, 0.01
CIRCUIT = circuit_for_tau(0.02, LIFCircuit(v_sink=-0.2))
FLOOR = CIRCUIT.v_floor


class Rising(nn.Module):
    """An encoder of one's own: a spike where a band has risen by a step or more; nothing of it is a neuron."""

    n_out = N_BANDS

    def __init__(self, least=0.8):
        super().__init__()
        self.least, self.thinned = least, nn.Dropout(0.5)

    def forward(self, signal):
        return self.stream(signal, None)[0]

    def stream(self, signal, last):
        before = torch.cat((signal[:, :1] if last is None else last[:, None], signal[:, :-1]), 1)
        return (self.thinned(signal - before) > self.least).to(signal.dtype), signal[:, -1]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


ENCODERS = {
    "lif": lambda: LIFEncoder(N_BANDS, tau_mem=0.02, dt=DT, v_floor=FLOOR, generator=generator()),
    "delta": lambda: DeltaEncoder(N_BANDS, threshold=0.5),
    "latency": lambda: LatencyEncoder(N_BANDS, n_steps=3),
    "rate": lambda: RateEncoder(N_BANDS, max_rate=80.0, dt=DT, n_steps=2, generator=generator()),
    "own": Rising,
}
KINDS = pytest.mark.parametrize("kind", ENCODERS)


def modules(kind, dtype=torch.float64):
    """Recurrent LIF behind a normalisation, then adaptive neurons in a stack of their own; nothing is as it starts."""
    torch.manual_seed(4)
    encoder = ENCODERS[kind]()
    common = {"dt": DT, "v_floor": FLOOR}
    wide = nn.Linear(encoder.n_out, 14, bias=kind == "lif"), BatchNorm(14), nn.Dropout(0.2)
    deep = nn.Linear(14, 11), AdaptiveLIF(11, tau_mem=(0.01, 0.03), tau_adapt=0.1, v_threshold=0.7, **common)
    end = nn.Linear(11, N_LABELS), BatchNorm(N_LABELS), LeakyReadout(N_LABELS, tau_mem=(0.02, 0.1), dt=DT)
    model = nn.Sequential(
        encoder, *wide, LIF(14, tau_mem=0.02, recurrent=True, **common), nn.Sequential(*deep, nn.Identity()), *end
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "log_tau" not in name:
                parameter += 0.3 * parameter.abs().mean() * torch.randn(parameter.shape)
        model[2].bias += 0.7
        model[5][0].weight *= 4
        model[5][0].bias += 0.4
    model.to(dtype)
    with torch.no_grad():
        for seed in range(3):
            model(features(seed, dtype))  # statistics of real spikes
    return model


def features(seed, dtype=torch.float64, n_batch=4):
    """Clips whose bands wander, as speech does."""
    steps = torch.randn(n_batch, 40, N_BANDS, generator=generator(seed), dtype=torch.float64)
    return (0.7 * steps + 0.3 * torch.cumsum(steps, 1)).to(dtype)


def stack(kind, **settings):
    return Stack(modules(kind), "abc", circuit=CIRCUIT, name="own", **settings)


def by_modules(model, x):
    """Spikes of every population, and the potential of the readout, module by module in evaluation."""
    spikes = []
    hooks = [
        module.register_forward_hook(lambda module, inputs, z: spikes.append(z))
        for module in model.modules()
        if isinstance(module, (LIF, AdaptiveLIF, *(type(build()) for build in ENCODERS.values())))
    ]
    with torch.no_grad():
        potential = model.eval()(x)
    for hook in hooks:
        hook.remove()
    return spikes, potential


def readout(n=4, n_labels=N_LABELS, dt=DT):
    return nn.Linear(n, n_labels), LeakyReadout(n_labels, tau_mem=0.05, dt=dt)


LAYER = nn.Linear(3, 4), LIF(4, tau_mem=0.02, dt=DT)

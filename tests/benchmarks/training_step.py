"""Speed of a training step, 40-256-256-35 LIF, leaky readout, cross entropy, Adam: against matrix products and a loop.

    python tests/benchmarks/training_step.py [runs/bench.json]

Candidates take turns in one process; every figure is a ratio of medians of the same run. The floor is `torch.mm` alone:
three forward, three weight-gradient and two input-gradient products, and for recurrent layers one product per step
forward and backward and one weight gradient each. All candidates must agree on the loss before any is timed.
"""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch

from circuits.storage import write_json
from snn.kernels import network_loss, reference
from snn.kernels.reference import DenseLayer, Readout
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import boxcar

SIZES, EVIDENCE, ROUNDS = (40, 256, 256, 35), 100.0, 15
SETTINGS = {"t100_b128": (100, 128, False), "t100_b128_recurrent": (100, 128, True), "t1000_b8": (1000, 8, False)}


def network(recurrent: bool) -> tuple[tuple[DenseLayer, ...], Readout]:
    """Random weights with about 10 % hidden activity for unit-variance input."""
    g = torch.Generator().manual_seed(0)

    def weight(scale: float, *shape: int) -> torch.Tensor:
        return (scale * torch.randn(*shape, generator=g) / shape[0] ** 0.5).requires_grad_()

    layers = []
    for fan_in, n, scale in ((40, 256, 4.0), (256, 256, 12.0)):
        alpha, theta = torch.full((n,), 0.8).requires_grad_(), torch.ones(n).requires_grad_()
        loop = weight(0.5, n, n) if recurrent else None
        layers.append(
            DenseLayer(
                weight(scale, fan_in, n), torch.zeros(n).requires_grad_(), LIFParams(alpha, theta, boxcar, -1.0), loop
            )
        )
    return tuple(layers), Readout(
        weight(1.0, 256, 35), torch.zeros(35).requires_grad_(), torch.full((35,), 0.9).requires_grad_()
    )


def floor(n_time: int, n_batch: int, recurrent: bool) -> Callable[[], None]:
    """The dense matrix products of one step, into buffers that exist."""
    rows, (k, n, _, c) = n_time * n_batch, SIZES
    x, h, o, out = (torch.randn(rows, m) for m in (k, n, n, c))
    w = [torch.randn(k, n), torch.randn(n, n), torch.randn(n, c)]
    d = [torch.empty_like(m) for m in w]
    step, step_out = torch.randn(n_batch, n), torch.empty(n_batch, n)

    def run() -> None:
        for a, b, into in ((x, w[0], o), (h, w[1], o), (h, w[2], out)):
            torch.mm(a, b, out=into)
        for a, b, into in ((x, h, d[0]), (h, h, d[1]), (h, out, d[2])):
            torch.mm(a.t(), b, out=into)
        torch.mm(out, w[2].t(), out=o)
        torch.mm(h, w[1].t(), out=o)
        for _ in range(2 if recurrent else 0):
            for _ in range(2 * n_time):
                torch.mm(step, w[1], out=step_out)
            torch.mm(h.t(), h, out=d[1])

    return run


def training_step(loss: Callable, x: torch.Tensor, labels: torch.Tensor, recurrent: bool) -> Callable[[], float]:
    """Forward, backward and Adam with the given loss function, on a network of its own."""
    layers, readout = network(recurrent)
    leaves = [
        t for layer in layers for t in (layer.weight, layer.bias, *layer.params[:2], layer.recurrent) if t is not None
    ]
    optimiser = torch.optim.Adam([*leaves, *readout], 1e-4, fused=True)

    def run() -> float:
        optimiser.zero_grad()
        value = loss(x, labels, layers, readout, EVIDENCE)
        value.backward()
        optimiser.step()
        return value.item()

    return run


def activity(x: torch.Tensor, recurrent: bool) -> list[float]:
    """Mean spikes per neuron and step of the hidden layers."""
    rates = []
    with torch.no_grad():
        for layer in network(recurrent)[0]:
            start = lif_state(x.shape[1], layer.bias)
            x, _ = reference.run_layer(x @ layer.weight + layer.bias, start, layer.params, layer.recurrent)
            rates.append(x.mean().item())
    return rates


def measure(n_time: int, n_batch: int, recurrent: bool) -> dict[str, object]:
    g = torch.Generator().manual_seed(1)
    x, labels = (
        torch.randn(n_time, n_batch, SIZES[0], generator=g),
        torch.randint(0, SIZES[-1], (n_batch,), generator=g),
    )
    steps = {
        "fused": training_step(network_loss, x, labels, recurrent),
        "plain": training_step(reference.network_loss, x, labels, recurrent),
    }
    losses = {name: step() for name, step in steps.items()}
    if abs(losses["fused"] - losses["plain"]) > 0.01 * losses["plain"]:
        raise RuntimeError(f"the candidates disagree on the loss: {losses}")
    candidates = {"fused": steps["fused"], "floor": floor(n_time, n_batch, recurrent)}
    times = {name: [] for name in (*candidates, "plain")}
    for turn in range(ROUNDS):
        for name, run in (*candidates.items(), *([("plain", steps["plain"])] if turn < 4 else [])):
            run()  # steady state: caches and idle threads are this candidate's own, as in training
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "train_step_over_floor": median["fused"] / median["floor"],
        "speed_over_plain_loop": median["plain"] / median["fused"],
        "activity": activity(x, recurrent),
        "step_s": median["fused"],
    }


def main(path: Path) -> None:
    torch.set_flush_denormal(True)
    result = {
        "settings": {name: measure(*setting) for name, setting in SETTINGS.items()},
        "machine": {"processor": platform.processor() or platform.machine(), "threads": torch.get_num_threads()},
        "versions": {name: version(name) for name in ("tunnelspike", "torch", "numpy", "numba")},
    }
    write_json(path, result)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/bench.json"))

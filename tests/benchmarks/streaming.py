"""Time of one step of the feed-forward network for one clip, from Python, on one thread.

python tests/benchmarks/streaming.py
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module

import numpy as np
import torch
from candidates import installed
from network import SIZES, network

from snn.kernels import reference
from snn.kernels.reference import Network

LIBRARIES = ("snntorch", "spikingjelly", "norse")  # sinabs has no single step
ROUNDS, STEPS, CHECKED = 7, 300, 50


def measure(our_step: Callable[[np.ndarray], object] | None = None) -> dict[str, object]:
    """Median microseconds of a step, each library in turn; `our_step` takes one float32 input `(channel,)`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with torch.inference_mode():
            return _ratios(_medians(our_step))
    finally:
        torch.set_num_threads(threads)


def _medians(our_step: Callable[[np.ndarray], object] | None) -> dict[str, float]:
    """Microseconds by name. Every candidate gets inputs of its own kind, made beforehand."""
    arrays = list(np.random.default_rng(1).standard_normal((STEPS, SIZES[0]), dtype=np.float32))
    tensors = [torch.from_numpy(array)[None] for array in arrays]
    names = [name for name in LIBRARIES if name in installed()]
    for name in names:
        _check(name, tensors[:CHECKED])
    runs = {name: (import_module(f"peer_{name}").single_step(network(False)), tensors) for name in names}
    if our_step is not None:
        runs = {"tunnelspike": (our_step, arrays), **runs}
    times = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, (step, inputs) in runs.items():
            _seconds(step, inputs)
            times[name].append(1e6 * _seconds(step, inputs) / STEPS)
    return {name: statistics.median(values) for name, values in times.items()}


def _check(name: str, inputs: list[torch.Tensor]) -> None:
    """Raises: RuntimeError if the steps are not those of the reference."""
    net = network(False)
    step = import_module(f"peer_{name}").single_step(net)
    potential = torch.stack([step(x).clone() for x in inputs])
    expected = reference.run_network(torch.stack(inputs), Network(net.layers, net.readout))[0]
    if not torch.allclose(potential, expected, atol=1e-4):
        raise RuntimeError(f"{name} is {(potential - expected).abs().max():.2g} off the reference: another network")


def _seconds(step: Callable, inputs: list) -> float:
    started = time.perf_counter()
    for x in inputs:
        step(x)
    return time.perf_counter() - started


def _ratios(median: dict[str, float]) -> dict[str, object]:
    ours = median.get("tunnelspike")
    peers = {name: us for name, us in median.items() if name != "tunnelspike"}
    result = {"stream_peers_us": peers}
    if ours is not None:
        result["stream_step_us"] = ours
        result["stream_speed_over_snntorch"] = peers["snntorch"] / ours if "snntorch" in peers else None
    return result


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")

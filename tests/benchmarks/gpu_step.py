"""The GPU kernels on a machine with a GPU: do they agree with the reference, and how fast is a training step?

    python tests/benchmarks/gpu_step.py [runs/gpu.json]

A step is forward, backward and Adam of a LIF network, timed with CUDA events; candidates take turns, figures are
medians. `graphed` replays the same step as one CUDA graph, without the launches from Python. The floor is the dense
matrix products of a step alone (training_step.py counts them). Everything together takes less than five minutes.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from circuits.storage import write_json
from snn.kernels import network_loss, reference
from snn.kernels.reference import DenseLayer, Readout
from snn.neurons.lif import LIFParams, lif_step
from snn.neurons.scan import scan
from snn.neurons.surrogate import boxcar

SETTINGS = {
    "t100_b128": (100, 128, 256, False),
    "t100_b128_recurrent": (100, 128, 256, True),
    "t1000_b8": (1000, 8, 256, False),
    "t100_b512_large": (100, 512, 1024, False),
    "t100_b512_large_recurrent": (100, 512, 1024, True),
}
N_IN, N_LABELS, EVIDENCE = 40, 35, 100.0
TESTS = ("test_kernels_match_reference", "test_gpu_matches_reference", "test_cuda_matches_cpu")


def agreement() -> dict[str, Any]:
    """The consistency tests on this machine, all files at a time: exit code, last line and what failed."""
    folder, result = Path(__file__).resolve().parents[1] / "consistency", {}
    options = ["-q", "-o", "addopts=", "--import-mode=importlib", f"--confcutdir={folder}", "-k", "not cpu or cuda"]
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, str(folder / f"{name}.py")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for name in TESTS
    }  # fmt: skip
    for name, process in running.items():
        try:
            lines = process.communicate(timeout=150)[0].strip().splitlines()
            failed = [line for line in lines if line.startswith(("FAILED", "ERROR", "E  "))]
            result[name] = {"exit_code": process.returncode, "last_line": lines[-1], "failed": failed[:20]}
        except subprocess.TimeoutExpired:
            process.kill()
            result[name] = {"exit_code": None, "last_line": "took too long"}
    return result


def network(n: int, recurrent: bool) -> tuple[tuple[DenseLayer, ...], Readout]:
    """Random weights with about 10 % hidden activity for unit-variance input."""
    g = torch.Generator().manual_seed(0)

    def weight(scale: float, *shape: int) -> torch.Tensor:
        return (scale * torch.randn(*shape, generator=g) / shape[0] ** 0.5).cuda().requires_grad_()

    def full(size: int, value: float) -> torch.Tensor:
        return torch.full((size,), value, device="cuda", requires_grad=True)

    layers = [
        DenseLayer(
            weight(4.0 if fan_in == N_IN else 12.0, fan_in, n),
            full(n, 0.0),
            LIFParams(full(n, 0.8), full(n, 1.0), boxcar, -1.0),
            weight(0.5, n, n) if recurrent else None,
        )
        for fan_in in (N_IN, n)
    ]
    return tuple(layers), Readout(weight(1.0, n, N_LABELS), full(N_LABELS, 0.0), full(N_LABELS, 0.9))


def training_step(loss: Callable, x: torch.Tensor, labels: torch.Tensor, n: int, recurrent: bool) -> Callable:
    """Forward, backward and Adam on a network of its own; returns the loss as a tensor, without waiting for it."""
    layers, readout = network(n, recurrent)
    leaves = [t for la in layers for t in (la.weight, la.bias, *la.params[:2], la.recurrent) if t is not None]
    optimiser = torch.optim.Adam([*leaves, *readout], 1e-4, fused=True, capturable=True)

    def run() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(x, labels, layers, readout, EVIDENCE).value
        value.backward()
        optimiser.step()
        return value.detach()

    return run


def graphed(step: Callable) -> Callable:
    """The same step as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def floor(n_time: int, n_batch: int, n: int, recurrent: bool) -> Callable:
    """The dense matrix products of one step."""
    sizes, rows = (N_IN, n, n, N_LABELS), n_time * n_batch
    activity = [torch.randn(rows, size, device="cuda") for size in sizes]
    weights = [torch.randn(shape, device="cuda") for shape in pairwise(sizes)]
    step, loop = activity[1][:n_batch], weights[1]

    def run() -> None:
        for i, weight in enumerate(weights):
            torch.mm(activity[i], weight)
            torch.mm(activity[i].T, activity[i + 1])
            if i:
                torch.mm(activity[i + 1], weight.T)
        for _ in range(2 if recurrent else 0):
            for _ in range(2 * n_time):
                torch.mm(step, loop)
            torch.mm(activity[1].T, activity[1])

    return run


def milliseconds(run: Callable) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def spikingjelly_step(backend: str, x: torch.Tensor, labels: torch.Tensor, n: int) -> Callable:
    """The same sizes in SpikingJelly, multi-step, with one of its fused backends and a mean over time as readout."""
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    def node() -> torch.nn.Module:
        lif = neuron.LIFNode(5.0, True, 1.0, 0.0, surrogate.ATan(), detach_reset=True, step_mode="m")
        lif.backend = backend
        return lif

    linear = partial(layer.Linear, step_mode="m")
    model = torch.nn.Sequential(linear(N_IN, n), node(), linear(n, n), node(), linear(n, N_LABELS)).cuda()
    optimiser = torch.optim.Adam(model.parameters(), 1e-4, fused=True)

    def run() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(model(x).mean(0), labels)
        value.backward()
        optimiser.step()
        functional.reset_net(model)
        return value.detach()

    return run


def candidates(name: str, x: torch.Tensor, labels: torch.Tensor) -> tuple[dict[str, Callable], dict[str, str]]:
    """Name and step of all that run here, warmed up, and why the others do not."""
    n_time, n_batch, n, recurrent = SETTINGS[name]
    ours, plain = partial(network_loss, backend="gpu"), reference.network_loss
    makers = {
        "gpu": lambda: training_step(ours, x, labels, n, recurrent),
        "gpu_graphed": lambda: graphed(training_step(ours, x, labels, n, recurrent)),
        "floor": lambda: floor(n_time, n_batch, n, recurrent),
        "plain": lambda: training_step(plain, x, labels, n, recurrent),
    }
    if n_time == 100:
        makers["plain_graphed"] = lambda: graphed(training_step(plain, x, labels, n, recurrent))
        stepwise = partial(plain, run_layer=partial(_scan_with, torch.compile(lif_step)))
        makers["compiled_step"] = lambda: training_step(stepwise, x, labels, n, recurrent)
    if not recurrent:
        for backend in ("cupy", "triton"):
            makers[f"spikingjelly_{backend}"] = partial(spikingjelly_step, backend, x, labels, n)
    steps, missing = {}, {}
    for key, make in makers.items():
        try:
            step = make()
            for _ in range(2):
                step()
            torch.cuda.synchronize()
            steps[key] = step
        except Exception as error:  # a peer that is not there, or does not run on this machine
            if key in ("gpu", "plain", "floor"):
                raise
            missing[key] = f"{type(error).__name__}: {error}"[:200]
    return steps, missing


def _scan_with(step: Callable, drive, state, params, recurrent=None):
    return scan(step, drive, state, params, recurrent)


def extra_memory(step: Callable) -> float:
    """Most memory of one step above what stays (MiB)."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def measure(name: str) -> dict[str, Any]:
    n_time, n_batch, n, recurrent = SETTINGS[name]
    g = torch.Generator().manual_seed(1)
    x = torch.randn(n_time, n_batch, N_IN, generator=g).cuda()
    labels = torch.randint(0, N_LABELS, (n_batch,), generator=g).cuda()
    losses = {
        key: training_step(loss, x, labels, n, recurrent)().item()
        for key, loss in {"gpu": partial(network_loss, backend="gpu"), "plain": reference.network_loss}.items()
    }
    if abs(losses["gpu"] - losses["plain"]) > 0.01 * losses["plain"]:
        raise RuntimeError(f"the candidates disagree on the loss: {losses}")
    steps, missing = candidates(name, x, labels)
    times = {key: [] for key in steps}
    for turn in range(15):
        for key, step in steps.items():
            if turn < 3 or not key.startswith(("plain", "compiled")) or n_time == 100:
                times[key].append(milliseconds(step))
    return {
        "milliseconds": {key: statistics.median(values) for key, values in times.items()},
        "extra_memory_mib": {key: extra_memory(steps[key]) for key in steps if key in ("gpu", "plain")},
        "loss": losses,
        "not_run": missing,
    }


def main(path: Path) -> None:
    torch.backends.cuda.matmul.allow_tf32 = False
    result = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "settings": {name: measure(name) for name in SETTINGS},
        "agreement": agreement(),
    }
    write_json(path, result)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    if not torch.cuda.is_available():
        raise SystemExit(
            "gpu_step.py measures a GPU and PyTorch finds none; the CPU has tests/benchmarks/training_step.py"
        )
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/gpu.json"))

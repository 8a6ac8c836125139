"""The project against matrix products, PyTorch loops and other libraries, in JSON and as a table beside it.

    python tests/benchmarks/main.py [runs/bench.json]

Network 40-256-256-35 LIF, leaky readout, cross entropy, Adam. Every figure is a ratio of medians of the same run.
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import circuit_updates
import numpy as np
import recipe_training
import streaming
import torch
import training_step
from candidates import LIBRARIES, OURS
from memory import REPEATS, extra_memory_mib
from network import SETTINGS, network
from table import table

from circuits.storage import write_json, write_text
from snn.kernels import reference
from snn.live.stream import NetworkStream

THREADS = 2
DATA = Path(os.environ.get("SNN_DATA", Path(__file__).parents[3] / "shared" / "data"))
PACKAGES = ("tunnelspike", "torch", "numpy", "numba", "brian2", *LIBRARIES)


def measure() -> dict[str, object]:
    settings = {}
    for name, setting in SETTINGS.items():
        _progress(name)
        settings[name] = training_step.measure(setting)
    for name, result in settings.items():
        _progress(f"memory of {name}")
        _add_memory(result, name)
    _progress("streaming and front end")
    return {
        "settings": settings,
        "recipes": _recipes(),
        **streaming.measure(_our_step()),
        "logmel_over_librosa": _logmel_over_librosa(),
        **_circuits(),
        "machine": machine(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def _recipes() -> dict[str, object]:
    _progress(f"recipes, on recordings in {DATA}")
    return recipe_training.measure(DATA)


def _circuits() -> dict[str, object]:
    _progress("circuits")
    return circuit_updates.measure()


def _our_step() -> Callable[[np.ndarray], object]:
    """One step of the feed-forward network for one clip; each goes on from the state of the one before."""
    net = network(False)
    stream = NetworkStream(reference.Network(net.layers, net.readout))
    state = stream.start()

    def step(x: np.ndarray) -> np.ndarray:
        nonlocal state
        potential, state = stream.push(x[None, None], state)
        return potential

    return step


def _add_memory(result: dict, setting: str) -> None:
    """The memory bar is that of the first setting: there everyone is measured three times, elsewhere once."""
    repeats = REPEATS if setting == next(iter(SETTINGS)) else 1
    result["extra_memory_mib"] = extra_memory_mib(OURS, setting)
    for name, peer in result["peers"].items():
        peer["memory_mib"] = extra_memory_mib(name, setting, repeats)
    libraries = [peer["memory_mib"] for name, peer in result["peers"].items() if name in LIBRARIES]
    result["leanest_peer_memory_mib"] = min(libraries, default=None)


def _logmel_over_librosa() -> float | None:
    if not find_spec("log_mel"):
        return None
    import log_mel

    return log_mel.measure()["logmel_over_librosa"]


def machine() -> dict[str, object]:
    """The processor, its cores, and what the run used of them."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _progress(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%X')} {what}\n")


def main(path: Path) -> None:
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)
    result = measure()
    write_json(path, result)
    write_text(path.with_suffix(".md"), table(result))
    sys.stdout.write(table(result))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/bench.json"))

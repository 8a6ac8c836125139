"""Time of a training step: candidates take turns in one process, every figure is a ratio of medians of the same run.

All candidates must agree on the loss before any is timed.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable

from candidates import LIBRARIES, LOOPS, OURS, installed, same_dynamics, training_step
from floor import floor
from network import Setting, activity, data

TURNS, FEWER_TURNS = 15, 5  # of the project and the floor; of the slower rest
TOLERANCE = 0.01


def measure(setting: Setting) -> dict[str, object]:
    """Ratios and times (s) of one setting."""
    x, labels = data(setting.n_time, setting.n_batch)
    names = (OURS, *LOOPS, *installed())
    steps = {name: training_step(name, setting.recurrent) for name in names}
    losses = _first_losses(steps, x, labels)
    runs = {"floor": floor(setting)} | {name: _bind(steps[name], x, labels) for name in losses}
    median = _medians(runs)
    libraries = {name: seconds for name, seconds in median.items() if name in LIBRARIES}
    return {
        "train_step_over_floor": median[OURS] / median["floor"],
        "speed_over_fastest_peer": min(libraries.values()) / median[OURS] if libraries else None,
        "speed_over_plain_loop": median["plain_loop"] / median[OURS],
        "speed_over_compiled_loop": median["compiled_loop"] / median[OURS] if "compiled_loop" in median else None,
        "activity": activity(x, setting.recurrent),
        "step_s": median[OURS],
        "floor_s": median["floor"],
        "loss": losses[OURS],
        "peers": {
            name: {"step_s": median[name], "loss": losses[name], "same_dynamics": name in LOOPS or same_dynamics(name)}
            for name in losses
            if name != OURS
        },
    }


def _bind(step: Callable, x, labels) -> Callable[[], object]:
    return lambda: step(x, labels)


def _first_losses(steps: dict[str, Callable], x, labels) -> dict[str, float]:
    """Losses of the first step by name. Raises: RuntimeError where a neuron that should be the same is not."""
    losses = {}
    for name, step in steps.items():
        try:
            losses[name] = step(x, labels)
        except RuntimeError as error:
            if name != "compiled_loop":
                raise
            sys.stderr.write(f"compiled_loop is left out, torch.compile needs a C++ compiler: {error}\n")
    expected = losses["plain_loop"]
    for name, loss in losses.items():
        same = name not in LIBRARIES or same_dynamics(name)
        if same and not abs(loss - expected) <= TOLERANCE * expected:
            raise RuntimeError(f"{name} has loss {loss:.4f}, the plain loop {expected:.4f}: not the same network")
    return losses


def _medians(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median time (s) by name; each runs once untimed before, so that caches and idle threads are its own."""
    times = {name: [] for name in runs}
    for turn in range(TURNS):
        gc.collect()  # graphs of the last turn
        for name, run in runs.items():
            if name not in (OURS, "floor") and turn % (TURNS // FEWER_TURNS):
                continue
            run()
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}

"""Every stage of `make bench` runs, on sizes of seconds: what is only run by hand goes stale unseen."""

import importlib
import math
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def stage(monkeypatch):
    """A module of the benchmark, some of its sizes made small."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    threads, flushing = torch.get_num_threads(), torch.tensor(1e-39) * 1 == 0

    def load(name: str, **sizes: object):
        module = importlib.import_module(name)
        for size, value in sizes.items():
            monkeypatch.setattr(module, size, value)
        return module

    yield load
    torch.set_num_threads(threads)
    torch.set_flush_denormal(bool(flushing))


def test_the_front_end_is_timed_beside_librosa(stage):
    result = stage("log_mel", ROUNDS=1, N_CLIPS=4).measure()
    assert all(0 < value < math.inf for value in result.values())


def test_a_streamed_step_is_timed(stage):
    stage("streaming", ROUNDS=1, STEPS=8, CHECKED=2)
    assert stage("main").streaming.measure(stage("main")._our_step())["stream_step_us"] > 0


def test_a_training_step_is_timed_beside_the_loops(stage):
    stage("training_step", TURNS=1, FEWER_TURNS=1, LOOPS=("plain_loop",), installed=tuple)
    result = stage("main").training_step.measure(stage("network").Setting(10, 2, recurrent=True))
    assert result["peers"].keys() == {"plain_loop"}
    assert result["train_step_over_floor"] > 0


def test_circuits_are_timed_beside_their_floors(stage, monkeypatch):
    circuits = stage("circuit_updates", N=1000, STEPS=2000, ROUNDS=1, SAMPLE=50)
    monkeypatch.setattr(circuits.shutil, "which", lambda name: None)
    result = circuits.measure()
    assert result["circuit_updates_over_device_equation"] > 0
    assert result["circuit_spike_time_error"]["ours"] < 1e-3

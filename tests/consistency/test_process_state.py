"""Whoever calls this package finds the process as it was: nothing global is changed behind their back."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STATE = """
import locale, os, random, signal, sys, warnings
import numpy as np, torch, matplotlib
import librosa.filters, numba, scipy.linalg, setuptools, sympy, torch._dynamo, torch._inductor.runtime.cache_dir_utils
torch._inductor.runtime.cache_dir_utils.cache_dir()  # what a library does when it is first used is not ours

def state():
    umask = os.umask(0o22)
    os.umask(umask)
    return {
        "denormals": float(torch.tensor([1.2e-38]) * 0.25) == 0 or np.float32(1.2e-38) * np.float32(0.25) == 0,
        "threads": torch.get_num_threads(),
        "interop threads": torch.get_num_interop_threads(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "grad": torch.is_grad_enabled(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "torch random": torch.random.get_rng_state().numpy().tobytes(),
        "numpy random": repr(np.random.get_state()),
        "python random": random.getstate(),
        "numpy errors": np.geterr(),
        "numpy printing": str(np.get_printoptions()),
        "warnings": [f for f in warnings.filters],
        "signals": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
        "umask": umask,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "locale": locale.setlocale(locale.LC_ALL),
        "backend": matplotlib.rcParams["backend"],
        "settings": {k: v for k, v in matplotlib.rcParams.items() if k != "backend"},
        "hook": sys.excepthook,
        "path": list(sys.path),
        "recursion": sys.getrecursionlimit(),
    }

def changed(work, name):
    before = state()
    work()
    after = state()
    for key in before:
        if before[key] != after[key]:
            new = set(map(str, after[key].items() if key == "environment" else [after[key]]))
            old = set(map(str, before[key].items() if key == "environment" else [before[key]]))
            print(name, "changes", key, ":", str(old - new)[:200], "->", str(new - old)[:200])
"""


def _told(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", STATE + code], cwd=folder, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_training_evaluating_and_exporting_leave_the_process_as_it_was(tmp_path, words, recipe):
    code = f"""
words, recipe, run = {str(words)!r}, {str(recipe)!r}, {str(tmp_path / "run")!r}
from snn import evaluate_run, load_recipe, load_run, train
from circuits.netlist.handover import handover
chosen = load_recipe(recipe)
changed(lambda: train(chosen, words, run), "train")
loaded = load_run(run)
changed(lambda: evaluate_run(loaded), "evaluate")
changed(lambda: evaluate_run(loaded, engine="brian2"), "evaluate in brian2")
from circuits.neuron.circuit import LIFCircuit
from snn.report.silicon_figures import figure_f_i
from snn.report.pictures import save_figure
changed(lambda: save_figure(run + "/p.png", figure_f_i(LIFCircuit())), "a picture")
"""
    assert _told(code, tmp_path) == ""


def test_simulating_circuits_leaves_the_process_as_it_was(tmp_path):
    code = """
from circuits.neuron.circuit import LIFCircuit
from circuits.transient import population, simulate
from circuits.variation.monte_carlo import monte_carlo
changed(lambda: simulate(population(LIFCircuit(), 100), 1e-4), "simulate")
changed(lambda: monte_carlo(LIFCircuit(), 100, n_jobs=2), "monte carlo")
"""
    assert _told(code, tmp_path) == ""

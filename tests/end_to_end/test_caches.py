"""Compiled code, fonts and settings are kept where a disk lets them, and nothing needs that."""

import importlib
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from circuits import compile as compiling

ROOT = Path(__file__).resolve().parents[2]
# The loops of BSA, of an ear, of a transient and of learning, librosa's own, and a picture.
WORK = """
import numpy as np
from circuits.neuron.circuit import LIFCircuit
from circuits.transient import population, simulate
from snn.audio.features import mel_filters
from snn.encoders.bsa import bsa_encode, bsa_filter
from snn.plasticity import calcium, stdp
from snn.report.silicon_figures import figure_f_i
print(len(simulate(population(LIFCircuit(), 1), 1e-4).own_times) > 0, mel_filters(8000, 256, 20, 50.0, None).shape)
print(bsa_encode(np.ones((1, 50, 2)), bsa_filter(0.001)).shape)
figure_f_i(LIFCircuit()).savefig("picture.png")
"""


def _started_without_a_home(tmp_path, code, **environment):
    """A fresh interpreter whose home is a file and whose compiled code would go there, as in a read-only install."""
    nowhere = tmp_path / "file"
    nowhere.touch()
    environment = os.environ | {
        "HOME": str(nowhere), "XDG_CACHE_HOME": str(nowhere), "XDG_CONFIG_HOME": str(nowhere), "PYTHONPATH": str(ROOT),
        "NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator,UserWideCacheLocator", **environment,
    }  # fmt: skip
    environment.pop("MPLCONFIGDIR", None)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_without_a_folder_for_compiled_code_everything_runs_and_one_line_names_the_remedy(tmp_path):
    done = _started_without_a_home(tmp_path, WORK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "True torch.Size([20, 129])"
    told = [line for line in done.stderr.splitlines() if "NUMBA_CACHE_DIR" in line]
    assert len(told) == 1, done.stderr
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_the_folder_that_the_line_names_ends_the_complaint(tmp_path):
    code = "from snn.encoders import bsa; import circuits.transient.step"
    done = _started_without_a_home(tmp_path, code, NUMBA_CACHE_DIR=str(tmp_path / "kept"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("fails", ["load_overload", "save_overload"])
def test_a_loop_whose_code_cannot_be_read_or_kept_runs(monkeypatch, fails):
    """A full disk, or files of another user in the folder."""

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling.FunctionCache, "load_overload", lambda *arguments: None)  # of a run before
    monkeypatch.setattr(compiling.FunctionCache, fails, full)

    @compiling.jit
    def twice(x):
        return x + x

    with pytest.warns(compiling.CacheWarning, match=r"No space left on device; set NUMBA_CACHE_DIR"):
        assert twice(np.float64(2.0)) == 4.0


def _started(function):
    """How often a fresh loop found its code on disk, and how often it was compiled."""
    loop = compiling.exact_jit(function)
    assert loop(np.float64(2.0)) == 4.0
    return sum(loop.stats.cache_hits.values()), sum(loop.stats.cache_misses.values())


def _twice(x):
    return x + x


def test_code_that_is_damaged_inside_is_never_run(tmp_path, monkeypatch):
    """One byte of the machine code: the pickle around it is whole, and LLVM or the loop would end the process."""
    monkeypatch.setattr(compiling.numba.config, "CACHE_DIR", str(tmp_path))
    assert _started(_twice) == (0, 1)
    (kept,) = tmp_path.rglob("*.nbc")
    data = bytearray(kept.read_bytes())
    data[data.index(b"\x7fELF") + 4] ^= 1
    kept.write_bytes(data)
    with pytest.warns(compiling.CacheWarning, match="compiled anew: a damaged cache .* is not what was kept"):
        assert _started(_twice) == (0, 1)
    assert _started(_twice) == (1, 0)


def test_what_numba_kept_without_a_digest_is_compiled_anew_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling.numba.config, "CACHE_DIR", str(tmp_path))
    assert compiling.numba.njit(_twice, cache=True)(np.float64(2.0)) == 4.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [_started(_twice), _started(_twice)] == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: bytes(len(data))]
)
@pytest.mark.parametrize("kind", ["nbi", "nbc"], ids=["the list", "the code"])
def test_a_half_written_cache_is_told_once_and_rebuilt(tmp_path, monkeypatch, damage, kind):
    """What a process left that was killed, or a disk that was full."""
    monkeypatch.setattr(compiling.numba.config, "CACHE_DIR", str(tmp_path))

    def started():
        @compiling.exact_jit
        def twice(x):
            return x + x

        assert twice(np.float64(2.0)) == 4.0
        return twice.stats

    started()
    (kept,) = tmp_path.rglob(f"*.{kind}")
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.warns(compiling.CacheWarning, match="compiled anew: a damaged cache"):
        started()
    assert started().cache_hits


PART = "from circuits.compile import inline\n\n\n@inline\ndef part(x):\n    return {} * x\n"
LOOP = """
from circuits.compile import lean_jit
from taken_in import part


@lean_jit
def loop(x):
    for j in range(x.shape[0]):
        x[j] = part(x[j])
"""


def test_a_loop_is_compiled_anew_when_one_that_it_takes_in_has_changed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "takes_in.py").write_text(LOOP)
    for factor, hits in ((2.0, 0), (2.0, 1), (3.0, 0)):
        (tmp_path / "taken_in.py").write_text(PART.format(factor))
        for name in ("takes_in", "taken_in"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        compiling._digest.cache_clear()
        loop, x = importlib.import_module("takes_in").loop, np.ones(3)
        loop(x)
        assert x.tolist() == [factor] * 3
        assert sum(loop.stats.cache_hits.values()) == hits

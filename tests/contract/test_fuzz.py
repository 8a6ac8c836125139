"""The fuzzer counts each kind of fault, repeats an input from its index, and finds none in a sample of its inputs."""

import json
import signal
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "fuzz"
DAMAGED = """
import os, time
from dataclasses import replace
from pathlib import Path

import numpy as np

from circuits.errors import InputError
from lies import wrote
from mutations import mutate_bytes
from reader import Reader

FAULTS = {
    "KeyError": lambda: {}["x"],
    "sleep": lambda: time.sleep(600),
    "memory": lambda: np.ones(45 << 20).sum(),
    "NaN": lambda: [1.0, float("nan")],
    "abort": os.abort,
    "nameless": lambda: (_ for _ in ()).throw(InputError("something is wrong")),
    "taken": lambda: 1.0,
    "EINVAL": lambda: (_ for _ in ()).throw(OSError(22, "Invalid argument", "fuzzed.txt")),
}


def read(path):
    return FAULTS.get(path.read_bytes().decode("latin-1"), lambda: 1.0)()


LIES = tuple(wrote(name, lambda data, name=name: name.encode(), refuse=name == "taken") for name in FAULTS)
READERS = (Reader("damaged", "*.txt", "fuzzed.txt", read, lambda value, path: "", mutate_bytes, LIES),)
"""


@pytest.fixture
def fuzz(monkeypatch):
    """The modules of the fuzzer, which is a program and no package."""
    monkeypatch.syspath_prepend(str(FUZZ))


@pytest.fixture
def seeds(tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "a.txt").write_text("valid")
    return tmp_path / "seeds"


def counted(capsys, *arguments):
    from main import main

    code = main(["--workers", "1", "--json", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_each_kind_of_fault_of_a_reader_is_counted_and_named(fuzz, seeds, tmp_path, monkeypatch, capsys):
    """Eight lies at every sixth input; what lies between is read well. A nameless error, an error of the system that is
    not of the path and a lie that is taken count as wrong, too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "damaged.py").write_text(DAMAGED)
    code, told, err = counted(capsys, "--table", "damaged", "--seeds", seeds, "--inputs", 43, "--seconds", 2)
    bad = {"wrong_exception": 3, "accepted_wrong": 2, "hang": 1, "crash": 1, "memory_over": 1}
    assert (code, told) == (1, {"seed": 0, "inputs": 43, "refused": 0, "accepted": 35} | bad)
    for name in ("KeyError", "sleep", "memory", "NaN", "abort", "nameless", "taken", "EINVAL"):
        assert f"damaged: {name}" in err
    code, told, _ = counted(capsys, "--table", "damaged", "--seeds", seeds, "--only", 18)
    assert (code, told["inputs"], told["accepted_wrong"]) == (1, 1, 1)


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """The readers of the product, and a folder with their valid files."""
    sys.path.insert(0, str(FUZZ))
    try:
        from readers import READERS
        from seeds import make_seeds

        folder = tmp_path_factory.mktemp("fuzz") / "seeds"
        make_seeds(folder)
        yield READERS, folder
    finally:
        sys.path.remove(str(FUZZ))


def test_an_index_gives_the_same_input_every_time(readers, tmp_path):
    from inputs import Table

    for index in range(0, 600, 7):
        first, second = (Table(*readers, 3).make(index, tmp_path / name) for name in "ab")
        assert (first.name, first.lie) == (second.name, second.lie)
        if first.path.is_file() and first.path.stat().st_size < 1 << 24:
            assert first.path.read_bytes() == second.path.read_bytes()


def test_every_reader_accepts_its_valid_files(readers, tmp_path):
    from inputs import Table
    from outcome import outcome

    inputs, refused = Table(*readers, 0), []
    for reader in inputs.readers:
        assert inputs.valid(reader), reader
        for path in inputs.valid(reader)[:1]:
            kind, detail = outcome(reader, inputs.place(reader, tmp_path / "x", path.read_bytes()))
            refused += [] if kind == "accepted" else [f"{reader.name}: {path.name} {detail}"]
    assert [line for line in refused if "PCM_16" not in line] == []  # an AIFF file is no WAV


class Late(BaseException):
    """No reader catches it."""


def late(number, frame):
    raise Late


def test_a_sample_of_two_hundred_inputs_is_refused_well_or_taken_rightly(readers, tmp_path, monkeypatch, capfd):
    from inputs import Table
    from outcome import GOOD
    from worker import within_memory

    monkeypatch.setenv("SNN_DATA", str(tmp_path / "data"))
    inputs = Table(*readers, 1)
    signal.signal(signal.SIGALRM, late)
    bad = []
    for index in [k for k in range(0, 9400, 47) if not inputs.is_heavy(k)]:
        given = inputs.make(index, tmp_path / "input")
        signal.alarm(10)
        kind, detail = within_memory(given)
        signal.alarm(0)
        bad += [] if kind in GOOD else [f"--seed 1 --only {index} {given.name}: {kind} {detail}"]
    assert bad == []
    assert capfd.readouterr().out == ""

"""A short soak passes, and each of its checks fails on a damaged copy of what it checks."""

import gc
import json
import os
import runpy
import sys
import tempfile
import threading
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from snn.live.stream import AudioStream

SOAK = Path(__file__).parents[1] / "soak"


@pytest.fixture(scope="module")
def rooms():
    """The modules of the soak, which import each other as the script's neighbours."""
    sys.path.insert(0, str(SOAK))
    gc.freeze()  # what other tests hold, from here on for good, need not be searched for rubbish at every count
    try:
        import load
        import rounds
        import work

        yield {"load": load, "rounds": rounds, "work": work, "main": runpy.run_path(str(SOAK / "main.py"))["main"]}
    finally:
        sys.path.remove(str(SOAK))


def test_a_short_soak_finds_nothing(rooms, capsys):
    before = tempfile.gettempdir()
    words = "--hours-of-audio 0.006 --evaluations 3 --trainings 3 --load 0 --json"
    assert rooms["main"](words.split()) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == ""
    assert (told["hours_of_audio"], told["evaluations"], told["trainings"]) == (20 / 3600, 3, 3)
    assert [told[name] for name in rooms["rounds"].FAILURES] == [0] * 7
    assert tempfile.gettempdir() == before


def test_two_trainings_of_other_seeds_are_told_apart(rooms, tmp_path):
    """Else the comparison of one seed's trainings would compare nothing."""
    work = rooms["work"].make_work(tmp_path, 0)
    assert len({work.train(0), work.train(1), work.evaluate()}) == 3


def damaged(rooms, folder, pieces=8, **parts):
    """What a soak of four rounds tells, of which two warm up, of work that is sound but for these parts."""
    sound = rooms["rounds"].Work(train=str, evaluate=lambda: "numbers", hear=lambda piece: True)
    plan = rooms["rounds"].Plan(pieces=pieces, evaluations=8, trainings=4)
    told = rooms["rounds"].soak(replace(sound, **parts), plan, folder)
    return {name: told[name] for name in rooms["rounds"].FAILURES if told[name]}


def test_sound_work_is_told_sound(rooms, tmp_path):
    assert damaged(rooms, tmp_path) == {}


def test_a_training_that_depends_on_the_round_is_found(rooms, tmp_path):
    rounds = count()
    assert damaged(rooms, tmp_path, train=lambda seed: f"{seed} {next(rounds) // 3}") == {"training_differs": 1}


def test_an_evaluation_that_wavers_is_found(rooms, tmp_path):
    calls = count()
    assert damaged(rooms, tmp_path, evaluate=lambda: str(next(calls) == 7)) == {"evaluation_differs": 1}


def test_a_leaking_descriptor_is_found(rooms, tmp_path):
    left = []
    try:
        told = damaged(rooms, tmp_path, evaluate=lambda: left.append(os.open(os.devnull, os.O_RDONLY)) or "numbers")
    finally:
        for file in left:
            os.close(file)
    assert told == {"open_files_left": 4}


def test_a_thread_that_does_not_end_is_found(rooms, tmp_path):
    end = threading.Event()

    def train(seed: int) -> str:
        threading.Thread(target=end.wait, daemon=True).start()
        return str(seed)

    try:
        assert damaged(rooms, tmp_path, train=train) == {"threads_left": 2}
    finally:
        end.set()


def test_a_temporary_file_that_is_left_is_found(rooms, tmp_path):
    assert damaged(rooms, tmp_path, hear=lambda k: (tmp_path / f"{k}.part").write_bytes(b"") == 0) == {"files_left": 4}


class Leaking(AudioStream):
    """Keeps something of every chunk."""

    def __init__(self, model):
        super().__init__(model)
        self.kept = []

    def push(self, samples, state):
        self.kept.append(bytearray(2**18))
        return super().push(samples, state)


class Late(AudioStream):
    """Its answers depend, in the last bits, on how the sound was cut."""

    def push(self, samples, state):
        answers, state = super().push(samples, state)
        return answers * (1 + 2**-22 * (len(samples) > 4000)), state


class Silent(AudioStream):
    """Answers nothing, which is the same for whatever chunks."""

    def push(self, samples, state):
        answers, state = super().push(samples, state)
        return 0 * answers, state


@pytest.mark.parametrize(
    ("stream", "found"), [(Leaking, "memory_over"), (Late, "stream_differs"), (Silent, "stream_differs")]
)
def test_a_damaged_stream_is_found(rooms, tmp_path, monkeypatch, stream, found):
    for name in ("PIECE", "LONG"):
        monkeypatch.setattr(rooms["work"], name, 2 * rooms["work"].SAMPLE_RATE)
    hear = rooms["work"].make_work(tmp_path, 0, stream).hear
    assert list(damaged(rooms, tmp_path, hear=hear, pieces=4)) == [found]


def test_load_lasts_and_its_processor_time_is_told(rooms):
    before = rooms["load"].load_seconds()
    with rooms["load"].load(1):
        time.sleep(0.5)
    assert rooms["load"].load_seconds() > before


def test_load_that_ends_early_is_no_load(rooms, monkeypatch):
    monkeypatch.setattr(rooms["load"], "BUSY", "pass")
    with pytest.raises(RuntimeError, match="1 of 1 processes"), rooms["load"].load(1):
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)


@pytest.mark.parametrize("words", ["--trainings 2", "--evaluations -1", "--hours-of-audio -1", "--load -1"])
def test_a_soak_without_rounds_after_the_warm_up_is_refused(rooms, words):
    with pytest.raises(SystemExit, match="2"):
        rooms["main"](words.split())

"""As many clips as Speech Commands v0.02 has, with three altered copies each: within 4 GiB, read once."""

import json
import os
import shutil
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[2])
N_CLIPS, MOST_GIB = 105_829, 4.0
SETTINGS = ("copies=3", "epochs=1", "hidden=[16]", "batch_size=512", "sample_rate=16000")
TRAIN = """
import json, resource, sys
from snn.experiments.train import train
from snn.recipes.recipe import load_recipe
data, out, *settings = sys.argv[1:]
metrics = train(load_recipe("speech-commands-35", settings), data, out)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"n": [metrics.n_train, metrics.n_validation, metrics.n_test], "peak_gib": peak / 2**30}))
"""
AGAIN = """
from snn.audio.features import LogMel
def refuse(*arguments):
    raise AssertionError("a clip is read at the second start")
LogMel.read = refuse
"""


def started(code, *arguments, **environment):
    """What a fresh process prints last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": ROOT, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_corpus_as_large_as_speech_commands_trains_within_4_gib_and_is_read_once(recordings, tmp_path):
    """Hard links to a few hundred recordings; the second start refuses to read one. 7 GB of disk, ten minutes."""
    data, kept = tmp_path / "words", tmp_path / "kept"
    words = sorted(path for path in (recordings / "speech_commands_subset").iterdir() if path.is_dir())
    sources = [path for word in words for path in sorted(word.glob("*.*"))[:10]]
    for i, source in enumerate(islice(cycle(sources), N_CLIPS)):
        link, first = data / source.parent.name / f"{i:06}{source.suffix}", i < len(sources)
        link.parent.mkdir(parents=True, exist_ok=True)
        original = data / source.parent.name / f"{i % len(sources):06}{source.suffix}"
        shutil.copyfile(source, link) if first else link.hardlink_to(original)
    for code, out in ((TRAIN, "first"), (AGAIN + TRAIN, "second")):
        told = started(code, data, tmp_path / out, *SETTINGS, SNN_FEATURES=str(kept))
        assert sum(told["n"]) == N_CLIPS
        assert told["peak_gib"] < MOST_GIB

"""Two processes that keep features of the same clips at once leave one whole file."""

import subprocess
import sys

import pytest

from snn.audio import feature_cache
from snn.audio.examples import load_examples
from snn.audio.features import LogMel
from snn.data.corpora.clip import Clip

FILL = """
import pathlib, sys, time
from snn.audio import feature_cache
from snn.audio.examples import load_examples
from snn.audio.features import LogMel
from snn.data.corpora.clip import Clip
feature_cache.FEWEST = 1
clips = [Clip(path, 0, "", "train") for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.wav"))]
print("ready", flush=True)
sys.stdin.readline()
features = load_examples(clips, LogMel(8000, duration_s=0.3, n_mels=8)).features
print(features.double().sum().item(), flush=True)
"""


@pytest.mark.slow
def test_two_processes_that_fill_it_at_once_leave_one_whole_file(few, tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    monkeypatch.setenv("SNN_FEATURES", str(folder))
    run = [sys.executable, "-c", FILL, str(few)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(run, **pipes) for _ in range(2)]
    assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    sums = [float(one.communicate()[0]) for one in both]
    monkeypatch.setenv("SNN_FEATURES", "off")
    clips = [Clip(path, 0, "", "train") for path in sorted(few.rglob("*.wav"))]
    assert sums == [load_examples(clips, LogMel(8000, duration_s=0.3, n_mels=8)).features.double().sum().item()] * 2
    assert [path.suffix for path in folder.iterdir()] == [feature_cache.SUFFIX]

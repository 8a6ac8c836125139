"""The same work leaves the same bytes in every file, in whatever order a process has its sets; modes are the umask's."""

import csv
import json
import os
import stat
import subprocess
import sys

import pytest

FLOW = """
import sys
from snn.cli.app import app
recipe, words, out = sys.argv[1:]
app(["train", recipe, "--data", words, "--out", f"{out}/run", "--set", "epochs=1", "--json"], standalone_mode=False)
for picture in ("svg", "png", "pdf"):
    app(["map", f"{out}/run", "--csv", f"{out}/energy.csv", "--plot", f"{out}/energy.{picture}", "--out", f"{out}/map",
         "--json"], standalone_mode=False)
app(["export", f"{out}/run", "--format", "all", "--out", f"{out}/export", "--json"], standalone_mode=False)
"""


@pytest.fixture(scope="module")
def twice(tmp_path_factory, spoken, tiny):
    """The flow in two processes of different hash seeds, under a umask that lets the group write."""
    folder = tmp_path_factory.mktemp("twice")
    (folder / "tiny.toml").write_text(tiny)
    for seed in ("1", "2"):
        command = [sys.executable, "-c", FLOW, folder / "tiny.toml", spoken, folder / seed]
        environment = os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, umask=0o002)
        assert done.returncode == 0, done.stderr
    return folder / "1", folder / "2"


def timeless(path):
    """What is in a file, but for how long it took."""
    if path.name == "metrics.json":
        return {**json.loads(path.read_text()), "seconds": 0.0}
    if path.name == "history.csv":
        return [row | {"seconds": 0.0} for row in csv.DictReader(path.read_text().splitlines())]
    return path.read_bytes()


def test_the_same_run_gives_the_same_bytes_of_every_file(twice):
    first, second = ({path.relative_to(out): timeless(path) for path in sorted(out.rglob("*")) if path.is_file()}
                     for out in twice)  # fmt: skip
    assert len(first) > 15
    assert {path.suffix for path in first} >= {".safetensors", ".json", ".csv", ".svg", ".png", ".pdf", ".cir", ".va"}
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []


def test_files_follow_the_umask(twice):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in twice[0].rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o664}, modes

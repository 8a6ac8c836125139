"""The same work leaves the same bytes in every file, whatever the order of a set is; modes of files are the umask's."""

import csv
import json
import os
import stat
import subprocess
import sys
import time

import pytest
import torch
from matplotlib.figure import Figure

from snn.report.pictures import FORMATS, save_figure
from snn.tensors import save_tensors

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


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_of_every_file(twice):
    first, second = ({path.relative_to(out): timeless(path) for path in sorted(out.rglob("*")) if path.is_file()}
                     for out in twice)  # fmt: skip
    assert len(first) > 15
    assert {path.suffix for path in first} >= {".safetensors", ".json", ".csv", ".svg", ".png", ".pdf", ".cir", ".va"}
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []


@pytest.mark.slow
def test_files_follow_the_umask(twice):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in twice[0].rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o664}, modes


def test_the_same_tensors_and_pictures_are_the_same_bytes_under_the_umask(tmp_path):
    """The names of metadata lie in a hash table, whose order differs from one to the next."""
    metadata, figure = {f"name{i}": i for i in range(20)}, Figure()
    figure.subplots().fill_between([0, 1], [0, 1], hatch="/")
    found = {suffix: set() for suffix in (".safetensors", *FORMATS)}
    before = os.umask(0o027)
    try:
        for _ in range(3):
            save_tensors(tmp_path / "a.safetensors", {"b": torch.ones(2), "a": torch.ones(1)}, metadata)
            for suffix in FORMATS:
                save_figure(tmp_path / f"a{suffix}", figure)
            for suffix, kept in found.items():
                kept.add((tmp_path / f"a{suffix}").read_bytes())
                assert stat.S_IMODE((tmp_path / f"a{suffix}").stat().st_mode) == 0o640
            time.sleep(1.01)  # dates are told in seconds
    finally:
        os.umask(before)
    assert {suffix: len(kept) for suffix, kept in found.items()} == dict.fromkeys(found, 1)

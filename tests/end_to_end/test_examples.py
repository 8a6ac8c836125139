"""The scripts of examples/ and the fifteen lines of the README run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(script: Path, *arguments: object) -> str:
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_trains_on_a_folder_and_prints_accuracy_and_energy(words):
    out = run(ROOT / "examples" / "train_digits.py", words)
    assert float(re.search(r"test accuracy ([\d.]+)", out)[1]) > 0.5  # three tones, chance 0.33
    assert re.search(r"[\d.]+ [npf]J per inference", out)


def test_the_example_listens_to_a_recording(words, tmp_path):
    settings = [x for setting in ("epochs=8", "normalise=running") for x in ("--set", setting)]
    folder = tmp_path / "run"
    subprocess.run(
        [
            sys.executable,
            "-c",
            "from snn.cli import main; main()",
            "train",
            "demo",
            "--data",
            str(words),
            "--out",
            str(folder),
            *settings,
        ],
        check=True,
        capture_output=True,
    )
    heard = run(ROOT / "examples" / "listen.py", folder, next(words.glob("*/*.wav")))
    assert re.fullmatch(r"( *[\d.]+ s  \w+  [\d.]+\n)*", heard)


def test_the_fifteen_lines_of_the_readme_run(words, tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len([line for line in block.splitlines() if line.strip()]) <= 15
    script = tmp_path / "readme.py"
    script.write_text(block.replace('prepare("embedded")', repr(str(words))))
    assert re.search(r"accuracy [\d.]+, [\d.]+ [npf]J per inference", run(script))


@pytest.mark.parametrize("package", ["snn", "circuits"])
def test_a_table_of_contents_gives_what_it_names_and_no_module(package):
    code = f"import {package} as p, types\n"
    code += "assert all(not isinstance(getattr(p, n), types.ModuleType) for n in p.__all__)\n"
    code += f"from {package} import *"
    subprocess.run([sys.executable, "-c", code], check=True)

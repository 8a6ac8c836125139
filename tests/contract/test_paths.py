"""A path is a `str` or a `Path`, in every public function."""

import ast
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.literature.published import load_published
from circuits.netlist import write_spice
from circuits.netlist.parameters import write_network_json
from circuits.neuron.circuit import LIFCircuit
from circuits.storage import write_json, write_text
from snn import load_activity, load_run, train
from snn.experiments.history import read_history
from snn.experiments.run_folder import read_config
from snn.recipes.recipe import load_recipe
from snn.report.pictures import save_figure
from snn.report.silicon_figures import figure_f_i
from snn.tensors import load_tensors, save_tensors

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for package in ("circuits", "snn") for path in sorted((ROOT / package).rglob("*.py"))]


def one_kind_only(source: str) -> list[str]:
    """Public functions, and those that a public class has, with a parameter that is a `Path` and no `str`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        for argument in arguments:
            hint = ast.unparse(argument.annotation) if argument.annotation else ""
            if "Path" in hint and "str" not in hint and "Callable" not in hint and "[" not in hint:
                found.append(f"{node.name}({argument.arg}: {hint})")
    return found


# The commands get their paths from typer, and nobody else calls them.
ASKED = [path for path in SOURCES if "cli" not in path.parts]


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_public_path_takes_text(path):
    assert one_kind_only(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: Path): ...",
        "class A:\n    def f(self, *, a: Path | None = None): ...",
        "def f(x, /, y: pathlib.Path): ...",
    ],
)
def test_a_parameter_that_takes_no_text_is_found(source):
    assert len(one_kind_only(source)) == 1


def test_circuits_take_text(tmp_path):
    folder = str(tmp_path)
    write_json(folder + "/a.json", {"a": 1})
    write_text(folder + "/a.txt", "a")
    assert len(write_spice(folder, {"a": LIFCircuit()})) == 3
    assert save_figure(folder + "/a.svg", figure_f_i(LIFCircuit())) == tmp_path / "a.svg"
    assert load_published(str(ROOT / "circuits" / "literature" / "published.toml")) == load_published()
    save_tensors(folder + "/a.safetensors", {"a": torch.ones(2)}, {})
    np.testing.assert_array_equal(load_tensors(folder + "/a.safetensors")[0]["a"], [1, 1])


def test_runs_take_text(tmp_path, words, recipe):
    """A training, its checkpoint, and all that is read of it."""
    run = str(tmp_path / "run")
    train(load_recipe(str(recipe)), str(words), run)
    assert load_run(run).metrics == load_run(Path(run)).metrics
    assert load_activity(run).n_clips
    assert read_history(run)
    assert read_config(run)[0].name == "tiny"
    assert len(write_network_json(run + "/netlist", load_run(run).chip())) == 1

"""The house: imports point one way, the silicon side is light, every module stands alone, names mean something."""

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("circuits", "snn") for path in (ROOT / package).rglob("*.py"))
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
HEAVY = ("torch", "brian2", "librosa")
OPTIONAL = {"snn.kernels.gpu_loops": "triton"}  # modules that nobody imports without the package they need
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}


def _imported(path: Path) -> set[str]:
    """Top-level packages that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("circuits" if node.level else node.module.partition(".")[0])
    return found


def _python(code: str) -> str:
    """What a fresh interpreter prints, started in the root of the project."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_sources_to_look_at():
    assert {"circuits", "circuits.device.btbt", "circuits.chips.chip", "snn", "snn.cli.app"} <= set(MODULES)


@pytest.mark.parametrize("path", [p for p in SOURCES if ROOT / "circuits" in p.parents], ids=lambda p: p.stem)
def test_circuits_never_imports_the_learning_side(path):
    assert not _imported(path) & {"snn", *HEAVY}


@pytest.mark.parametrize("package", ["circuits", "snn"])
def test_package_imports_without_the_heavy_libraries(package):
    loaded = _python(f"import sys, {package}; print(*sys.modules)").split()
    assert package in loaded
    assert not set(HEAVY) & set(loaded)


def test_the_brian2_twin_is_there_before_brian2_is():
    """Whoever evaluates does not wait for its import."""
    loaded = _python("import sys, snn.experiments.evaluate, snn.reference; print(*sys.modules)").split()
    assert "snn.reference.brian2_steps" in loaded
    assert "brian2" not in loaded


def test_every_module_of_circuits_runs_without_torch():
    """All of them in one interpreter that cannot find torch, Brian2 or librosa."""
    code = (
        f"import sys, importlib\nsys.modules.update(dict.fromkeys({HEAVY!r}))\n"
        f"for name in {[name for name in MODULES if name.startswith('circuits')]!r}: importlib.import_module(name)"
    )
    _python(code)


def test_every_module_imports_alone():
    """Each one first into an interpreter without any of ours, so that no order of imports is needed."""
    modules = [name for name in MODULES if name not in OPTIONAL or find_spec(OPTIONAL[name])]
    code = f"""
import importlib, json, sys
failed = {{}}
for name in {modules!r}:
    for other in [key for key in sys.modules if key.partition(".")[0] in ("circuits", "snn")]:
        del sys.modules[other]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""
    assert json.loads(_python(code).splitlines()[-1]) == {}


def test_no_file_or_folder_has_an_empty_name():
    names = {part for path in SOURCES for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}
    assert not names & EMPTY_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=MODULES)
def test_no_file_is_over_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_data_sets_are_not_a_package():
    """A top-level package `datasets` would collide with a popular library."""
    assert (ROOT / "datasets").is_dir()
    assert not list((ROOT / "datasets").rglob("__init__.py"))

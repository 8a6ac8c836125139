"""The house: imports point one way, the silicon side is light, every module stands alone, names mean something."""

import ast
import subprocess
import sys
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("circuits", "snn") for path in (ROOT / package).rglob("*.py"))
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
HEAVY = ("torch", "brian2", "librosa")
OPTIONAL = () if find_spec("amaranth") else ("circuits.accelerator.rtl",)  # what needs a package that is not there
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


def test_whoever_reads_chips_does_not_wait_for_a_compiler():
    """Compiled modules are imported where they are used: a chip is loaded, checked and listed without."""
    code = "import sys, circuits.chips as c; [c.load_chip(name) for name in c.chip_names()]; print(*sys.modules)"
    assert not {"numba", "llvmlite"} & set(_python(code).split())


def test_the_brian2_twin_is_there_before_brian2_is():
    """Whoever evaluates does not wait for its import."""
    loaded = _python("import sys, snn.experiments.evaluate, snn.reference; print(*sys.modules)").split()
    assert "snn.reference.brian2_steps" in loaded
    assert "brian2" not in loaded


def test_every_module_of_circuits_runs_without_torch():
    """All of them in one interpreter that cannot find torch, Brian2 or librosa."""
    names = [name for name in MODULES if name.startswith("circuits") and not name.startswith(OPTIONAL)]
    code = (
        f"import sys, importlib\nsys.modules.update(dict.fromkeys({HEAVY!r}))\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )
    _python(code)


def test_the_silicon_side_needs_no_amaranth():
    """But for the accelerator as RTL, which says in one line what to install."""
    names = [
        name for name in MODULES if name.startswith("circuits") and not name.startswith("circuits.accelerator.rtl")
    ]
    code = (
        f"import sys, importlib\nsys.modules['amaranth'] = None\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "try:\n    import circuits.accelerator.rtl.verilog\nexcept ImportError as error:\n    print(error)"
    )
    assert _python(code) == 'the accelerator as RTL needs Amaranth: pip install "tunnelspike[rtl]"\n'


def _at_module_level(tree: ast.AST) -> list[ast.AST]:
    """Statements that run when a module is imported: those of functions left out."""
    found = []
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            found += [node, *_at_module_level(node)]
    return found


def _needed(module: str, source: str, modules: Collection[str]) -> set[str]:
    """Modules of ours that must be whole before `module` is: what it imports, and the packages around that."""
    names = set()
    for node in _at_module_level(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    around = {".".join(part[:k]) for part in parts for k in range(1, len(part) + 1)} & set(modules)
    return {name for name in around if not f"{module}.".startswith(f"{name}.")}


def test_every_module_imports_alone():
    """No import goes in a circle, so that no order of imports is needed; CycleError names the circle."""
    sources = zip(MODULES, (path.read_text(encoding="utf-8") for path in SOURCES), strict=True)
    order = TopologicalSorter({name: _needed(name, source, MODULES) for name, source in sources}).static_order()
    assert set(order) == set(MODULES)


@pytest.mark.parametrize(
    "sources",
    [
        {"a.b": "from a.c import x", "a.c": "import a.b"},
        {"a.b": "from a.c.d import x", "a.c": "from a.c import e", "a.c.d": "", "a.c.e": "from a.b import y"},
        {"a.b": "try:\n    import a.c\nfinally:\n    pass", "a.c": "class C:\n    from a.b import x"},
    ],
)
def test_a_circle_of_imports_is_found(sources):
    with pytest.raises(CycleError):
        list(TopologicalSorter({name: _needed(name, text, sources) for name, text in sources.items()}).static_order())


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

"""The house as drawn: order of rooms inside both packages, few loose files, each module name once."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOOSE = 6  # files of a package that lie in no room, `__init__.py` apart
ORDER = {  # a room imports those before it; loose files come first, in their order
    "circuits": (
        "errors", "units", "processes", "storage", "compile", "tables", "ledger", "device", "neuron", "network",
        "quantised", "nonideal", "transient", "variation", "energy", "cost", "mapping", "accelerator", "chips",
        "literature",
        "netlist", "transistor", "signoff",
    ),
    "snn": (
        "reporter", "folder_lock", "torch_device", "memory", "tensors", "settings", "data", "audio", "neurons",
        "kernels", "encoders", "plasticity", "reference", "networks", "recipes", "training", "experiments", "studies",
        "interop", "live", "report", "cli",
    ),
}  # fmt: skip
SOURCES = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


def room_of(module: str) -> tuple[str, str]:
    """Package and room of a dotted name; the room of a package's own `__init__` is empty."""
    package, _, rest = module.partition(".")
    return package, rest.partition(".")[0]


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in ORDER}


def upward(path: Path, root: Path = ROOT) -> list[str]:
    """Imports of a file that go to a later room of its own package, or from `circuits` to `snn`."""
    package, room = room_of(".".join(path.relative_to(root).with_suffix("").parts))
    if room in ("", "__init__"):
        return []  # a table of contents
    wrong = []
    for name in sorted(imported(path)):
        other, target = room_of(name)
        if other != package:
            wrong += [name] if package == "circuits" else []
        elif target not in ORDER[package] or ORDER[package].index(target) > ORDER[package].index(room):
            wrong.append(name)
    return wrong


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_to_earlier_rooms(path):
    assert upward(path) == []


@pytest.mark.parametrize("package", ORDER)
def test_every_room_is_drawn_and_every_drawn_room_is_there(package):
    there = (ROOT / package).iterdir()
    rooms = {path.stem for path in there if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__"} == set(ORDER[package])


@pytest.mark.parametrize("package", ORDER)
def test_few_files_lie_loose(package):
    assert len(list((ROOT / package).glob("*.py"))) - 1 <= LOOSE


def test_each_module_name_stands_once():
    names = Counter(path.stem for path in SOURCES if path.stem != "__init__")
    assert [name for name, n in names.items() if n > 1] == []


@pytest.mark.parametrize(
    ("file", "line", "wrong"),
    [
        ("circuits/device/new.py", "from circuits.neuron.area import area", "circuits.neuron.area.area"),
        ("circuits/units.py", "import circuits.storage", "circuits.storage"),
        ("circuits/netlist/new.py", "from snn.data import corpora", "snn.data.corpora"),
        ("snn/data/new.py", "def late():\n    from snn.training import losses", "snn.training.losses"),
        ("snn/networks/new.py", "from snn.unheard import of", "snn.unheard.of"),
    ],
)
def test_an_upward_import_is_found(tmp_path, file, line, wrong):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n", encoding="utf-8")
    assert upward(path, tmp_path) == [wrong]

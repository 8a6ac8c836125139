"""What an editor knows of the public names, as pyright tells it: python tests/supply/editors.py

Exit code 1 for an error in examples/, for a public name whose type is not known, and where pyright is not installed: it
comes with the extra `lint`, and needs no network.
"""

import inspect
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import fields, is_dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import circuits
import snn

ROOT = Path(__file__).parents[2]
PACKAGES = (circuits, snn)
Names = dict[str, Any]  # what each dotted name stands for; a constructor for the fields that it takes


def public_names(packages: tuple[ModuleType, ...] = PACKAGES) -> Names:
    """Every name of the tables of contents, and the constructors of the dataclasses among them."""
    names = {f"{package.__name__}.{name}": getattr(package, name) for package in packages for name in package.__all__}
    records = {name: item for name, item in names.items() if is_dataclass(item)}
    return names | {f"{name}.__init__": [f.name for f in fields(item) if f.init] for name, item in records.items()}


def ask(names: Names) -> dict[str, Any]:
    """Pyright's report on examples/, and on a program that asks for the type of each name."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "every_name.py"
        lines = [f"import {package}" for package in sorted({name.partition(".")[0] for name in names})]
        program.write_text("\n".join([*lines, *(f"reveal_type({name})" for name in names)]), encoding="utf-8")
        options = ("--pythonpath", sys.executable, "--outputjson")
        command = [sys.executable, "-m", "pyright", *options, str(ROOT / "examples"), str(program)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # 1: it found errors
    return json.loads(done.stdout)


def judge(report: dict[str, Any], names: Names) -> list[str]:
    """A line for each error, and for each name that pyright knows no type of."""
    found = report["generalDiagnostics"]
    errors = [
        f"{d['file']}:{d['range']['start']['line'] + 1}: {d['message']}" for d in found if d["severity"] == "error"
    ]
    types = dict(re.findall(r'^Type of "([\w.]+)" is "(.*)"$', "\n".join(d["message"] for d in found), re.M))
    return errors + [
        f"{name}: {types.get(name, 'no answer')}" for name, item in names.items() if not known(types.get(name), item)
    ]


def known(told: str | None, item: object) -> bool:
    """Whether that is its type: a class is itself, a constructor has its fields, and nothing is unknown."""
    if isinstance(item, list):
        return told is not None and all(f"{name}: " in told for name in item)
    if inspect.isclass(item):
        return told is not None and re.match(rf"type\[{item.__name__}\b", told) is not None
    return told is not None and "Unknown" not in told and told != "object" and not told.startswith("Module(")


def main() -> int:
    if find_spec("pyright") is None:
        sys.stdout.write('pyright is not installed, nothing was checked: pip install -e ".[lint]"\n')
        return 1
    names = public_names()
    lines = judge(ask(names), names)
    told = f"examples/ and {len(names)} types of public names: {len(lines)} errors and unknown types"
    sys.stdout.write("\n".join([*lines, told]) + "\n")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())

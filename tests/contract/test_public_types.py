"""Every public name has its type: to Python, to whoever reads the stub, and one rather than a choice."""

import ast
import inspect
import runpy
import types
import typing
from collections import Counter
from functools import cached_property
from importlib import import_module
from pathlib import Path

import pytest

import circuits
import snn
from snn.recipes.recipe import ConventionalName, ReservoirName, SpotterName, recipe_names

PACKAGES = (circuits, snn)
ROOT = Path(__file__).parents[2]
EDITORS = runpy.run_path(str(ROOT / "tests" / "supply" / "editors.py"))
OWN = ("circuits.", "snn.")  # beginnings of the names of modules


def contents(stub: str) -> list[tuple[str, str, str | None]]:
    """Module, name and `as` of each line of a table of contents."""
    lines = ast.parse(stub).body
    assert all(isinstance(line, ast.ImportFrom) and line.level == 1 for line in lines)
    return [(line.module, alias.name, alias.asname) for line in lines for alias in line.names]


def public(package: types.ModuleType) -> list[tuple[str, str, str | None]]:
    return contents(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))


def functions_of(item: object) -> list[typing.Callable]:
    """A function itself; of a class what it and those that it comes of define for others, ours alone."""
    if inspect.isfunction(item):
        return [item]
    if not inspect.isclass(item):
        return []
    found = []
    bases = [base for base in item.__mro__ if base.__module__.startswith(OWN)]
    for name, value in [pair for base in bases for pair in vars(base).items()]:
        for kind, inner in ((property, "fget"), (cached_property, "func"), (staticmethod, "__func__")):
            value = getattr(value, inner) if isinstance(value, kind) else value
        if inspect.isfunction(value) and value.__module__.startswith(OWN) and (name[0] != "_" or name == "__init__"):
            found.append(value)
    return found


def untyped(function: typing.Callable) -> list[str]:
    """Parameters without a type, and "return", which a constructor needs not say. NameError: a type is not there."""
    hints = typing.get_type_hints(function)
    wanted = [*inspect.signature(function).parameters, *(() if function.__name__ == "__init__" else ("return",))]
    return [f"{function.__qualname__}: {name}" for name in wanted if name not in hints and name != "self"]


def choices(function: typing.Callable) -> list[str]:
    """What a caller would have to tell apart in an answer; None aside, and where calls of their own have each one."""
    answer = typing.get_type_hints(function).get("return")
    several = [kind for kind in typing.get_args(answer) if kind is not type(None)]
    union = typing.get_origin(answer) in (types.UnionType, typing.Union) and len(several) > 1
    return [f"{function.__qualname__}: {answer}"] if union and not typing.get_overloads(function) else []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_stub_names_each_name_once_and_hands_it_on(package):
    """Without `as` a name is the stub's own (PEP 484), and no editor offers it."""
    names = Counter(name for _, name, _ in public(package))
    assert [name for name, n in names.items() if n > 1] == []
    assert [name for _, name, alias in public(package) if alias != name] == []
    assert sorted(names) == sorted(package.__all__) == sorted(dir(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_is_what_the_stub_says(package):
    for module, name, _ in public(package):
        assert getattr(package, name) is getattr(import_module(f"{package.__name__}.{module}"), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_its_types_are_meant_for_others(package):
    assert Path(package.__file__).with_name("py.typed").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_resolves_with_its_type(package):
    for module, name, _ in public(package):
        item = getattr(package, name)
        if inspect.isclass(item):
            typing.get_type_hints(item)  # of its fields
        elif not inspect.isfunction(item):
            assert name in typing.get_type_hints(import_module(f"{package.__name__}.{module}"))
        assert [line for function in functions_of(item) for line in untyped(function)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_function_answers_with_one_type(package):
    functions = [item for name in package.__all__ if inspect.isfunction(item := getattr(package, name))]
    assert len(functions) > 20
    assert [line for function in functions for line in choices(function)] == []


def test_a_missing_type_and_a_choice_are_found():
    def half(x: int, y) -> int | str: ...

    assert untyped(half) == [f"{half.__qualname__}: y"]
    assert choices(half) == [f"{half.__qualname__}: int | str"]


def test_load_recipe_tells_the_kind_of_every_recipe_that_ships():
    """So that `load_recipe("demo").features` is known to an editor."""
    told = {"spotter": SpotterName, "reservoir": ReservoirName, "conventional": ConventionalName}
    assert {name: kind for kind, names in told.items() for name in typing.get_args(names)} == {
        name: snn.load_recipe(name).kind for name in recipe_names()
    }


NAMES = {"snn.fit": snn.fit, "circuits.Ledger": circuits.Ledger, "snn.Ear.__init__": ["bank", "row_s"]}
EAR = 'Type of "snn.Ear.__init__" is "(self: Ear, bank: str = "lyon", row_s: float = 0.001) -> None"'
FIT = 'Type of "snn.fit" is "(model: Spotter) -> Progress"'
LEDGER = 'Type of "circuits.Ledger" is "type[Ledger[Unknown]]"'
WRONG = {"file": "a.py", "severity": "error", "message": "is unknown", "range": {"start": {"line": 3}}}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ([FIT, LEDGER, EAR], []),
        ([LEDGER, EAR], ["snn.fit: no answer"]),
        ([FIT.replace("Spotter", "Unknown"), LEDGER, EAR], ["snn.fit: (model: Unknown) -> Progress"]),
        (['Type of "snn.fit" is "object"', LEDGER, EAR], ["snn.fit: object"]),
        ([FIT, LEDGER.replace("[Ledger", "[Entry"), EAR], ["circuits.Ledger: type[Entry[Unknown]]"]),
        ([FIT, LEDGER, 'Type of "snn.Ear.__init__" is "(self) -> None"'], ["snn.Ear.__init__: (self) -> None"]),
    ],
)
def test_a_name_that_an_editor_does_not_know_is_told(told, lines):
    report = {"generalDiagnostics": [{"severity": "information", "message": text} for text in told]}
    assert EDITORS["judge"](report, NAMES) == lines
    report["generalDiagnostics"].append(WRONG)
    assert EDITORS["judge"](report, NAMES) == ["a.py:4: is unknown", *lines]

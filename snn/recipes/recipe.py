"""Recipes by name or file: TOML whose `kind` names the model. Every recipe runs on every data set."""

from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, overload

from circuits.storage import reading
from circuits.tables import Table, read_toml, shortened
from snn.recipes.conventional_recipe import ConventionalRecipe
from snn.recipes.reader import RecipeError, as_recipe_error, from_table, nearest, read_table, sections_of
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.recipes.spotter_recipe import SpotterRecipe

Recipe = SpotterRecipe | ReservoirRecipe | ConventionalRecipe
SpotterName = Literal["demo", "fsdd", "speech-commands-11", "speech-commands-12", "speech-commands-35"]  # what ships
ReservoirName = Literal["chip-20-36", "lsm-5x5x5"]
ConventionalName = Literal["kws-conv", "kws-dense", "kws-lenet"]
KINDS: dict[str, type[Recipe]] = {
    "spotter": SpotterRecipe,
    "reservoir": ReservoirRecipe,
    "conventional": ConventionalRecipe,
}


def recipe_names() -> tuple[str, ...]:
    """The recipes that ship with the package."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


@overload
def load_recipe(name: SpotterName, settings: Iterable[str] = ()) -> SpotterRecipe: ...
@overload
def load_recipe(name: ReservoirName, settings: Iterable[str] = ()) -> ReservoirRecipe: ...
@overload
def load_recipe(name: ConventionalName, settings: Iterable[str] = ()) -> ConventionalRecipe: ...
@overload
def load_recipe(name: str | Path, settings: Iterable[str] = ()) -> Recipe: ...
def load_recipe(name: str | Path, settings: Iterable[str] = ()) -> Recipe:
    """The recipe of that name, or of a TOML file, with `key=value` settings applied.

    A key is `section.key`, or the key alone where only one section has it.
    Raises: RecipeError for an unknown recipe, key or value.
    """
    name = str(name)
    if name.endswith(".toml"):
        with reading(name), as_recipe_error():
            return recipe_of_table(read_toml(name), settings, name)
    if name not in recipe_names():
        known = ", ".join(recipe_names())
        raise RecipeError(f"unknown recipe {name!r}{nearest(name, recipe_names())}; known: {known}")
    return parse_recipe((_folder() / f"{name}.toml").read_text(encoding="utf-8"), settings, place=name)


def parse_recipe(text: str, settings: Iterable[str] = (), place: str = "recipe") -> Recipe:
    """A recipe from TOML text with `key=value` settings; one without `kind` is of a spotter.

    Raises: RecipeError, one line.
    """
    return recipe_of_table(read_table(text, place), settings, place)


def recipe_of_table(table: Table, settings: Iterable[str] = (), place: str = "recipe") -> Recipe:
    """A recipe from the table of its text. Raises: RecipeError, one line."""
    settings = tuple(settings)
    kind = table.get("kind", "spotter")
    if asked := {f"kind={model}" for model in KINDS} & {setting.replace(" ", "") for setting in settings}:
        raise RecipeError(f"--set {asked.pop()}: {place} is of a {kind}; take a recipe of the other kind, or write one")
    if not isinstance(kind, str) or kind not in KINDS:
        near = nearest(str(kind), KINDS)
        raise RecipeError(f"{place}: unknown kind {shortened(kind)}{near}; known: {', '.join(KINDS)}")
    for other, model in KINDS.items():
        foreign = sections_of(model(name="default")).keys() - sections_of(KINDS[kind](name="default")).keys()
        if "kind" not in table and (found := sorted(foreign & table.keys())):
            raise RecipeError(f'{place}: [{found[0]}] is of a {other}: write kind = "{other}" into the first lines')
    return from_table(table, settings, KINDS[kind], place)


def _folder() -> Traversable:
    return files("snn") / "recipes"

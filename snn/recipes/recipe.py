"""Recipes by name or file: TOML whose `kind` names the model. Every recipe runs on every data set."""

from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from snn.recipes.reader import RecipeError, from_table, nearest, read_table, sections_of
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.recipes.spotter_recipe import SpotterRecipe

Recipe = SpotterRecipe | ReservoirRecipe
KINDS: dict[str, type[Recipe]] = {"spotter": SpotterRecipe, "reservoir": ReservoirRecipe}


def recipe_names() -> tuple[str, ...]:
    """The recipes that ship with the package."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


def load_recipe(name: str | Path, settings: Iterable[str] = ()) -> Recipe:
    """The recipe of that name, or of a TOML file, with `key=value` settings applied.

    A key is `section.key`, or the key alone where only one section has it.
    Raises: RecipeError for an unknown recipe, key or value.
    """
    name = str(name)
    if name.endswith(".toml"):
        text = _read(Path(name))
    elif name in recipe_names():
        text = (_folder() / f"{name}.toml").read_text(encoding="utf-8")
    else:
        known = ", ".join(recipe_names())
        raise RecipeError(f"unknown recipe {name!r}{nearest(name, recipe_names())}; known: {known}")
    return parse_recipe(text, settings, place=name)


def parse_recipe(text: str, settings: Iterable[str] = (), place: str = "recipe") -> Recipe:
    """A recipe from TOML text with `key=value` settings; one without `kind` is of a spotter.

    Raises: RecipeError, one line.
    """
    table, settings = read_table(text, place), tuple(settings)
    kind = table.get("kind", "spotter")
    if asked := {f"kind={model}" for model in KINDS} & {setting.replace(" ", "") for setting in settings}:
        raise RecipeError(f"--set {asked.pop()}: {place} is of a {kind}; take a recipe of the other kind, or write one")
    if kind not in KINDS:
        raise RecipeError(f"{place}: unknown kind {kind!r}{nearest(str(kind), KINDS)}; known: {', '.join(KINDS)}")
    for other, model in KINDS.items():
        foreign = sections_of(model(name="default")).keys() - sections_of(KINDS[kind](name="default")).keys()
        if "kind" not in table and (found := sorted(foreign & table.keys())):
            raise RecipeError(f'{place}: [{found[0]}] is of a {other}: write kind = "{other}" into the first lines')
    return from_table(table, settings, KINDS[kind], place)


def _read(path: Path) -> str:
    if not path.is_file():
        raise RecipeError(f"no recipe file {path}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not valid TOML: {error}") from error


def _folder() -> Traversable:
    return files("snn") / "recipes"

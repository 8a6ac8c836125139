"""Options that several commands share, and numbers with a unit as options: `--rate 50kHz`."""

from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from circuits.errors import InputError
from circuits.units import quantity

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
RunFolder = Annotated[Path, typer.Argument(help="Run folder: the --out of `snn train`.")]
Scope = Annotated[
    str, typer.Option(help="Which published figures to compare with: those of a neuron, core, chip or system.")
]
NeuronDevice = typer.Option(
    help="Transistor: a name (`snn neuron --device list`), a CSV file of measured points, or a TOML file of constants."
)


def number_of(unit: str, text: str) -> OptionInfo:
    """An option that takes a number in `unit`, or with a prefix of it: `--rate 50kHz`."""

    def read(value: str | float) -> float:
        if not isinstance(value, str):  # the default
            return value
        try:
            return quantity(value, unit, "the value")
        except InputError as error:
            raise typer.BadParameter(str(error)) from error

    return typer.Option(parser=read, metavar=unit, help=text)


def place(text: str) -> OptionInfo:
    """An option that takes a file or folder to write to; another option in its place is a path that was forgotten.

    So is an empty one, of a variable that is not set: as a path it would be the folder where one is.
    """

    def read(value: str | Path) -> Path:
        if not (said := str(value)).strip():
            raise typer.BadParameter("the path is empty: give a path, . for the folder where you are")
        if said.startswith("--"):
            raise typer.BadParameter(f"{said} is an option: give a path, ./{said} if it is one")
        return Path(value)

    return typer.Option(parser=read, metavar="<path>", help=text)


Out = Annotated[Path, place("Folder to write to.")]
Plot = Annotated[Path | None, place("File to draw a picture to (PNG, SVG or PDF).")]
GateBias = Annotated[float | None, number_of("V", "Gate bias V_GS, negative; default -0.5.")]

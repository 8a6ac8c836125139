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
    """An option that takes a file or folder to write to; another option in its place is a path that was forgotten."""

    def require(value: Path | None) -> Path | None:
        if value is not None and str(value).startswith("--"):
            raise typer.BadParameter(f"{value} is an option: give a path, ./{value} if it is one")
        return value

    return typer.Option(help=text, callback=require)


Out = Annotated[Path, place("Folder to write to.")]
Plot = Annotated[Path | None, place("File to draw a picture to (PNG, SVG or PDF).")]
GateBias = Annotated[float | None, number_of("V", "Gate bias V_GS, negative; default -0.5.")]

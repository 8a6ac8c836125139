"""Options that several commands share or that one has many of, and numbers with a unit as options: `--rate 50kHz`."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo

from circuits.errors import InputError
from circuits.units import duration, quantity

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
RunFolder = Annotated[Path, typer.Argument(help="Run folder: the --out of `snn train`.")]
Scope = Annotated[
    str, typer.Option(help="Which published figures to compare with: those of a neuron, core, chip or system.")
]
NeuronDevice = typer.Option(
    help="Transistor: a name (`snn neuron --device list`), a CSV file of measured points, or a TOML file of constants."
)


class ToldCommand(TyperCommand):
    """A command whose function takes a `typer.Context`, the kind that its annotation says."""

    context_class = typer.Context


def asked_beside(context: typer.Context, *taken: str) -> list[str]:
    """What was typed beside the parameters `taken` of a command, as a person types it; its default, too."""
    typed = [one for one in context.command.params if one.name not in taken and was_typed(context, one.name)]
    return [f"a {one.name}" if one.param_type_name == "argument" else one.opts[0] for one in typed]


def was_typed(context: typer.Context, name: str) -> bool:
    """Whether a parameter was given, be it its default."""
    source = context.get_parameter_source(name)
    return source is not None and not source.name.startswith("DEFAULT")


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


def lasting(text: str) -> OptionInfo:
    """An option that takes a time, which may be long: `--age 1week`."""

    def read(value: str | float) -> float:
        if not isinstance(value, str):
            return value
        try:
            return duration(value, "the value")
        except InputError as error:
            raise typer.BadParameter(str(error)) from error

    return typer.Option(parser=read, metavar="s|h|day|week|year", help=text)


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
GateBias = Annotated[float | None, number_of("V", "Gate bias V_GS, negative; default -0.57.")]

# Of `snn neuron`
Device = Annotated[str, NeuronDevice]
Temperature = Annotated[float, number_of("K", "Temperature.")]
Supply = Annotated[float | None, number_of("V", "Supply V_DD, with V_DS and threshold in proportion.")]
Years = Annotated[float, typer.Option(help="Years of use, which weaken the tunnelling current.")]
Rate = Annotated[float | None, number_of("Hz", "Design a neuron that fires at this rate, instead of giving --v-gs.")]
TauMem = Annotated[float | None, number_of("s", "With --rate: membrane time constant; default 40 us.")]
Swing = Annotated[float | None, number_of("V", "With --rate: threshold minus reset; default 0.361.")]
Width = Annotated[float | None, number_of("m", "With --rate: width of the transistor; default what fits.")]
Capacitance = Annotated[float | None, number_of("F", "With --rate: membrane capacitance; default what fits.")]
Level = Annotated[
    str, typer.Option(help="behavioural: closed forms; transistor: simulated in ngspice, at 27 corners too.")
]
CardFolder = Annotated[
    Path | None, place("With --level transistor: folder of model cards; default the package of the extra pdk.")
]
Sources = Annotated[
    bool, typer.Option("--sources", help="With --level transistor: does tunnelling pay? A pMOS source beside it.")
]
Draws = Annotated[
    int | None, typer.Option(min=2, help="With --sources: how many neurons to draw for the mismatch; default 50.")
]
SmallNetwork = Annotated[
    bool, typer.Option("--network", help="With --level transistor: sign off a small recurrent core of them.")
]
Compare = Annotated[bool, typer.Option("--compare", help="Show published neurons beside it.")]
OwnRun = Annotated[
    Path | None, typer.Option(help="With --compare --scope chip: our spotter is this run, as `snn map` prices it.")
]

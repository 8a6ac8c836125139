"""Tables of chips, registered in `snn.cli.app`: those that ship, published ones, networks, what limits an array."""

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InputError
from snn.cli.options import Json, Plot, number_of
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal

AVERAGING = "conv-sram"


def chips(
    run: Annotated[
        Path | None, typer.Option(help="Run folder: its place among published chips, priced as `snn map` does.")
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option(
            help="Chip name or TOML file; with --run, default btbt-45rfsoi; with --workloads cycles and energy on it; "
            "with --scaling, default conv-sram."
        ),
    ] = None,
    workloads: Annotated[
        bool, typer.Option("--workloads", help="Well-known networks: weights, products, memory that holds them.")
    ] = False,
    bits: Annotated[int | None, typer.Option(help="With --workloads: bits of a weight; default 8.")] = None,
    sram: Annotated[
        float | None, number_of("B", "With --workloads: on-chip memory that is to hold a network, as 28MB.")
    ] = None,
    scaling: Annotated[
        bool, typer.Option("--scaling", help="What limits a memory that averages, over its rows, columns and bits.")
    ] = False,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """List the chips that ship; with --plot or --run published chips by performance and power, and ours among them."""
    from snn.report.field_report import shipped_rows

    with Terminal(json) as terminal:
        if scaling:
            _require_alone({"workloads": workloads or None, "run": run, "bits": bits, "sram": sram})
            return _scaling(terminal, chip, plot)
        _require_one(workloads, {"bits": bits, "sram": sram}, {"run": run, "plot": plot}, chip)
        if workloads:
            _networks(terminal, bits, sram, chip)
        elif run or plot:
            _field(terminal, run, chip, plot)
        else:
            terminal.result({"rows": shipped_rows()})


def _require_one(workloads: bool, of_networks: dict, of_field: dict, chip: str | None) -> None:
    """Raises: InputError for an option of one table beside another."""
    if not workloads and (named := [name for name, value in of_networks.items() if value is not None]):
        raise InputError(f"--{named[0]} is of networks: give --workloads too, or leave it out")
    if workloads and (named := [name for name, value in of_field.items() if value is not None]):
        raise InputError(f"--{named[0]} is of chips, --workloads of networks: give one of them")
    if chip is not None and of_field["run"] is None and not workloads:
        raise InputError(
            f"--chip {chip} is of a run, networks or arrays: give --run RUN or --workloads too, or --scaling"
        )
    if workloads and chip is not None and of_networks["bits"] not in (None, 8):
        raise InputError(f"--bits {of_networks['bits']}: chips that run programs compute with 8 bits; leave it out")


def _require_alone(others: dict) -> None:
    """Raises: InputError for an option of another table beside --scaling."""
    if named := [name for name, value in others.items() if value is not None]:
        raise InputError(f"--{named[0]} is of another table than --scaling: give one of them")


def _scaling(terminal: Terminal, chip: str | None, plot: Path | None) -> None:
    """Sizes of arrays made of the parts of a chip, and their figure."""
    from circuits.chips import load_chip
    from circuits.chips.sram_average import SramAverage
    from circuits.chips.sram_scaling import scaling_points, scaling_rows
    from snn.report.pictures import save_figure
    from snn.report.sram_figures import figure_sram_scaling

    require_outputs(plot=plot)
    technology = load_chip(chip or AVERAGING)
    if not isinstance(technology, SramAverage):
        raise InputError(f"--scaling: {technology.name} has no memory that averages; give --chip {AVERAGING}")
    points = scaling_points(technology)
    terminal.result({"chip": technology.name, "rows": scaling_rows(points)})
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_sram_scaling(points)))


def _networks(terminal: Terminal, bits: int | None, sram: float | None, chip: str | None) -> None:
    from circuits.literature.workload_on_chip import workloads_on
    from circuits.literature.workload_table import workload_rows
    from snn.report.field_report import workload_report

    asked = {} if bits is None else {"bits": bits}
    target = None if chip is None else workloads_on(chip)
    terminal.result(workload_report(workload_rows(target, sram_bytes=sram, **asked)))


def _field(terminal: Terminal, run: Path | None, chip: str | None, plot: Path | None) -> None:
    from circuits.literature.field_of_chips import load_field
    from snn.report.field_figures import figure_field
    from snn.report.field_report import field_report
    from snn.report.pictures import save_figure
    from snn.studies.chip_in_field import point_of_run
    from snn.studies.one_spotter import CHIP

    require_outputs(plot=plot)
    ours = () if run is None else (point_of_run(run, chip or CHIP),)
    terminal.result(field_report(ours))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_field(load_field(), ours)))

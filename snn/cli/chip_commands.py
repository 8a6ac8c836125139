"""The command `snn chips`, registered in `snn.cli.app`: chips that ship, published ones beside ours, networks."""

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InputError
from snn.cli.options import Json, Plot, number_of
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal


def chips(
    run: Annotated[
        Path | None, typer.Option(help="Run folder: its place among published chips, priced as `snn map` does.")
    ] = None,
    chip: Annotated[str | None, typer.Option(help="With --run: chip name or TOML file; default btbt-45rfsoi.")] = None,
    workloads: Annotated[
        bool, typer.Option("--workloads", help="Well-known networks: weights, products, memory that holds them.")
    ] = False,
    bits: Annotated[int | None, typer.Option(help="With --workloads: bits of a weight; default 8.")] = None,
    sram: Annotated[
        float | None, number_of("B", "With --workloads: on-chip memory that is to hold a network, as 28MB.")
    ] = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """List the chips that ship; with --plot or --run published chips by performance and power, and ours among them."""
    from snn.report.field_report import shipped_rows

    with Terminal(json) as terminal:
        _require_one(workloads, {"bits": bits, "sram": sram}, {"run": run, "plot": plot}, chip)
        if workloads:
            _networks(terminal, bits, sram)
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
    if chip is not None and of_field["run"] is None:
        raise InputError(f"--chip {chip} prices a run: give --run RUN too, or leave it out")


def _networks(terminal: Terminal, bits: int | None, sram: float | None) -> None:
    from circuits.literature.workload_table import workload_rows
    from snn.report.field_report import workload_report

    asked = {} if bits is None else {"bits": bits}
    terminal.result(workload_report(workload_rows(sram_bytes=sram, **asked)))


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

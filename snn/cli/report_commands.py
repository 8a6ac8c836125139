"""The command that puts runs and chips side by side on one page, registered in `snn.cli.app`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from circuits.errors import InputError
from snn.cli.options import Json, lasting, place
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal

if TYPE_CHECKING:
    from snn.studies.page_records import Page

PAGE = Path("report.html")


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders: each the --out of `snn train`.")],
    chip: Annotated[
        list[str] | None, typer.Option(help="Chip name or TOML file; may be repeated, default all that ship.")
    ] = None,
    out: Annotated[
        Path | None, place("HTML file to write; default report.html, with --json none unless it is given.")
    ] = None,
    clips: Annotated[
        bool, typer.Option("--clips/--no-clips", help="Read each run's test clips: its confusions, a clip's spikes.")
    ] = True,
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Also the accuracy on each chip that can be evaluated; takes longer.")
    ] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With --evaluate: pieces of silicon to draw for a deviation; default 1.")
    ] = None,
    age: Annotated[
        float | None, lasting("With --evaluate: time since the silicon was written or first used, as 1week; default 0.")
    ] = None,
    json: Json = False,
) -> None:
    """Runs on chips side by side, on one page that needs no network: accuracy, energy by part, latency, area, price."""
    from circuits.chips import chip_names, load_chip

    with Terminal(json) as terminal:
        if not evaluate and (named := [n for n, v in {"seeds": seeds, "age": age}.items() if v is not None]):
            raise InputError(f"--{named[0]} is of the accuracy on a chip: give --evaluate too, or leave it out")
        file = out or (None if json else PAGE)
        names = chip or list(chip_names())
        for name in names:
            load_chip(name)  # refused before the runs are read
        _require_each_once(runs, names)
        if file:
            _require_page(file)
        from snn.studies.accuracy_on_chip import accuracy_on_chip
        from snn.studies.evaluate_on_silicon import Pieces
        from snn.studies.page_of_runs import page_of_runs

        asked = Pieces(seeds or 1, age or 0.0)
        hook = accuracy_on_chip if evaluate else None
        page = page_of_runs(runs, names, clips=clips, accuracy=hook, asked=asked, reporter=terminal.reporter)
        _show(terminal, page, file, json)


def _require_each_once(runs: list[Path], chips: list[str]) -> None:
    """Raises: InputError for what would stand twice beside itself."""
    for what, given in (("run", list(map(str, runs))), ("chip", chips)):
        if twice := [name for name in dict.fromkeys(given) if given.count(name) > 1]:
            raise InputError(f"{what} {twice[0]} is given {given.count(twice[0])} times: name it once")


def _require_page(file: Path) -> None:
    """Raises: InputError for what is no page, or a file of a run."""
    from snn.report.page.html_page import require_html

    require_html(file)
    require_outputs(file)


def _show(terminal: Terminal, page: "Page", file: Path | None, json: bool) -> None:
    from snn.report.page.html_page import page_table, save_page

    written = {} if file is None else {"page": str(file)}
    terminal.result(page_table(page) | written if json else written | {"rows": list(map(_plain_row, _pairs(page)))})
    if file is not None:
        terminal.asked(lambda: save_page(file, page))


def _pairs(page: "Page") -> list[Any]:
    return [(run, sheet) for run in page.runs for sheet in run.chips]


def _plain_row(pair: Any) -> dict[str, Any]:
    """One run on one chip, for a terminal."""
    run, sheet = pair
    priced = sheet.priced
    return {
        "run": run.name,
        "chip": sheet.chip,
        "fits": "yes" if priced else f"no: {len(sheet.broken)} broken" if sheet.broken else "not priced",
        "accuracy": run.test_accuracy,
        "accuracy_on_chip": sheet.accuracy and sheet.accuracy.mean,
        "energy_j": priced and priced.total_j,
        "latency_s": priced and priced.latency_s,
        "area_m2": priced and priced.silicon.area_m2,
    }

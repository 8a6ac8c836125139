"""Commands of chips, registered in `snn.cli.app`: a run placed, compiled and evaluated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from circuits.errors import InputError
from snn.cli.options import Json, Plot, RunFolder, asked_beside, number_of, place, was_typed
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal

if TYPE_CHECKING:
    from circuits.chips.inference_report import InferenceReport
    from circuits.ledger import Group
    from snn.experiments.run_folder import Run
    from snn.studies.evaluate_on_silicon import Pieces

ENERGY = "energy.json"
DIGITAL = "digital-systolic"


def map_run(
    context: typer.Context,
    run: Annotated[Path | None, typer.Argument(help="Run folder: the --out of `snn train`.")] = None,
    chip: Annotated[str, typer.Option(help="Chip name or TOML file.")] = "btbt-45rfsoi",
    out: Annotated[Path | None, place("Folder to write energy.json to.")] = None,
    acceleration: Annotated[
        str,
        typer.Option(
            metavar="auto|N",
            help="Of BTBT cores: sped up so many times, then switched off; 1 is real time, auto the slowest of those "
            "that the device allows and that cost least, to 1 %. Digital chips have a clock of their own.",
        ),
    ] = "auto",
    by: Annotated[str, typer.Option(help="What to sum the energy by: part, layer or core.")] = "part",
    temperature: Annotated[
        float | None, number_of("K", "Temperature, where the chip has a law for it; default its own.")
    ] = None,
    supply: Annotated[
        float | None,
        number_of("V", "Supply V_DD, of BTBT cores with V_DS and threshold in proportion; default the chip's."),
    ] = None,
    csv: Annotated[Path | None, place("File to write the ledger to, as a table (CSV).")] = None,
    mapping: Annotated[
        Path | None, place("File to write the placement to (JSON), of a chip of kind spiking-mesh.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a run: a mapping file whose limits and figures are derived anew; of a chip of your own "
            "with --chip FILE.toml."
        ),
    ] = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """Place a run on a chip and report the energy of one inference, by part, layer or core."""
    beside = asked_beside(context, "check", "chip", "json")
    from circuits.chips import Operation, load_chip
    from circuits.ledger import require_group

    with Terminal(json) as terminal:
        if check is not None:
            return terminal.result(_checked(check, chip if was_typed(context, "chip") else None, beside))
        if run is None:
            raise InputError("map needs a run folder, or --check FILE of a mapping: give one of them")
        operation = Operation(acceleration, temperature, supply)
        load_chip(chip)  # a name that is not known is refused before the run is read
        group = require_group(by)
        require_outputs(out and out / ENERGY, csv, mapping, plot=plot)
        if mapping is not None:
            _require_mesh(chip)
        from snn.experiments.run_folder import load_activity, load_run

        model = load_run(run).model
        network, trained = model.network(), model.chip()
        activity = load_activity(run, network)
        technology = load_chip(chip, trained, operation)
        placement = technology.place(network, activity, **_told(technology, terminal))
        report = technology.price(network, activity, placement, model.sensed(activity))
        terminal.result(report.as_dict(group))
        _write_energy(terminal, report, group, out, csv, plot)
        if mapping:
            from circuits.mapping.mapping_file import write_mapping

            terminal.asked(lambda: write_mapping(mapping, technology.mapping(network, activity, placement)))


def _checked(file: Path, chip: str | None, beside: list[str]) -> dict[str, Any]:
    """What a mapping file adds up to. Raises: InputError for anything else asked beside it, or a file that is wrong."""
    from circuits.chips import load_chip
    from circuits.mapping.checker import check_mapping

    if beside:
        raise InputError(
            f"--check reads a mapping file, of a --chip, and nothing else: leave out {' and '.join(beside)}"
        )
    if chip is not None:
        load_chip(chip)  # a file with a mistake in it is refused before anything is compared with it
    return check_mapping(file, chip).as_dict()


def _require_mesh(chip: str) -> None:
    """Raises: InputError for a chip whose placement no mapping file holds."""
    from circuits.chips import load_chip
    from circuits.chips.spiking_mesh import SpikingMesh

    if not isinstance(load_chip(chip), SpikingMesh):
        raise InputError(f"--mapping: {chip} has no mesh of cores; leave it out, or take a chip of kind spiking-mesh")


def _told(technology: Any, terminal: Terminal) -> dict[str, Any]:
    """What moves the progress bar, for a technology whose placing takes long."""
    from circuits.chips.spiking_mesh import SpikingMesh

    if not isinstance(technology, SpikingMesh):
        return {}
    on_stage = terminal.reporter.on_stage
    return {"progress": lambda step, share: on_stage(step, round(100 * share), 100)}


def _write_energy(
    terminal: Terminal, report: "InferenceReport", group: "Group", out: Path | None, csv: Path | None, plot: Path | None
) -> None:
    """The energy of an inference as energy.json in a folder, as a table and as a picture, whichever is asked for."""
    from circuits.storage import write_json, write_text
    from snn.report.pictures import save_figure
    from snn.report.silicon_figures import figure_energy_report

    if out:
        terminal.asked(lambda: write_json(out / ENERGY, report.as_dict(group)))
    if csv:
        terminal.asked(lambda: write_text(csv, report.ledger.by(group).csv()))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_energy_report(report, group)))


def compile_program(
    run: RunFolder,
    chip: Annotated[str, typer.Option(help="Chip name or TOML file, of kind digital-systolic.")] = DIGITAL,
    listing: Annotated[bool, typer.Option("--listing", help="Print the instructions too.")] = False,
    layer: Annotated[str | None, typer.Option(help="With --listing: of this layer alone.")] = None,
    out: Annotated[Path | None, place("Folder to write program, listing and constants to.")] = None,
    json: Json = False,
) -> None:
    """Compile a run to instructions of a digital accelerator: cycles, and each layer's share of them."""
    from snn.experiments.run_folder import load_run
    from snn.folder_lock import writing
    from snn.studies.compiled_run import FILES, compile_run

    with Terminal(json) as terminal:
        if layer is not None and not listing:
            raise InputError(f"--layer {layer} is of the listing: give --listing too, or leave it out")
        require_outputs(*(out / name for name in FILES if out))
        compiled = compile_run(load_run(run), chip, terminal.reporter)
        text = {"listing": compiled.listing(layer)} if listing else {}
        terminal.result(compiled.as_dict() | (text if json else {}))
        if listing and not json:
            terminal.text(text["listing"])
        if out:
            with writing(out):
                terminal.asked(lambda: compiled.write(out))


def on_chip(
    terminal: Terminal, run: "Run", chip: str, clips: tuple[str | None, str | None], pieces: "Pieces"
) -> dict[str, Any]:
    """What `snn evaluate --chip` prints; clips: data and split of those to test on."""
    from snn.studies.evaluate_on_chip import evaluate_on_chip

    return evaluate_on_chip(run, chip, *clips, terminal.reporter, pieces)


def pieces_of(chip: str | None, age: float | None, seeds: int | None, others: dict[str, Any]) -> "Pieces":
    """The pieces of silicon that are asked for, else one, fresh; others: options that no --chip takes.

    Raises: InputError for an option that is of chips alone, or of none.
    """
    from snn.studies.evaluate_on_silicon import Pieces

    given = {"age": age, "seeds": seeds}
    if chip is None and (named := [name for name, value in given.items() if value is not None]):
        raise InputError(f"--{named[0]} is of a chip: give --chip NAME too, or leave it out")
    if chip is not None and (named := [name for name, value in others.items() if value is not None]):
        name = named[0]
        raise InputError(f"--{name} {others[name]} runs the network as trained, --chip as silicon: give one of them")
    return Pieces(1 if seeds is None else seeds, age or 0.0)


def export_rtl(terminal: Terminal, run: Path, out: Path, chip: str | None, timeout: float | None) -> None:
    """What `snn export --format rtl` does; timeout: of the bench that is to be run (s), None: none is."""
    from circuits.storage import write_text
    from snn.experiments.run_folder import load_run
    from snn.folder_lock import writing
    from snn.studies.rtl_of_run import rtl_of_run, verify_rtl

    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout must be positive, got {timeout} s")
    texts = rtl_of_run(load_run(run), chip or DIGITAL, terminal.reporter)
    with writing(out):
        for name, text in texts.items():
            write_text(out / name, text)
    checked = {} if timeout is None else verify_rtl(texts, timeout)
    terminal.result({"format": "rtl", "files": [str(out / name) for name in texts]} | checked)
    if checked.get("passed") is False:
        raise typer.Exit(1)

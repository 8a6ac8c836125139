"""The command line `snn`: each command spells out one stretch of the flow.

    wav -> features -> spikes -> network -> training -> NetworkSpec + Activity -> Placement -> Ledger -> netlist

Heavy imports happen inside the commands, so that `snn --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InputError, shown
from snn.cli import chip_commands, chip_tables, report_commands, spread_command
from snn.cli import silicon as cli_silicon
from snn.cli.exit_code import run_app
from snn.cli.options import CardFolder, Json, Out, RunFolder, ToldCommand, lasting, number_of, place
from snn.cli.terminal import Terminal

app = typer.Typer(
    name="snn",
    help="TunnelSpike: spiking keyword spotting on tunnelling neurons, and every modelled joule in one ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(
    help="Data sets: list those there are, prepare (download) one, check recordings.", no_args_is_help=True
)
app.add_typer(data_app, name="data")

Data = Annotated[
    str | None,
    typer.Option(help="Name of a data set (`snn data list`), or path of a folder with one sub-folder per word."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Change a setting of the recipe, as epochs=20 or tau_mem_s=[20ms,60ms]; may be repeated."
    ),
]
Device = Annotated[str, typer.Option(help="Where the network runs: auto (a GPU where there is one), cpu or cuda.")]


@app.command()
def demo(
    out: Out = Path("runs/demo"),
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn at random.")] = 0,
    json: Json = False,
) -> None:
    """Run the whole flow on embedded speech: about two minutes on two cores, no download."""
    from snn.cli.demo import run_demo
    from snn.folder_lock import writing

    with Terminal(json) as terminal:
        with writing(out):
            summary = run_demo(out, seed, terminal.reporter)
        terminal.result(summary)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Recipe name (see `snn train list`) or TOML file.")],
    data: Data = None,
    out: Annotated[Path | None, place("Run folder to write; default runs/RECIPE.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn at random; default the recipe's.")] = None,
    settings: Settings = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where an interrupted training stopped, with the same recipe and data."),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that lies in the folder.")] = False,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train a recipe and write a run folder."""
    from snn.recipes.recipe import load_recipe, recipe_names

    with Terminal(json) as terminal:
        if recipe == "list":
            terminal.result({"recipes": list(recipe_names())})
            return
        chosen = load_recipe(recipe, [*(settings or ()), *([] if seed is None else [f"training.seed={seed}"])])
        from snn.experiments.train import train as train_recipe

        place = data or chosen.data.name
        if place is None:
            raise InputError(f"recipe {chosen.name!r} names no data set; give --data NAME or --data FOLDER")
        folder = out or Path("runs") / chosen.name
        metrics = train_recipe(
            chosen, place, folder, resume=resume, overwrite=overwrite, device=device, reporter=terminal.reporter
        )
        terminal.result({"run": str(folder)} | metrics.as_dict())


@app.command()
def evaluate(
    run: RunFolder,
    data: Data = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Clips to test on: official, speaker:NAME or all; default the run's own, or all of another --data."
        ),
    ] = None,
    device: Device = "auto",
    engine: Annotated[
        str | None,
        typer.Option(
            help="What runs it: torch, of a spotter also brian2 (independent, slow); transient for a reservoir."
        ),
    ] = None,
    chip: Annotated[
        str | None,
        typer.Option(help="As this chip computes it, beside the network as trained: chip name or TOML file."),
    ] = None,
    age: Annotated[
        float | None, lasting("With --chip: time since it was written or first used, as 1h, 1day, 1week; default 0.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="With --chip: pieces of silicon, whose accuracies are told; default 1.")
    ] = None,
    json: Json = False,
) -> None:
    """Evaluate a run on its test split, or on other recordings: accuracy, confusion, spikes, synaptic operations."""
    from snn.experiments.evaluate import evaluate_run
    from snn.experiments.run_folder import load_run, store_activity

    with Terminal(json) as terminal:
        others = {"engine": engine, "device": None if device in ("auto", "cpu") else device}
        pieces = chip_commands.pieces_of(chip, age, seeds, others)
        loaded = load_run(run)
        if chip is not None:
            terminal.result(chip_commands.on_chip(terminal, loaded, chip, (data, split), pieces))
            return
        result = evaluate_run(loaded, data, split, terminal.reporter, device=device, engine=engine)
        terminal.result(result.as_dict() | {"labels": list(loaded.labels)})
        if data is None and split is None:
            terminal.extra(lambda: store_activity(run, result.activity))


@app.command()
def export(
    run: RunFolder,
    out: Out,
    format: Annotated[
        str, typer.Option(help="What to write: json, spice, spectre, verilog-a or all; rtl, of a digital chip.")
    ] = "json",
    level: Annotated[
        str,
        typer.Option(help="behavioural: the network; transistor: its neuron in transistors, with --format spice."),
    ] = "behavioural",
    cards: CardFolder = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Run the test benches in ngspice, or of rtl in a Verilog simulator; show what they find."
        ),
    ] = False,
    timeout: Annotated[float, number_of("s", "Longest that a simulator may take for a bench.")] = 300.0,
    chip: Annotated[str | None, typer.Option(help="With --format rtl: chip name or TOML file, a digital one.")] = None,
    json: Json = False,
) -> None:
    """Hand a run over to a circuit team: parameters, netlists and models, with test benches that check themselves."""
    with Terminal(json) as terminal:
        from circuits.netlist.core_lib import CORE_FILE
        from circuits.netlist.handover import handover
        from circuits.netlist.verify import require_verifiable, verdict
        from circuits.signoff import core_sha256
        from snn.experiments.run_folder import load_run
        from snn.folder_lock import writing
        from snn.studies.transistor_neuron import export_transistors, require_level

        require_level(level, {f"format {format}": format != "spice"}, {"cards": cards})
        if format == "rtl":
            chip_commands.export_rtl(terminal, run, out, chip, timeout if verify else None)
            return
        if chip is not None:
            raise InputError(f"--chip {chip} is of --format rtl: leave it out, or give that format")
        chip = load_run(run).chip()
        files = export_transistors(chip, cards) if level == "transistor" else handover(chip, format)
        if verify:
            require_verifiable(files.benches, timeout)
        with writing(out):
            result = {"format": format, "files": [str(path) for path in files.write(out)], "notes": list(files.notes)}
            if CORE_FILE in files.texts:
                result["deck_sha256"] = core_sha256(files.texts[CORE_FILE])
            checked = verdict(out, files.benches, timeout) if verify else {}
        terminal.result(result | checked)
        if checked.get("passed") is False:
            raise typer.Exit(1)


app.command(name="map", cls=ToldCommand)(chip_commands.map_run)
app.command(name="compile")(chip_commands.compile_program)
for silicon in ("neuron", "corners", "core", "signoff"):
    app.command()(getattr(cli_silicon, silicon))
app.command()(chip_tables.chips)
app.command()(spread_command.spread)
app.command()(report_commands.report)


@data_app.command(name="list")
def data_list(json: Json = False) -> None:
    """List the data sets that can be prepared."""
    from snn.data.sets.manifest import load_manifests

    with Terminal(json) as terminal:
        rows = [
            {"name": m.name, "title": m.title, "licence": m.licence, "split": m.split}
            for m in load_manifests().values()
        ]
        terminal.result({"rows": rows})


@data_app.command(name="prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(help="Data-set name (see `snn data list`).")], json: Json = False
) -> None:
    """Download (resuming), verify and unpack a data set, or synthesise the embedded one."""
    from snn.data.sets.download import prepare

    with Terminal(json) as terminal:
        folder = prepare(name, on_progress=terminal.reporter.on_stage, on_note=terminal.note)
        terminal.result({"name": name, "folder": str(folder)})


@data_app.command(name="check")
def data_check(
    path: Annotated[Path, typer.Argument(help="Folder of recordings, or one file.")], json: Json = False
) -> None:
    """Read every recording and name every one that training would refuse; exit code 2 if there are any."""
    from snn.data.corpora.check import scan

    with Terminal(json) as terminal:
        report = scan(path, lambda done, total: terminal.reporter.on_stage("checking", done, total))
        bad = [{"file": shown(file.path), "problem": file.problem} for file in report.bad]
        terminal.result(
            {
                "n_files": len(report.files),
                "n_bad": len(bad),
                "duration_s": report.duration_s,
                "sample_rates": {str(rate): n for rate, n in report.sample_rates.items()},
                "n_clips": report.n_clips,
                "bad": bad,
                "notes": list(report.notes),
                **({"unfit": report.unfit} if report.unfit else {}),
            }
        )
        if bad or report.unfit:
            raise typer.Exit(2)


def main() -> None:
    """Entry point: run the app and end with the documented exit code."""
    run_app(app)

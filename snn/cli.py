"""The command line `snn`: each command spells out one stretch of the flow.

    wav -> features -> spikes -> network -> training -> NetworkSpec + Activity -> Placement -> EnergyReport -> netlist

Heavy imports happen inside the commands, so that `snn --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from snn.terminal import Terminal, run_app

app = typer.Typer(
    name="snn",
    help="TunnelSpike: spiking keyword spotting on band-to-band-tunnelling neurons, every joule accounted for.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="Speech data: list, prepare, check.", no_args_is_help=True)
app.add_typer(data_app, name="data")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
RunFolder = Annotated[Path, typer.Argument(help="Run folder, the --out of `snn train`.")]
Data = Annotated[str | None, typer.Option(help="Data-set name, or a folder with one sub-folder per word.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Change a setting: key=value, may be repeated.")]
Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Device = Annotated[str, typer.Option(help="Where the network runs: auto (a GPU where there is one), cpu or cuda.")]


@app.command()
def demo(out: Out = Path("runs/demo"), seed: int = 0, json: Json = False) -> None:
    """Run the whole flow on embedded speech: about two minutes on two cores, no download."""
    from snn.demo import run_demo

    with Terminal(json) as terminal:
        terminal.result(run_demo(out, seed, terminal.reporter))


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Recipe name (see `snn train list`) or TOML file.")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option(help="Run folder to write; default runs/RECIPE.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random draw.")] = None,
    settings: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is there.")] = False,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Train a recipe and write a run folder."""
    from snn.recipe import load_recipe, recipe_names

    with Terminal(json) as terminal:
        if recipe == "list":
            terminal.result({"recipes": list(recipe_names())})
            return
        chosen = load_recipe(recipe, [*(settings or ()), *([] if seed is None else [f"training.seed={seed}"])])
        from snn.experiment import train as train_recipe

        place = data or chosen.data.name
        if place is None:
            raise ValueError(f"recipe {chosen.name!r} names no data set; give --data NAME or --data FOLDER")
        folder = out or Path("runs") / chosen.name
        how = {"resume": resume, "overwrite": overwrite, "device": device, "reporter": terminal.reporter}
        metrics = train_recipe(chosen, place, folder, **how)
        terminal.result({"run": str(folder)} | metrics)


@app.command()
def evaluate(
    run: RunFolder,
    data: Data = None,
    split: Annotated[
        str | None, typer.Option(help="official, speaker:NAME or all; default the run's own, all for other --data.")
    ] = None,
    device: Device = "auto",
    engine: Annotated[str | None, typer.Option(help="torch, or brian2: an independent simulator, slow.")] = None,
    json: Json = False,
) -> None:
    """Evaluate a run on its test split, or on other recordings: accuracy, confusion, spikes, synaptic operations."""
    from snn.experiment import evaluate_run
    from snn.run import load_run, save_activity

    with Terminal(json) as terminal:
        loaded = load_run(run)
        result = evaluate_run(loaded, data, split, terminal.reporter, device=device, engine=engine)
        terminal.result(result.as_dict() | {"labels": list(loaded.labels)})
        if data is None and split is None:
            save_activity(run, result.activity)


@app.command()
def neuron(
    device: Annotated[str, typer.Option(help="Named device; `list` names them.")] = "32nm-pdsoi",
    v_gs: Annotated[float | None, typer.Option(help="Gate bias (V), negative; default -0.5.")] = None,
    temperature: Annotated[float, typer.Option(help="Temperature (K).")] = 300.0,
    supply: Annotated[float | None, typer.Option(help="V_DD (V), with V_DS and threshold in proportion.")] = None,
    years: Annotated[float, typer.Option(help="Years of use, which wear the current.")] = 0.0,
    rate: Annotated[float | None, typer.Option(help="Design for this firing rate (Hz) instead of a bias.")] = None,
    tau_mem: Annotated[float | None, typer.Option(help="Design: time constant (s); default 40e-6.")] = None,
    swing: Annotated[float | None, typer.Option(help="Design: threshold minus reset (V); default 0.4.")] = None,
    width: Annotated[float | None, typer.Option(help="Design: width (m) instead of a chosen one.")] = None,
    c_mem: Annotated[float | None, typer.Option(help="Design: capacitor (F) instead of a chosen one.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Beside published neurons.")] = False,
    scope: Annotated[str, typer.Option(help="Published figures of: neuron, core, chip or system.")] = "neuron",
    plot: Annotated[Path | None, typer.Option(help="Write a picture (PNG, SVG or PDF).")] = None,
    json: Json = False,
) -> None:
    """The BTBT neuron: rate and energy per spike by part, designed for a rate, or beside published neurons."""
    from snn.neuron_report import (
        comparison,
        design_figures,
        device_rows,
        neuron_circuit,
        neuron_design,
        neuron_figures,
        plot_neuron,
    )

    with Terminal(json) as terminal:
        if device == "list":
            terminal.result({"rows": device_rows()})
            return
        wish = {"tau_mem": tau_mem, "rate": rate, "swing": swing, "width": width, "c_mem": c_mem}
        circuit = neuron_circuit(device, v_gs, temperature, supply, years)
        design = neuron_design(circuit, wish, v_gs)
        circuit = design.circuit if design else circuit
        if plot:
            plot_neuron(circuit, plot, scope if compare else None)
        if compare:
            terminal.result(comparison(circuit, scope))
        else:
            terminal.result(design_figures(design, temperature) if design else neuron_figures(circuit, temperature))


@app.command()
def corners(
    device: Annotated[str, typer.Option(help="Named device; `snn neuron --device list` names them.")] = "32nm-pdsoi",
    v_gs: Annotated[float | None, typer.Option(help="Gate bias (V), negative; default -0.5.")] = None,
    n: Annotated[int, typer.Option(help="Neurons, each with its own mismatch.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the mismatch.")] = 0,
    jobs: Annotated[int, typer.Option(help="Threads; -1 for one per core.")] = -1,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    json: Json = False,
) -> None:
    """Mismatched neurons at 27 corners of process, supply and temperature: rate and energy per spike."""
    from snn.neuron_report import corner_figures, neuron_circuit

    with Terminal(json) as terminal:
        circuit = neuron_circuit(device, v_gs, 300.0)
        terminal.result(corner_figures(circuit, n, seed=seed, n_jobs=jobs, scheduler=scheduler))


@app.command()
def core(
    rate: Annotated[float, typer.Option(help="Mean rate of a neuron (Hz), in the time of the speech.")] = 50.0,
    duration: Annotated[float, typer.Option(help="Length of the utterance (s).")] = 1.0,
    neurons: Annotated[int, typer.Option(help="Neurons of the reservoir; 20 encoders are added beside it.")] = 36,
    acceleration: Annotated[float, typer.Option(help="Beside real time: so many times faster, then off.")] = 1000.0,
    device: Annotated[str, typer.Option(help="Named device; `snn neuron --device list` names them.")] = "32nm-pdsoi",
    scope: Annotated[str, typer.Option(help="Published figures of: neuron, core, chip or system.")] = "neuron",
    plot: Annotated[Path | None, typer.Option(help="Write a picture (PNG, SVG or PDF).")] = None,
    json: Json = False,
) -> None:
    """A core of BTBT neurons beside the same core of published ones: dynamic and static energy, and who wins."""
    from snn.core_report import core_figures, core_load, plot_core
    from snn.neuron_report import neuron_circuit

    with Terminal(json) as terminal:
        circuit, load = neuron_circuit(device, None, 300.0), core_load(rate, neurons, duration, acceleration)
        if plot:
            plot_core(circuit, load, plot, scope)
        terminal.result(core_figures(circuit, load, scope))


@app.command(name="map")
def map_run(
    run: RunFolder,
    chip: Annotated[str, typer.Option(help="Chip name or TOML file.")] = "btbt-45rfsoi",
    out: Annotated[Path | None, typer.Option(help="Also write energy.json there.")] = None,
    acceleration: Annotated[float, typer.Option(help="Chip time runs this many times faster than speech.")] = 1.0,
    json: Json = False,
) -> None:
    """Place a run on a chip and report the energy of one inference, part by part."""
    from circuits.chips import load_chip
    from circuits.energy import energy_report
    from circuits.mapping import place

    with Terminal(json) as terminal:
        specification = load_chip(chip)
        from circuits.storage import write_json
        from snn.run import load_activity, load_run

        network = load_run(run).network()
        report = energy_report(network, load_activity(run), place(network, specification), acceleration)
        if out:
            write_json(out / "energy.json", report.as_dict())
        terminal.result(report.as_dict())


@app.command()
def export(
    run: RunFolder,
    out: Out,
    format: Annotated[str, typer.Option(help="json, spice, spectre, verilog-a or all.")] = "json",
    verify: Annotated[
        bool, typer.Option("--verify", help="Run the SPICE benches in ngspice, expected beside simulated.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that ngspice may take for each bench.")] = 300.0,
    json: Json = False,
) -> None:
    """Hand a run over to a circuit team: parameters, netlists and models, with benches that check themselves."""
    with Terminal(json) as terminal:
        from circuits.netlist.handover import handover
        from circuits.netlist.verify import require_verifiable, verdict
        from snn.run import load_run

        files = handover(load_run(run).network(), format)
        if verify:
            require_verifiable(files.benches, timeout)
        result = {"format": format, "files": [str(path) for path in files.write(out)], "notes": list(files.notes)}
        checked = verdict(out, files.benches, timeout) if verify else {}
        terminal.result(result | checked)
        if checked.get("passed") is False:
            raise typer.Exit(1)


@app.command()
def signoff(
    run: RunFolder,
    clips: Annotated[int, typer.Option(help="Test clips to simulate in ngspice.")] = 10,
    seed: Annotated[int, typer.Option(help="Draws the clips.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds that ngspice may take for each clip.")] = 600.0,
    jobs: Annotated[int, typer.Option(help="Processes of ngspice at a time.")] = 2,
    json: Json = False,
) -> None:
    """Simulate a trained chip in ngspice on recordings: spikes, answers and energy beside those of the engine."""
    with Terminal(json) as terminal:
        from snn.reservoir.run import require_reservoir
        from snn.reservoir.signoff import sign_off_run
        from snn.run import load_run

        loaded = require_reservoir(load_run(run))
        terminal.result(
            sign_off_run(loaded, clips, seed=seed, timeout_s=timeout, n_jobs=jobs, reporter=terminal.reporter)
        )


@data_app.command(name="list")
def data_list(json: Json = False) -> None:
    """The data sets there are."""
    from snn.data.manifest import load_manifests

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
    from snn.data.download import prepare

    with Terminal(json) as terminal:
        folder = prepare(name, on_progress=terminal.reporter.on_stage)
        terminal.result({"name": name, "folder": str(folder)})


@data_app.command(name="check")
def data_check(
    path: Annotated[Path, typer.Argument(help="Folder of recordings, or one file.")], json: Json = False
) -> None:
    """Read every recording and name every one that cannot be used; exit code 2 if there are any."""
    from snn.data.check import scan

    with Terminal(json) as terminal:
        report = scan(path, lambda done, total: terminal.reporter.on_stage("checking", done, total))
        bad = [{"file": str(file.path), "problem": file.problem} for file in report.bad]
        terminal.result(
            {
                "n_files": len(report.files),
                "n_bad": len(bad),
                "duration_s": report.duration_s,
                "sample_rates": {str(rate): n for rate, n in report.sample_rates.items()},
                "n_clips": report.n_clips,
                "bad": bad,
            }
        )
        if bad:
            raise typer.Exit(2)


def main() -> None:
    """Entry point: run the app and end with the documented exit code."""
    run_app(app)

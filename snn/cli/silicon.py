"""Commands of the silicon, registered in `snn.cli.app`: a neuron, corners, a core, a run in ngspice."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from circuits.errors import InputError
from snn.cli import options
from snn.cli.options import GateBias, Json, NeuronDevice, Plot, RunFolder, Scope, number_of, place
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal

if TYPE_CHECKING:
    from circuits.neuron.circuit import LIFCircuit
    from circuits.neuron.design import Design
    from snn.studies.transistor_neuron import SourceStudy, TransistorStudy


def neuron(
    device: options.Device = "32nm-pdsoi",
    v_gs: GateBias = None,
    temperature: options.Temperature = 300.0,
    supply: options.Supply = None,
    years: options.Years = 0.0,
    rate: options.Rate = None,
    tau_mem: options.TauMem = None,
    swing: options.Swing = None,
    width: options.Width = None,
    c_mem: options.Capacitance = None,
    level: options.Level = "behavioural",
    cards: options.CardFolder = None,
    sources: options.Sources = False,
    draws: options.Draws = None,
    network: options.SmallNetwork = False,
    compare: options.Compare = False,
    scope: Scope = "neuron",
    run: options.OwnRun = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """One tunnelling (BTBT) neuron: its rate and energy per spike; designed for a rate; beside published ones.

    With --compare --scope chip also whole keyword spotters, by what their joules pay for.
    """
    from snn.report.neuron_report import device_rows
    from snn.studies.one_neuron import DesignRequest, neuron_circuit, neuron_design
    from snn.studies.transistor_neuron import require_level

    with Terminal(json) as terminal:
        if device == "list":
            terminal.result({"rows": device_rows()})
            return
        of_behaviour = {"rate": rate, "tau-mem": tau_mem, "swing": swing, "width": width, "c-mem": c_mem}
        of_transistors = {"cards": cards, "sources": sources, "draws": draws, "network": network}
        require_level(level, of_behaviour | {"years": years, "compare": compare}, of_transistors)
        if level == "transistor":
            asked = _TransistorRequest(device, v_gs, temperature, supply, cards, sources, draws, network)
            _of_transistors(terminal, asked, plot)
            return
        base = neuron_circuit(device, v_gs, temperature, supply, years)
        design = neuron_design(base, DesignRequest(rate, tau_mem, swing, width, c_mem), v_gs)
        require_outputs(plot=plot)
        if run and not (compare and scope == "chip"):
            raise InputError(f"--run {run} is a whole spotter: compare it by --compare --scope chip")
        if compare:
            _beside(terminal, design.circuit if design else base, scope, run, plot)
        else:
            _alone(terminal, base, design, temperature, plot)


def _alone(
    terminal: Terminal, base: "LIFCircuit", design: "Design | None", temperature: float, plot: Path | None
) -> None:
    """A circuit, or the one that was designed from it."""
    from snn.report.neuron_report import design_figures, neuron_figures
    from snn.report.pictures import save_figure
    from snn.report.silicon_figures import figure_f_i

    terminal.result(design_figures(design, temperature) if design else neuron_figures(base, temperature))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_f_i(design.circuit if design else base)))


def _beside(terminal: Terminal, circuit: "LIFCircuit", scope: str, run: Path | None, plot: Path | None) -> None:
    """Published neurons beside it, at the scope of a chip whole spotters too."""
    from snn.report.comparison_figures import figure_beside
    from snn.report.neuron_report import comparison, spotter_comparison
    from snn.report.pictures import save_figure
    from snn.studies.one_neuron import compare_neuron
    from snn.studies.one_spotter import own_spotter

    beside = compare_neuron(circuit, scope)
    terminal.result(comparison(beside) | (spotter_comparison(own_spotter(run)) if scope == "chip" else {}))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_beside(beside)))


@dataclass(frozen=True)
class _TransistorRequest:
    """What the neuron from transistors is asked for; see the options of `neuron`."""

    device: str
    v_gs: float | None
    temperature: float
    supply: float | None
    cards: Path | None
    sources: bool
    draws: int | None
    network: bool


def _of_transistors(terminal: Terminal, asked: _TransistorRequest, plot: Path | None) -> None:
    from snn.studies.transistor_neuron import require_one_study, study_sources, study_transistors

    device, v_gs, temperature, supply, cards, sources, draws, network = vars(asked).values()
    conditions = {"temperature": temperature if temperature != 300.0 else None, "supply": supply}
    require_one_study(sources, network, draws, conditions | ({"v-gs": v_gs, "plot": plot} if network else {}))
    require_outputs(plot=plot)
    if network:
        _small_core(terminal, device, cards)
    elif sources:
        _sources(terminal, study_sources(device, v_gs, cards, draws), plot)
    else:
        _transistors(terminal, study_transistors(device, v_gs, temperature, supply, cards), plot)


def _transistors(terminal: Terminal, study: "TransistorStudy", plot: Path | None) -> None:
    from snn.report.pictures import save_figure
    from snn.report.transistor_figures import figure_transistors
    from snn.report.transistor_report import transistor_rows
    from snn.studies.transistor_neuron import waves_of

    terminal.result(transistor_rows(study))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_transistors(study, waves_of(study))))


def _sources(terminal: Terminal, study: "SourceStudy", plot: Path | None) -> None:
    from snn.report.pictures import save_figure
    from snn.report.source_report import figure_sources, source_rows

    terminal.result(source_rows(study))
    if plot:
        terminal.asked(lambda: save_figure(plot, figure_sources(study)))


def _small_core(terminal: Terminal, device: str, cards: Path | None) -> None:
    """Exit code 1 where too few spikes match."""
    from circuits.device.device_file import load_device
    from circuits.signoff.small_core import CORE_CELL, sign_off_small
    from circuits.transistor.cards import find_cards
    from snn.report.small_core_report import small_core_rows

    cell, models = replace(CORE_CELL, device=load_device(device)), find_cards(cards)
    found = sign_off_small(cell, models)
    about = {"level": "transistor", "cards": models.name, "device": cell.device.name}
    about |= {"source_width_m": cell.source_width}
    terminal.result(about | small_core_rows(found))
    if not found.passed:
        raise typer.Exit(1)


def corners(
    device: options.Device = "32nm-pdsoi",
    v_gs: GateBias = None,
    engine: Annotated[
        str, typer.Option(help="population: mismatched neurons; ngspice: one netlist, beside the transient engine.")
    ] = "population",
    n: Annotated[int, typer.Option(help="Number of neurons, each with its own mismatch.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the mismatch.")] = 0,
    jobs: Annotated[int, typer.Option(help="Threads; -1 for one per core.")] = -1,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    json: Json = False,
) -> None:
    """Mismatched neurons at 27 corners of process, supply and temperature: rate and energy per spike."""
    from circuits.signoff.corner_runs import corner_runs
    from circuits.variation.monte_carlo import monte_carlo
    from snn.report.corner_report import corner_figures, simulated_corners
    from snn.studies.one_neuron import neuron_circuit

    with Terminal(json) as terminal:
        if engine not in ("population", "ngspice"):
            raise InputError(f"unknown engine {engine!r}; known: population, ngspice")
        circuit = neuron_circuit(device, v_gs, 300.0)
        if engine == "ngspice":
            found = simulated_corners(circuit, corner_runs(circuit, n_jobs=jobs))
            terminal.result(found)
            if not found["passed"]:
                raise typer.Exit(1)
            return
        found = monte_carlo(circuit, n, seed=seed, n_jobs=jobs, scheduler=scheduler)
        terminal.result(corner_figures(circuit, found))


def core(
    rate: Annotated[
        float | None, number_of("Hz", "Mean firing rate of a neuron, in the time of the speech; default 50.")
    ] = None,
    duration: Annotated[float | None, number_of("s", "Length of the utterance; default 1.")] = None,
    neurons: Annotated[
        int | None, typer.Option(help="Neurons of the reservoir, beside 20 that encode; default 36.")
    ] = None,
    acceleration: Annotated[
        float | None,
        typer.Option(help="Beside real time, also sped up so many times, then switched off; default 1000."),
    ] = None,
    device: Annotated[str | None, NeuronDevice] = None,
    run: Annotated[
        Path | None, typer.Option(help="Take neuron, rates and duration from the run of a reservoir.")
    ] = None,
    scope: Scope = "neuron",
    plot: Plot = None,
    json: Json = False,
) -> None:
    """A core of BTBT neurons beside the same core of published ones: dynamic and static energy, and which is less."""
    from snn.experiments.run_folder import load_run
    from snn.report.core_figures import figure_core_power
    from snn.report.core_report import core_figures
    from snn.report.pictures import save_figure
    from snn.studies.one_core import asked_core, core_tables, run_core

    with Terminal(json) as terminal:
        asked = {"rate": rate, "duration": duration, "neurons": neurons, "acceleration": acceleration, "device": device}
        request = {name: value for name, value in asked.items() if value is not None}
        if run and request:
            raise InputError(
                f"--run brings its own {', '.join(request)}: leave out {', '.join(f'--{k}' for k in request)}"
            )
        compared = run_core(load_run(run)) if run else asked_core(**request)
        require_outputs(plot=plot)
        terminal.result(core_figures(compared, scope))
        if plot:
            terminal.asked(lambda: save_figure(plot, figure_core_power(core_tables(compared, scope))))


def signoff(
    run: RunFolder,
    deck: Annotated[
        Path | None, place("Folder of an export: run the core that stands there, not one written anew.")
    ] = None,
    own_cell: Annotated[
        bool,
        typer.Option(
            "--own-cell", help="Let cells and lines differ from those that this version writes, judged by what they do."
        ),
    ] = False,
    clips: Annotated[int, typer.Option(help="Test clips to simulate in ngspice.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice of clips.")] = 0,
    timeout: Annotated[float, number_of("s", "Longest that ngspice may take for a clip.")] = 600.0,
    jobs: Annotated[int, typer.Option(min=1, help="How many ngspice run at a time.")] = 2,
    json: Json = False,
) -> None:
    """Simulate a reservoir's run in ngspice and compare spikes, answers and energy; exit code 1 if they are far off."""
    with Terminal(json) as terminal:
        from snn.experiments.run_folder import load_run
        from snn.studies.signoff_of_run import sign_off_run

        loaded = load_run(run)
        how = {"seed": seed, "timeout_s": timeout, "n_jobs": jobs, "reporter": terminal.reporter}
        found = sign_off_run(loaded, clips, deck=deck, own_cell=own_cell, **how)
        terminal.result(found)
        if not found["passed"]:
            raise typer.Exit(1)

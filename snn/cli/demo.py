"""The whole flow on embedded speech: train, evaluate, map, hand over, draw."""

from pathlib import Path
from typing import Any

import torch

from circuits.chips import load_chip
from circuits.chips.energy_report import EnergyReport
from circuits.errors import InputError
from circuits.literature.compare import compare
from circuits.netlist.handover import write_network_spice
from circuits.netlist.parameters import write_network_json
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.energy_terms import spike_energy
from circuits.storage import write_json
from snn.audio.examples import load_examples
from snn.data.corpora.clip import load_clip
from snn.data.corpora.open_corpus import open_corpus
from snn.data.sets.download import prepare
from snn.experiments.evaluate import Evaluation, evaluate_run
from snn.experiments.history import read_history
from snn.experiments.metrics import SpotterMetrics
from snn.experiments.run_folder import Run, holds_run, load_run, read_config
from snn.experiments.train import train
from snn.recipes.recipe import load_recipe
from snn.report.comparison_figures import figure_comparison
from snn.report.network_figures import figure_confusion, figure_history, figure_raster
from snn.report.pictures import save_figure
from snn.report.silicon_figures import figure_energy_parts, figure_energy_report, figure_f_i
from snn.reporter import Reporter

CHIP = "btbt-45rfsoi"


def run_demo(out: Path, seed: int = 0, reporter: Reporter = Reporter()) -> dict[str, Any]:
    """Leave the run, energy.json, pictures and netlist in `out`; returns the table that the demo ends with."""
    if holds_run(out) and read_config(out)[0].name != "demo":
        raise InputError(f"{out} holds a run of another recipe; give the demo an --out of its own")
    recipe = load_recipe("demo", [f"training.seed={seed}"])  # refuses a seed that cannot be
    reporter.on_note("1/4  synthesising 2,000 words with 100 synthetic voices (cached)")
    corpus = prepare("embedded", on_progress=reporter.on_stage, on_note=reporter.on_note)
    reporter.on_note("2/4  training a spiking network on them")
    metrics = train(recipe, corpus, out, overwrite=True, reporter=reporter)
    run = load_run(out)
    evaluation = evaluate_run(run, reporter=reporter)
    reporter.on_note(f"3/4  placing it on {CHIP}")
    trained = run.chip()
    chip, network = load_chip(CHIP, trained), trained.network
    activity = evaluation.activity
    report = chip.price(network, activity, chip.place(network, activity), run.model.sensed(activity))
    write_json(out / "energy.json", report.as_dict())
    reporter.on_note("4/4  netlist and pictures")
    write_network_json(out / "netlist", trained)
    write_network_spice(out / "netlist", trained)
    try:
        draw(run, evaluation, report, out / "pictures")
    except (OSError, InputError) as error:
        reporter.on_note(f"the pictures are not complete: {error}")
    return summary(metrics, evaluation, report) | {"folder": str(out)}


def summary(metrics: SpotterMetrics, evaluation: Evaluation, report: EnergyReport) -> dict[str, Any]:
    """Accuracy, spikes and joules per inference, and energy per spike against published bare neurons."""
    own = spike_energy(LIFCircuit()).total
    measured = [row for row in compare(own) if row.measured]
    return {
        "test_accuracy": metrics.test_accuracy,
        "n_parameters": metrics.n_parameters,
        "spikes_per_inference": evaluation.activity.spikes_per_inference,
        "synaptic_operations": evaluation.synaptic_operations,
        "energy_per_inference_j": report.ledger.total,
        "acceleration": report.acceleration,
        "real_time_total_j": report.real_time and report.real_time.ledger.total,
        "energy_with_front_end_j": report.with_front_end,
        "energy_per_spike_of_network_j": report.energy_per_spike_j,
        "energy_per_spike_of_bare_neuron_j": own,
        "parts_j": report.ledger.parts,
        "not_modelled": report.ledger.not_modelled,
        "conventional": [
            {
                "name": row.name,
                "year": row.year,
                "energy_per_spike_j": row.energy_per_spike_j,
                "ratio_to_btbt": row.ratio_to_btbt,
            }
            for row in measured
        ],
    }


def draw(run: Run, evaluation: Evaluation, report: EnergyReport, folder: Path) -> None:
    """Draw one clip with its spikes, the confusion matrix, the f-I curve, the energies and the training history."""
    corpus = open_corpus(run.data, task=run.recipe.data.task, split=run.recipe.data.split)
    mel, clip = run.model.front_end, corpus.split("test")[0]
    with torch.inference_mode():
        output = run.model(
            load_examples([clip], mel).features[0].to(run.model.device), torch.Generator().manual_seed(0)
        )
    names = ("encoder", *(f"hidden{i}" for i in range(1, len(output.spikes))))
    spikes = {name: part[0].cpu().numpy() for name, part in zip(names, output.spikes, strict=True)}
    waveform = load_clip(clip, mel.sample_rate, mel.duration_s)
    title = f"“{corpus.labels[clip.label]}”"
    energy = spike_energy(LIFCircuit())
    figures = {
        "raster": figure_raster(waveform, mel.sample_rate, spikes, run.model.dt, title),
        "confusion": figure_confusion(evaluation.confusion, run.labels, run.recipe.title),
        "f-i": figure_f_i(LIFCircuit()),
        "energy-per-spike": figure_energy_parts(energy),
        "comparison": figure_comparison(compare(energy.total), energy.total),
        "energy-per-inference": figure_energy_report(report),
        "history": figure_history(read_history(run.folder)),
    }
    for name, figure in figures.items():
        save_figure(folder / f"{name}.png", figure)

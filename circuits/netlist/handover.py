"""Everything that a circuit team gets of a network, format by format: all of it computed before a file is written."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.netlist.corners_lib import CORNERS_FILE, corners_lib, corners_record, corners_scs, mismatch_record
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.expected import spike_times
from circuits.netlist.parameter_table import parameter_table, parameters_csv, parameters_record
from circuits.netlist.parameters import network_parameters, typical_circuit
from circuits.netlist.provenance import circuit_hash, head, network_hash, record
from circuits.netlist.spectre import CELLS_FILE, network_spectre, neuron_spectre
from circuits.netlist.spectre import CORNERS_FILE as SPECTRE_CORNERS
from circuits.netlist.spice import spice_texts
from circuits.netlist.veriloga import event_view, smooth_view
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import file_stems
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus, n_signals
from circuits.network.wiring import Wiring, wire
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.storage import write_text

MAX_NEURONS, MAX_SYNAPSES = 300, 5000  # spiking ones, of a deck that is verified; beyond, ngspice takes hours
BENCH_SPIKES = 40  # after which the bench of a network ends
BENCH_STEPS = 50  # time steps of the network, after which it ends at the latest
STRENGTHS = (1, 2, 4, 8, 16, 32, 64)
NETWORK = "network_bench"


@dataclass(frozen=True, eq=False)
class Bench:
    """A SPICE deck and what it should show: the period of one neuron, or the spikes of each neuron of a network."""

    file: str
    v_dd: float  # V, a spike's height
    period: float | None = None  # s
    spikes: dict[str, np.ndarray] | None = None  # s, by the name of a spiking neuron


@dataclass(frozen=True)
class Handover:
    """Texts by file name, the benches among them, and notes on what was left out and why."""

    texts: dict[str, str]
    benches: tuple[Bench, ...] = ()
    notes: tuple[str, ...] = ()

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write each file whole or not at all, in the order of `texts`."""
        for file, text in self.texts.items():
            write_text(Path(folder) / file, text)
        return tuple(Path(folder) / file for file in self.texts)


def handover(chip: ChipNetwork, format: str) -> Handover:
    """The files of a network in one format: json, spice, spectre, verilog-a, or all of them.

    Raises:  ValueError for another format, naming those that are known.
    """
    if format == "all":
        parts = [write(chip) for write in FORMATS.values()]
        texts = {file: text for part in parts for file, text in part.texts.items()}
        benches = tuple(bench for part in parts for bench in part.benches)
        return Handover(texts, benches, tuple(dict.fromkeys(note for part in parts for note in part.notes)))
    if format not in FORMATS:
        raise InputError(f"unknown format {format!r}; known: {', '.join((*FORMATS, 'all'))}")
    return FORMATS[format](chip)


def write_network_spice(folder: str | Path, chip: ChipNetwork) -> tuple[Path, ...]:
    """Write a typical neuron of each layer with its bench, and the whole network where it is small enough for one."""
    return handover(chip, "spice").write(folder)


def default_stimulus(chip: ChipNetwork, wiring: Wiring) -> tuple[Stimulus, tuple[np.ndarray, ...]]:
    """What a bench drives a network with, and the spikes that follow: constant signals, or regular spikes in turn.

    As strong as it takes for `BENCH_SPIKES` spikes within `BENCH_STEPS` time steps, at most `STRENGTHS[-1]` times a
    signal of 1 or a spike on each channel every fourth step; it ends half-way to the next spike.
    """
    for strength in STRENGTHS:
        stimulus = _regular(chip.network, strength)
        spikes = spike_times(wiring, stimulus)
        fired = np.sort(np.concatenate(spikes))
        if len(fired) > BENCH_SPIKES:
            end = float(fired[BENCH_SPIKES - 1 : BENCH_SPIKES + 1].mean())
            return replace(stimulus, duration=end), tuple(times[times < end] for times in spikes)
    return stimulus, spikes


def _regular(net: NetworkSpec, strength: float) -> Stimulus:
    interval_s, channels = 4 * net.dt / strength, net.n_external
    times = interval_s * np.arange(BENCH_STEPS * strength // 4)
    trains = tuple(times + interval_s * (channel + 0.5) / channels for channel in range(channels))
    signal = None if channels else np.full((1, n_signals(net)), float(strength))
    return Stimulus(BENCH_STEPS * net.dt, trains, signal)


def _json(chip: ChipNetwork) -> Handover:
    about = record(chip.circuit, network_hash(chip))
    rows = parameter_table(chip.circuit)
    return Handover(
        {
            "network.json": _dumped(network_parameters(chip)),
            "parameters.json": _dumped(about | {"parameters": parameters_record(rows)}),
            "parameters.csv": parameters_csv(rows),
            "corners.json": _dumped(about | corners_record()),
            "mismatch.json": _dumped(about | mismatch_record(chip.circuit)),
        }
    )


def _spice(chip: ChipNetwork) -> Handover:
    neurons = _typical(chip)
    texts = spice_texts(neurons)
    texts[CORNERS_FILE] = corners_lib(_head(chip, "process corners of every bench in this folder", "*"))
    stems = file_stems(neurons)
    benches = [Bench(f"{stems[label]}_bench.cir", c.v_dd, interval(c)) for label, c in neurons.items()]
    wiring, notes = _whole(chip)
    if wiring is not None:
        stimulus, spikes = default_stimulus(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "*")
        texts[f"{NETWORK}.cir"] = network_bench(wiring, stimulus, spikes, title, CORNERS_FILE)
        fires = {n: t for n, t, spiking in zip(wiring.names, spikes, wiring.spiking, strict=True) if spiking}
        if _verifiable(chip.network):
            benches.append(Bench(f"{NETWORK}.cir", chip.circuit.v_dd, spikes=fires))
    return Handover(texts, tuple(benches), notes)


def _spectre(chip: ChipNetwork) -> Handover:
    neurons = _typical(chip)
    stems = file_stems(neurons)
    texts = {
        CELLS_FILE: event_view(chip.circuit, title=chip.network.name),
        SPECTRE_CORNERS: corners_scs(_head(chip, "process corners of every netlist in this folder", "//")),
    }
    for label, circuit in neurons.items():
        title = head(f"neuron {label}", circuit, circuit_hash(circuit), comment="//")
        texts[f"{stems[label]}_bench.scs"] = neuron_spectre(circuit, interval(circuit), title)
    wiring, notes = _whole(chip)
    if wiring is not None:
        stimulus, spikes = default_stimulus(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "//")
        texts[f"{NETWORK}.scs"] = network_spectre(wiring, stimulus, spikes, title)
    return Handover(texts, notes=notes)


def _veriloga(chip: ChipNetwork) -> Handover:
    views = {CELLS_FILE: event_view, "btbt_lif_smooth.va": smooth_view}
    return Handover({file: view(chip.circuit, title=chip.network.name) for file, view in views.items()})


FORMATS: dict[str, Callable[[ChipNetwork], Handover]] = {
    "json": _json,
    "spice": _spice,
    "spectre": _spectre,
    "verilog-a": _veriloga,
}


def _typical(chip: ChipNetwork) -> dict[str, LIFCircuit]:
    return {layer.name: typical_circuit(chip, layer) for layer in chip.network.layers if layer.spiking}


def _whole(chip: ChipNetwork) -> tuple[Wiring | None, tuple[str, ...]]:
    """The network as wires, or None and the reason why it has no netlist of its own."""
    net = chip.network
    if chip.circuit.body_factor:
        return None, ("no netlist of the whole network: with a body factor its spikes have no closed form to check",)
    if _verifiable(net):
        return wire(chip), ()
    neurons = sum(layer.n_neurons for layer in net.layers if layer.spiking)
    return wire(chip), (
        f"the netlist of the whole network is not verified: ngspice takes hours for {neurons} spiking neurons and "
        f"{net.n_synapses} synapses (verified up to {MAX_NEURONS} and {MAX_SYNAPSES}); run it where there is time",
    )


def _verifiable(net: NetworkSpec) -> bool:
    neurons = sum(layer.n_neurons for layer in net.layers if layer.spiking)
    return neurons <= MAX_NEURONS and net.n_synapses <= MAX_SYNAPSES


def _head(chip: ChipNetwork, title: str, comment: str) -> str:
    return head(title, chip.circuit, network_hash(chip), comment=comment)


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"

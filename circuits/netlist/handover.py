"""Everything that a circuit team gets of a network, format by format: all of it computed before a file is written."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.netlist.core_lib import CORE_FILE, core_text, unfit
from circuits.netlist.corners_lib import CORNERS_FILE, corners_lib, corners_record, corners_scs, mismatch_record
from circuits.netlist.data_sheet import SHEET, data_sheet
from circuits.netlist.deck_of_network import longest_step, network_bench
from circuits.netlist.expected import spike_times, spikes_and_potentials
from circuits.netlist.parameter_table import parameter_table, parameters_csv, parameters_record
from circuits.netlist.parameters import network_parameters, synapse_notes, typical_circuit
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
from circuits.units import Seconds, Volts

MAX_NEURONS, MAX_SYNAPSES = 300, 5000  # spiking ones, of a deck that is verified; beyond, ngspice takes hours
BENCH_SPIKES = 6  # of a neuron, on average, after which the bench of a network ends
BENCH_STEPS = 200  # time steps of the network, after which it ends at the latest
SIGN_STEPS = 15  # after which a signal changes its sign
MOST_SPIKES = 50  # of a neuron, on average: what is silent then stays silent
LEAST_SPIKES = 1  # of each neuron that spikes
STRENGTHS = (1, 2, 4, 8, 16, 32, 64)
NETWORK = "network_bench"


@dataclass(frozen=True, eq=False)
class Bench:
    """A SPICE deck and what it should show: the period of one neuron, or the spikes of each neuron of a network."""

    file: str
    v_dd: float  # V, a spike's height
    period: float | None = None  # s
    spikes: dict[str, np.ndarray] | None = None  # s, by the name of a spiking neuron
    bin: Seconds | None = None  # how far a spike may lie from the expected one
    potentials: dict[str, Volts] = field(default_factory=dict)  # at the end, by the name of a readout


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

    Raises:  InputError for another format, naming those that are known.
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


def default_stimulus(chip: ChipNetwork, wiring: Wiring) -> tuple[Stimulus, tuple[np.ndarray, ...], np.ndarray]:
    """What a bench drives a network with: signals of either sign, or regular spikes; spikes and potentials (V).

    The weakest of `STRENGTHS` at which most neurons spike; a strength of 1 is a signal of about 1 or a spike on each
    channel every fourth step. It ends between two spikes, `BENCH_SPIKES` for each neuron later if it lasts so long.
    """
    most, most_spikes = -1, MOST_SPIKES * wiring.n_neurons
    for strength in STRENGTHS:
        tried = _regular(chip.network, strength)
        trains = spike_times(wiring, tried)
        n_spikes, n_firing = sum(map(len, trains)), sum(len(times) > 0 for times in trains)
        if n_firing > most:
            most, stimulus, spikes = n_firing, tried, trains
        if n_firing == wiring.spiking.sum() or n_spikes > most_spikes:
            break
    stimulus = replace(stimulus, duration=_end(wiring, stimulus, spikes))
    return stimulus, *spikes_and_potentials(wiring, stimulus)


def _end(wiring: Wiring, stimulus: Stimulus, spikes: tuple[np.ndarray, ...]) -> Seconds:
    """Half-way between two spikes, after enough of them in all and `LEAST_SPIKES` of every neuron that has so many."""
    fired = np.sort(np.concatenate(spikes))
    apart = np.diff(fired) > 4 * bench_bin(wiring, stimulus)
    own = max((times[min(LEAST_SPIKES, len(times)) - 1] for times in spikes if len(times)), default=0.0)
    enough = (np.arange(len(fired)) >= BENCH_SPIKES * wiring.spiking.sum()) & (fired >= own)
    late = np.flatnonzero(enough[:-1] & apart)
    return float(fired[late[0] : late[0] + 2].mean()) if late.size else stimulus.duration


def bench_bin(wiring: Wiring, stimulus: Stimulus) -> Seconds:
    """How far a simulated spike may lie from the expected one: two of the longest steps."""
    return 2 * longest_step(wiring, stimulus)


def _regular(net: NetworkSpec, strength: float) -> Stimulus:
    """Signals that differ from line to line, so that neurons do not spike together, and of either sign in turn."""
    interval_s, channels, signals = 4 * net.dt / strength, net.n_external, n_signals(net)
    times = interval_s * np.arange(BENCH_STEPS * strength // 4)
    trains = tuple(times + interval_s * (channel + 0.5) / channels for channel in range(channels))
    signs = np.where(np.arange(BENCH_STEPS) // SIGN_STEPS % 2, -1.0, 1.0)
    signal = None if channels else strength * signs[:, None] * np.linspace(0.75, 1.25, signals)
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
        },
        notes=tuple(synapse_notes(chip.synapse)),
    )


def _spice(chip: ChipNetwork) -> Handover:
    neurons = _typical(chip)
    texts = spice_texts(neurons)
    title = _head(chip, "corners of every bench in this folder", "*")
    texts[CORNERS_FILE] = corners_lib(title, temperature=chip.circuit.device.temperature)
    stems = file_stems(neurons)
    benches = [Bench(f"{stems[label]}_bench.cir", c.v_dd, interval(c)) for label, c in neurons.items()]
    wiring, notes = _whole(chip)
    if wiring is not None:
        stimulus, spikes, potentials = default_stimulus(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "*")
        key = network_hash(chip)
        texts[CORE_FILE] = core_text(chip)
        texts[f"{NETWORK}.cir"] = network_bench(wiring, stimulus, spikes, key, title, CORNERS_FILE)
        fires = {n: t for n, t, spiking in zip(wiring.names, spikes, wiring.spiking, strict=True) if spiking}
        rests = {n: float(v) for n, v in zip(wiring.names, potentials, strict=True) if n not in fires}
        notes += _unseen(wiring, spikes)
        if _verifiable(chip.network):
            bin = bench_bin(wiring, stimulus)
            benches.append(Bench(f"{NETWORK}.cir", chip.circuit.v_dd, spikes=fires, bin=bin, potentials=rests))
    sheet = data_sheet(chip.network.name, {stems[label]: c for label, c in neurons.items()}, wiring, network_hash(chip))
    return Handover(texts | {SHEET: sheet}, tuple(benches), notes)


def _spectre(chip: ChipNetwork) -> Handover:
    neurons = _typical(chip)
    stems, key = file_stems(neurons), network_hash(chip)
    texts = {
        CELLS_FILE: event_view(chip.circuit, chip.synapse, title=chip.network.name, key=key),
        SPECTRE_CORNERS: corners_scs(_head(chip, "process corners of every netlist in this folder", "//")),
    }
    for label, circuit in neurons.items():
        title = head(f"neuron {label}", circuit, circuit_hash(circuit), comment="//")
        texts[f"{stems[label]}_bench.scs"] = neuron_spectre(circuit, interval(circuit), key, title)
    wiring, notes = _whole(chip)
    if wiring is not None:
        stimulus, spikes, _ = default_stimulus(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "//")
        texts[f"{NETWORK}.scs"] = network_spectre(wiring, stimulus, spikes, key, title)
    return Handover(texts, notes=notes)


def _veriloga(chip: ChipNetwork) -> Handover:
    name = chip.network.name
    return Handover(
        {
            CELLS_FILE: event_view(chip.circuit, chip.synapse, title=name, key=network_hash(chip)),
            "btbt_lif_smooth.va": smooth_view(chip.circuit, title=name),
        },
        notes=tuple(synapse_notes(chip.synapse)),
    )


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
    net, wiring = chip.network, wire(chip)
    if reason := unfit(wiring):
        return None, (f"no netlist of the whole network: {reason}",)
    if _verifiable(net):
        return wiring, ()
    neurons = sum(layer.n_neurons for layer in net.layers if layer.spiking)
    return wiring, (
        f"the netlist of the whole network is not verified: ngspice takes hours for {neurons} spiking neurons and "
        f"{net.n_synapses} synapses (verified up to {MAX_NEURONS} and {MAX_SYNAPSES}); run it where there is time",
    )


def _unseen(wiring: Wiring, spikes: tuple[np.ndarray, ...]) -> tuple[str, ...]:
    """How many synapses a bench says nothing of: those that no pulse reaches, or that lead to a silent neuron."""
    silent = np.array([len(times) == 0 for times in spikes])
    unseen = np.copy(wiring.synapses)
    unseen[wiring.n_external :][~silent] = 0
    unseen[: wiring.n_external] = 0
    unseen[:, silent & wiring.spiking] = wiring.synapses[:, silent & wiring.spiking]
    if not unseen.any():
        return ()
    return (f"the bench of the network says nothing of {np.count_nonzero(unseen)} of {wiring.n_synapses} synapses: "
            "their neurons do not spike",)  # fmt: skip


def _verifiable(net: NetworkSpec) -> bool:
    neurons = sum(layer.n_neurons for layer in net.layers if layer.spiking)
    return neurons <= MAX_NEURONS and net.n_synapses <= MAX_SYNAPSES


def _head(chip: ChipNetwork, title: str, comment: str) -> str:
    return head(title, chip.circuit, network_hash(chip), comment=comment)


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"

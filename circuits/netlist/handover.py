"""Everything that a circuit team gets of a network, format by format: all of it computed before a file is written."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.netlist.bench_stimulus import CHARGE_SHIFT, SEEDS, THRESHOLD_SHIFT, Expected, bench_bin, default_stimulus
from circuits.netlist.core_lib import CORE_FILE, core_text, unfit
from circuits.netlist.corners_lib import (
    CORNERS_FILE,
    TYPICAL,
    corners_lib,
    corners_record,
    corners_scs,
    mismatch_record,
)
from circuits.netlist.data_sheet import SHEET, data_sheet
from circuits.netlist.deck_of_network import network_bench
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
from circuits.network.wiring import Wiring, wire
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.storage import write_text
from circuits.units import Seconds, Volts

MAX_NEURONS, MAX_SYNAPSES = 300, 5000  # spiking ones, of a deck that is verified; beyond, ngspice takes hours
NETWORK = "network_bench"
SECTION_NOTE = f"what is expected is of section {TYPICAL} of {CORNERS_FILE}: at another one pass says nothing"


@dataclass(frozen=True, eq=False)
class Bench:
    """A SPICE deck and what it should show: the period of one neuron, or the spikes of each neuron of a network."""

    file: str
    v_dd: float  # V, a spike's height
    period: float | None = None  # s
    spikes: dict[str, np.ndarray] | None = None  # s, by the name of a spiking neuron
    until: dict[str, Seconds] = field(default_factory=dict)  # how far these are sure, where not to the end
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
        told = _told(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "*", SECTION_NOTE)
        texts[CORE_FILE] = core_text(chip)
        texts[f"{NETWORK}.cir"] = network_bench(
            wiring, told.stimulus, told.spikes, network_hash(chip), title, CORNERS_FILE, told.until
        )
        notes += _unseen(wiring, told.spikes) + _unsure(wiring, told)
        if _verifiable(chip.network):
            benches.append(_bench(chip, wiring, told))
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
        told = _told(chip, wiring)
        title = _head(chip, f"network {chip.network.name}", "//")
        texts[f"{NETWORK}.scs"] = network_spectre(wiring, told.stimulus, told.spikes, key, title)
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


def _told(chip: ChipNetwork, wiring: Wiring) -> Expected:
    """A network that takes hours is tried under one stimulus."""
    return default_stimulus(chip.network, wiring, SEEDS if _verifiable(chip.network) else 1)


def _bench(chip: ChipNetwork, wiring: Wiring, told: Expected) -> Bench:
    fires = dict(zip(wiring.names, zip(told.spikes, told.until, wiring.spiking, strict=True), strict=True))
    return Bench(
        f"{NETWORK}.cir",
        chip.circuit.v_dd,
        spikes={name: times for name, (times, _, spiking) in fires.items() if spiking},
        until={name: until for name, (_, until, spiking) in fires.items() if spiking and math.isfinite(until)},
        bin=bench_bin(wiring, told.stimulus),
        potentials={n: float(v) for n, v in zip(wiring.names, told.potentials, strict=True) if not fires[n][2]},
    )


def _unsure(wiring: Wiring, told: Expected) -> tuple[str, ...]:
    """Spikes that no bench can expect."""
    left = sum(int((times > until).sum()) for times, until in zip(told.spikes, told.until, strict=True))
    if not told.fragile:
        return ()
    return (
        f"the bench of the network compares no spike of {told.fragile} of {wiring.spiking.sum()} neurons after one "
        f"that hangs on less than {THRESHOLD_SHIFT:g} of a threshold or {CHARGE_SHIFT:g} of a charge: {left} of "
        f"{sum(map(len, told.spikes))} spikes",
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


def _head(chip: ChipNetwork, title: str, comment: str, *notes: str) -> str:
    return head(title, chip.circuit, network_hash(chip), *notes, comment=comment)


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"

"""The library of the neuron from transistors in ngspice: its benches, damaged copies, other decks, and a small core."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import bias_for_current
from circuits.errors import WorkError
from circuits.netlist.ngspice import run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.netlist.spice import neuron_netlist, subcircuit_name
from circuits.netlist.verify import verify
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.signoff import small_core
from circuits.signoff.small_core import SmallCore, sign_off_small
from circuits.transistor import NeuronCell
from circuits.transistor.crossbar import Crossbar, crossbar_deck, run_core
from circuits.transistor.lib_file import LIBRARY, OPTIONS_FILE, transistor_handover
from circuits.transistor.measure import measure
from circuits.variation.corners import CORNERS

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
CELL = NeuronCell()
BENCH = "neuron_transistor_tt_bench.cir"


@pytest.fixture(scope="module")
def handed(cards):
    return transistor_handover(CELL, cards)


def verdict(folder, file=BENCH):
    """`pass` of a bench; 0 where ngspice itself gives up."""
    try:
        return run_waves(folder / file)[0].get("pass", 0)
    except WorkError:
        return 0


def test_the_bench_of_each_process_passes(handed, tmp_path):
    handed.write(tmp_path)
    checks = verify(tmp_path, handed.benches)
    assert len(checks) == 6
    assert all(check.passed for check in checks), checks


DAMAGE = {
    "no options": (BENCH, f'.include "{OPTIONS_FILE}"\n', ""),
    "gmin of the simulator": (OPTIONS_FILE, "gmin=1e-17", "gmin=1e-12"),
    "a larger feedback": (LIBRARY, "Cfeedback out mem 5e-16", "Cfeedback out mem 5.3e-16"),
    "no reset": (LIBRARY, "Mreset ", "*Mreset "),
    "a wider output": (LIBRARY, "Moutput_p out x vo vo PMOS_VTH w=9e-08", "Moutput_p out x vo vo PMOS_VTH w=1.2e-07"),
    "a weaker source": (LIBRARY, f"Msource drain gate mem 0 mem tunnelling w={CELL.source_width:g}",
                        f"Msource drain gate mem 0 mem tunnelling w={0.97 * CELL.source_width:g}"),
    "another gate bias": (BENCH, f"Vgate gate 0 {CELL.v_gate:g}", f"Vgate gate 0 {CELL.v_gate + 0.01:g}"),
    "a leaking membrane": (LIBRARY, "Cfeedback", "Rmem mem 0 1e10\nCfeedback"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_copy_fails_its_bench(handed, tmp_path, name):
    file, sound, damaged = DAMAGE[name]
    handed.write(tmp_path)
    text = (tmp_path / file).read_text()
    assert sound in text
    (tmp_path / file).write_text(text.replace(sound, damaged))
    assert verdict(tmp_path) == 0


def test_the_library_follows_the_temperature_of_the_simulator(handed, cards, tmp_path):
    """ngspice gives tunnelling none: the card has it as an expression, and a neuron at 125 C is that of the corner."""
    handed.write(tmp_path)
    hot = measure(CELL, cards, next(corner for corner in CORNERS if corner.name == "TT_125C_100pct"))
    text = (tmp_path / BENCH).read_text()
    (tmp_path / BENCH).write_text(
        text.replace("\n.temp 26.85\n", "\n.temp 125\n").replace("\n.temp 27\n", "\n.temp 125\n")
    )
    measured, _ = run_waves(tmp_path / BENCH)
    assert measured["period"] == pytest.approx(1 / hot.rate, rel=0.01, abs=0)


def test_it_stands_in_one_deck_with_the_behavioural_neuron(handed, tmp_path):
    handed.write(tmp_path)
    circuit = LIFCircuit()
    (tmp_path / "behavioural.lib").write_text(neuron_netlist(circuit))
    also = (
        f'.include "behavioural.lib"\nVd vdd_b 0 {circuit.v_ds}\nVl logic_b 0 {circuit.v_dd}\n'
        f"Vg gate_b 0 {circuit.v_gs}\n"
        f"X9 mem_b spk_b gate_b vdd_b 0 logic_b {subcircuit_name(circuit)}\n.save v(spk_b)\n"
    )
    text = (tmp_path / BENCH).read_text()
    stop = 6 * interval(circuit)
    both = text.replace("\n.lib ", f"\n{also}.lib ")
    (tmp_path / BENCH).write_text(both.replace(text.split(".tran ")[1].split()[1], f"{stop:g}"))
    measured, waves = run_waves(tmp_path / BENCH)
    assert measured["pass"] == 1
    edges = rising_edges(waves["time"], waves["v(spk_b)"], circuit.v_dd / 2)
    assert (edges[-1] - edges[1]) / (len(edges) - 2) == pytest.approx(interval(circuit), rel=0.01, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "n"), [(0, 3), (0, 4), (1, 5), (3, 6)])
def test_a_small_core_of_transistors_spikes_as_the_engine_does_and_costs_the_same(cards, seed, n):
    found = sign_off_small(small_core.CORE_CELL, cards, SmallCore(n_neurons=n, seed=seed))
    assert found.matching.n_expected > 20
    assert found.matching.matched >= 0.95
    assert found.energy_transistor.total == pytest.approx(found.energy_engine.total, rel=0.05, abs=0)


DAMAGED_CORE = {
    "a synapse removed": lambda core: replace(core, gates=_with(core.gates, (0, 0), small_core.CORE_CELL.v_off)),
    "a row removed": lambda core: replace(core, gates=_with(core.gates, 1, small_core.CORE_CELL.v_off)),
    "a bias 20 mV off": lambda core: replace(core, bias=core.bias + 0.02),
    "pulses halved": lambda core: replace(core, t_pulse=core.t_pulse / 2),
    "no recurrence": lambda core: replace(core, gates=_with(core.gates, slice(2, None), small_core.CORE_CELL.v_off)),
}


def _with(gates, where, volts):
    changed = gates.copy()
    changed[where] = volts
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("name", DAMAGED_CORE)
def test_a_damaged_core_is_not_signed_off(cards, monkeypatch, name):
    """The engine runs what was drawn, the deck has the fault."""
    monkeypatch.setattr(
        small_core, "run_core", lambda cell, cards, core, *rest: run_core(cell, cards, DAMAGED_CORE[name](core), *rest)
    )
    assert not sign_off_small(small_core.CORE_CELL, cards, SmallCore(n_neurons=3)).passed


def test_a_switched_gate_would_push_the_membrane_ten_times_as_much_as_a_switched_drain(cards, tmp_path):
    """Of a synapse of 280 pA at a loaded membrane, at the edge of its row; why rows are drains."""
    gate = float(bias_for_current(280e-12, CELL.device, CELL.source_width))
    gates = np.full((9, 1), CELL.v_off)
    gates[0] = gate
    loaded = replace(CELL, crosspoints=(CELL.v_off,) * 7)
    core = Crossbar(gates[:2], np.array([-0.1]), np.zeros(1), delay=1e-7, t_pulse=5e-7)
    deck = crossbar_deck(loaded, cards, core, [np.array([9e-7])], 1.4e-6)
    at_gate = deck.replace("Erow_0 driver_0 0 act_0 0 0.9", "Vdriver_0 driver_0 0 0.9")
    at_gate = at_gate.replace(
        f"Vweight_0_0 weight_0_0 0 {gate:.12g}",
        f"Bweight_0_0 weight_0_0 0 V = {CELL.v_off:.12g}+({gate - CELL.v_off:.12g})*V(act_0)",
    )
    jumps = [_jump(tmp_path / name, text) for name, text in (("drain.cir", deck), ("gate.cir", at_gate))]
    assert abs(jumps[0]) < 6e-3
    assert jumps[1] < -30e-3


def _jump(path, deck):
    """Of the membrane at the edge of its row (V)."""
    path.write_text(deck)
    _, waves = run_waves(path)
    before, after = np.interp((0.99e-6, 1.01e-6), waves["time"], waves["v(mem_0)"])
    return after - before


@pytest.mark.slow
def test_synapses_of_a_small_core_count(cards):
    """Weaker synapses onto the same biases: the engine must see them as the transistors do, or nothing would match."""
    strong, weak = (
        sign_off_small(small_core.CORE_CELL, cards, SmallCore(n_neurons=3, synapse=currents))
        for currents in ((80e-12, 120e-12), (10e-12, 20e-12))
    )
    assert strong.spikes.times.size > 1.2 * weak.spikes.times.size
    assert min(strong.matching.matched, weak.matching.matched) >= 0.95

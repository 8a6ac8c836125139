"""Netlists away from the typical point: every process corner, and logic at another voltage than the drains."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import btbt_current
from circuits.errors import WorkError
from circuits.netlist import cell
from circuits.netlist.bench_stimulus import expected
from circuits.netlist.core_lib import CORE_FILE, core_lib
from circuits.netlist.corners_lib import CORNERS_FILE, at_section, corners_lib
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.handover import handover
from circuits.netlist.ngspice import run_ngspice, run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.netlist.spice import write_spice
from circuits.netlist.waves import drain_gate
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.simulated_control import SimulatedControl
from circuits.neuron.synapse import SynapseKernel
from circuits.signoff.corner_runs import corner_runs
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS
from snn.report.corner_report import simulated_corners

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

CIRCUIT = LIFCircuit(v_dd=1.1)  # the drains stay at 0.9 V
AWAY = [name for name in PROCESS_SHIFTS if name != "TT"]


def bench_at(folder, process, circuit=CIRCUIT):
    """The bench of a neuron with another section of the corner library."""
    deck = write_spice(folder, {"a": circuit})[1]
    deck.write_text(deck.read_text().replace(f'"{CORNERS_FILE}" TT', f'"{CORNERS_FILE}" {process}'))
    return deck


@pytest.mark.parametrize("process", PROCESS_SHIFTS)
def test_a_neuron_has_the_period_and_the_energy_of_its_corner(tmp_path, process):
    measured, there = run_ngspice(bench_at(tmp_path, process)), at_section(CIRCUIT, process)
    energy = spike_energy(there)
    assert measured["period"] == pytest.approx(interval(there), rel=3e-4, abs=0)
    membrane = energy["membrane_charge"] + energy["membrane_leak"]
    assert measured["membrane_j"] == pytest.approx(membrane, rel=3e-4, abs=0)
    window = 5e-3 * energy["crowbar"]  # a switch finds its beginning within 0.05 V, of the 10 V that it is long
    assert measured["logic_j"] == pytest.approx(energy.total - membrane, rel=3e-4, abs=window)
    assert measured["pass"] == 1


@pytest.mark.parametrize("process", ["FF", "SS"])
@pytest.mark.parametrize("shift", ["corner_tunnel", "corner_threshold", "corner_c"])
def test_a_shift_of_the_wrong_sign_fails_the_bench(tmp_path, process, shift):
    """Each parameter of a section alone turned round, a factor as its inverse."""
    deck = bench_at(tmp_path, process)
    library = deck.parent / CORNERS_FILE
    turned = replace_shift(PROCESS_SHIFTS[process], shift)
    library.write_text(corners_lib("* turned\n", PROCESS_SHIFTS | {process: turned}))
    assert not passes(deck)


def passes(deck):
    """Whether the bench passes; one that ends before its last spike cannot even measure."""
    try:
        return run_ngspice(deck)["pass"] == 1
    except WorkError:
        return False


def replace_shift(shift, name):
    if name == "corner_c":
        return replace(shift, c_mem=1 / shift.c_mem)
    field = name.removeprefix("corner_")
    return replace(shift, **{field: -getattr(shift, field)})


def test_all_27_corners_are_simulated_and_silence_too(snn_json):
    told = snn_json("corners", "--engine", "ngspice")
    rows = {row["corner"]: row for row in told["rows"]}
    assert list(rows) == [corner.name for corner in CORNERS]
    assert told["passed"]
    assert max(told["worst_rate_difference"], told["worst_energy_difference"]) < 5e-3
    assert 0 < told["corners_that_spike"] < 27
    rates = [rows[f"TT_27C_{supply}pct"]["ngspice_hz"] for supply in (90, 100, 110)]
    assert rates == sorted(set(rates))


LAWS = {  # of the cell, that temperature and supply act by
    "tunnelling": ("*exp(eatun*heat)", ""),
    "leak": ("exp(-ealeak*heat)", "1"),
    "off-currents with temperature": ("exp(eaoff*heat)*istat", "istat"),
    "off-currents with supply": ("*pwr(max(V(level,vss),0.1),nstat)", ""),
    "crowbar window": ("(vth-vreset)*kelvin/t0", "(vth-vreset)"),
    "crowbar with temperature": ("exp(eacrow*heat)*", ""),
    "crowbar with supply": ("*pwr(max(V(level,vss),0.1),ncrow)", ""),
    "refractory time with temperature": ("*exp(easwitch*heat)", ""),
    "refractory time with supply": ("*pwr(max(V(level,vss),0.1),nswitch)", ""),
    "threshold": ("max(V(logic,vss)/vdd0,", "max(1,"),
}
WEIGHTY = LIFCircuit(  # the off-current weighs enough to be missed
    v_dd=1.1, leak_activation_ev=0.2, control=ControlTransistors(simulated=SimulatedControl(i_static=60e-12))
)
TYPICAL_CORNERS = [corner for corner in CORNERS if corner.process == "TT"]


def test_a_cell_with_all_its_laws_is_the_engine_at_the_corners():
    assert simulated_corners(WEIGHTY, corner_runs(WEIGHTY, TYPICAL_CORNERS))["passed"]


@pytest.mark.parametrize("law", LAWS)
def test_a_cell_without_one_of_its_laws_is_found_at_the_corners(monkeypatch, law):
    changed = {text: getattr(cell, text).replace(*LAWS[law]) for text in ("_SHARED", "_CELL", "_NEURON")}
    assert any(new != getattr(cell, text) for text, new in changed.items())
    for text, new in changed.items():
        monkeypatch.setattr(cell, text, new)
    assert not simulated_corners(WEIGHTY, corner_runs(WEIGHTY, TYPICAL_CORNERS))["passed"]


def pair() -> Wiring:
    """Two driven neurons that excite and inhibit two others; the drive is a bias, so it follows the device."""
    n = CIRCUIT.tau_mem
    bias = np.array([0.9, 0.7])
    first = LayerSpec("first", "lif", np.zeros((1, 2)), bias, np.full(2, n), np.ones(2))
    second = LayerSpec("second", "lif", np.array([[0.6, 0.9], [0.5, -0.3]]), np.zeros(2), np.full(2, n), np.ones(2))
    return wire(ChipNetwork(NetworkSpec("pair", 5e-6, (first, second), v_floor=CIRCUIT.v_floor), CIRCUIT))


def wiring_at(wiring: Wiring, process: str) -> Wiring:
    """The wiring of a corner: each current is the device's at its drain-gate voltage, thresholds and bodies move."""
    shift, there = PROCESS_SHIFTS[process], at_section(CIRCUIT, process)

    def moved(current: float) -> float:
        v_dg = drain_gate(wiring, current)
        return float(np.copysign(btbt_current(v_dg, there.device, CIRCUIT.width), current)) if current else 0.0

    return replace(
        wiring,
        circuit=there,
        v_threshold=wiring.v_threshold + shift.threshold,
        bias=np.vectorize(moved)(wiring.bias),
        synapses=np.vectorize(moved)(wiring.synapses),
    )


@pytest.mark.parametrize("process", AWAY)
def test_a_network_spikes_as_its_corner_says(tmp_path, process):
    """Of a drive under which no spike hangs on a hair of threshold or charge, at any of the corners."""
    wiring, stimulus = pair(), Stimulus(120e-6, (np.zeros(0),))
    told = expected(wiring_at(wiring, process), stimulus)
    deck = network_bench(wiring, stimulus, told.spikes, "key", "* pair\n", CORNERS_FILE)
    (tmp_path / CORE_FILE).write_text(core_lib(wiring, "key"))
    (tmp_path / CORNERS_FILE).write_text(corners_lib("* corners\n"))
    (tmp_path / "pair.cir").write_text(deck.replace(f'"{CORNERS_FILE}" TT', f'"{CORNERS_FILE}" {process}'))
    measured, waves = run_waves(tmp_path / "pair.cir")
    assert told.fragile == 0
    assert min(len(times) for times in told.spikes) > 3
    assert measured["pass"] == 1
    for name, exact in zip(wiring.names, told.spikes, strict=True):
        found = rising_edges(waves["time"], waves[f"v(spk_{name})"], CIRCUIT.v_dd / 2)
        np.testing.assert_allclose(found, exact, atol=30e-9)
        assert waves[f"v(spk_{name})"].max() == pytest.approx(CIRCUIT.v_dd, rel=0.05)


def test_the_exported_deck_has_the_delay_of_its_chip():
    chip = ChipNetwork(NetworkSpec("p", 5e-6, (LayerSpec("a", "lif", np.ones((1, 1)), np.zeros(1), np.full(1, 4e-5),
        np.ones(1), np.ones((1, 1))),), v_floor=CIRCUIT.v_floor), replace(CIRCUIT, t_refractory=1e-6),
        synapse=SynapseKernel(t_pulse=2e-6, delay=0.7e-6))  # fmt: skip
    texts = handover(chip, "all").texts
    line = re.search(r"^\.subckt btbt_line_.*$", texts[CORE_FILE], re.MULTILINE)[0]
    assert "params: tpulse=1e-06 tdelay=7e-07 tline=2e-06 " in line
    assert "tdelay=7e-07 tpulse=2e-06" in texts["network_bench.scs"]

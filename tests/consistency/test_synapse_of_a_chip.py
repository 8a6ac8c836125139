"""One pulse, one delay: what a chip's synapses are arrives in every file, simulator and draw that is made of it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.chips.speed import largest_acceleration
from circuits.device.btbt import btbt_current
from circuits.errors import InputError
from circuits.netlist.handover import handover
from circuits.netlist.provenance import network_hash
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit, rise_time
from circuits.neuron.synapse import SynapseKernel
from circuits.signoff import core_deck, core_text
from circuits.transient import simulate_network
from circuits.variation.mismatch import Spread

KERNELS = [SynapseKernel(t_pulse=0.5e-6, delay=0.3e-6), SynapseKernel(t_pulse=4e-6, delay=1e-6)]
ORDER_2 = SynapseKernel(2, tau_exc=8e-6, rise_exc=4e-6, tau_inh=4e-6, rise_inh=2e-6, delay=1e-6)
CIRCUIT = LIFCircuit(t_refractory=5e-6)
Q, DEVICE, WIDTH = CIRCUIT.charge_per_weight, CIRCUIT.device, CIRCUIT.width
DT = 20e-6
WEIGHTS, LOOPS = np.array([[0.5, -0.25], [0.8, 0.3]]), np.array([[0.0, 0.6], [-0.4, 0.0]])
PRESENT = np.sort(np.concatenate((WEIGHTS[WEIGHTS != 0], LOOPS[LOOPS != 0])))
each_pulse = pytest.mark.parametrize("kernel", KERNELS, ids=["0.5 us", "4 us"])


def layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.zeros(n), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def core(kernel: SynapseKernel) -> ChipNetwork:
    layers = layer("in", "encoder", 2 * np.eye(2)), layer("out", "lif", WEIGHTS, LOOPS)
    return ChipNetwork(NetworkSpec("core", DT, layers, v_floor=CIRCUIT.v_floor), CIRCUIT, synapse=kernel)


def weight_of(v_dg, kernel):
    """Size of the weight whose charge the device delivers in a pulse at these drain-gate voltages."""
    return btbt_current(np.asarray(v_dg), DEVICE, WIDTH) * kernel.t_pulse / Q


def numbers(pattern: str, text: str) -> np.ndarray:
    return np.array([[float(x) for x in found.groups()] for found in re.finditer(pattern, text, re.MULTILINE)])


@each_pulse
def test_json_has_the_currents_and_gates_of_the_pulse(kernel):
    told = json.loads(handover(core(kernel), "json").texts["network.json"])
    assert told["synapse"] == {"order": 0, "t_pulse_s": kernel.t_pulse, "delay_s": kernel.delay}
    for key, weights in (("synapses", WEIGHTS), ("recurrent_synapses", LOOPS)):
        table, present = told["layers"][1][key], weights != 0
        assert table["t_pulse_s"] == kernel.t_pulse
        np.testing.assert_allclose(np.array(table["current_a"]) * kernel.t_pulse, np.abs(weights) * Q, rtol=1e-12)
        gates = np.array(table["gate_bias_v"], dtype=float)[present]
        np.testing.assert_allclose(weight_of(DEVICE.v_ds - gates, kernel), np.abs(weights[present]), rtol=1e-9)


@each_pulse
@pytest.mark.parametrize("deck", ["exported", "signed off"])
def test_a_spice_deck_has_the_lines_and_devices_of_the_pulse(kernel, deck):
    chip = core(kernel)
    text = handover(chip, "spice").texts["core.lib"] if deck == "exported" else core_text(chip)
    assert numbers(r"btbt_line_\w+ clk act vss params: tpulse=\S+ tdelay=(\S+) tline=(\S+) ", text).tolist() == [
        [kernel.delay, kernel.t_pulse]
    ]
    v_dg = DEVICE.v_ds - numbers(r"^G\d+_out_\d .*\{tunnel_\w+\(vds-\(([^)]+)\)\)\}$", text)[:, 0]
    np.testing.assert_allclose(np.sort(weight_of(v_dg, kernel)), np.sort(np.abs(PRESENT)), rtol=1e-6)


@each_pulse
def test_spectre_has_the_synapses_of_the_pulse(kernel):
    text = handover(core(kernel), "spectre").texts["network_bench.scs"]
    found = numbers(r"btbt_synapse_\w+ vdg=(\S+) sgn=(\S+) tdelay=(\S+) tpulse=(\S+)", text)
    np.testing.assert_allclose(np.sort(weight_of(found[:, 0], kernel) * found[:, 1]), PRESENT, rtol=1e-6)
    assert np.unique(found[:, 2:], axis=0).tolist() == [[kernel.delay, kernel.t_pulse]]


@each_pulse
@pytest.mark.parametrize("format", ["verilog-a", "spectre"])
def test_verilog_a_synapses_have_the_pulse_and_delay_when_nothing_else_is_said(kernel, format):
    text = handover(core(kernel), format).texts["btbt_lif_event.va"]
    module = text[text.index("module btbt_synapse_") :]
    assert numbers(r"parameter real tdelay = (\S+) from", module).tolist() == [[kernel.delay]]
    assert set(numbers(r"parameter real tpulse = (\S+) from", module)[:, 0]) == {kernel.t_pulse}


@each_pulse
def test_the_engine_fires_when_the_pulse_has_lifted_the_membrane(kernel):
    """An input fires at its closed form; a weight of 3 lifts its target to threshold within the pulse."""
    chip = core(kernel).with_layers((layer("in", "encoder", np.eye(1) * 2), layer("out", "lif", np.array([[3.0]]))))
    run = simulate_network(chip, Stimulus(60e-6, signal=np.ones((3, 1))))
    first = rise_time(CIRCUIT, 2 * Q / DT, CIRCUIT.v_reset, CIRCUIT.v_threshold)
    rise = rise_time(CIRCUIT, 3 * Q / kernel.t_pulse, CIRCUIT.v_reset, CIRCUIT.v_threshold)
    assert run.train(0)[0] == pytest.approx(first, rel=1e-6, abs=0)
    assert run.train(1)[0] - run.train(0)[0] == pytest.approx(kernel.delay + rise, rel=1e-6, abs=0)


@each_pulse
def test_a_realised_chip_spreads_as_the_devices_of_its_pulse(kernel):
    """sd of ln(w' / w) = (1 / u + B / u^2) sigma at the voltage u that delivers w q in a pulse; capacitors cancel."""
    weight = 0.5
    weights = np.full((20, 36), weight)
    network = NetworkSpec("wide", DT, (layer("in", "encoder", np.eye(20)), layer("out", "lif", weights)),
                          event_driven=True, v_floor=CIRCUIT.v_floor)  # fmt: skip
    chip = load_chip("btbt-45rfsoi", trained=ChipNetwork(network, CIRCUIT, synapse=kernel))
    made = [chip.realise(network, np.random.default_rng(seed)).layers[1].weights for seed in range(8)]
    ratios = np.log(np.stack(made) / weight)
    spread = (ratios - ratios.mean(axis=1, keepdims=True)).std() * np.sqrt(20 / 19)
    grid = np.linspace(0.05, 3.0, 200_001)
    u = np.interp(weight * Q / kernel.t_pulse, WIDTH * DEVICE.prefactor * grid * np.exp(-DEVICE.v_slope / grid), grid)
    assert spread == pytest.approx((1 / u + DEVICE.v_slope / u**2) * Spread().sigma_tunnel, rel=0.03)


@each_pulse
def test_a_step_of_a_sped_up_chip_holds_its_own_pulse(kernel):
    chip, held = core(kernel), kernel.t_pulse + CIRCUIT.t_refractory
    assert largest_acceleration(chip.network, CIRCUIT, kernel) == pytest.approx(DT / held, rel=1e-12)
    for part, n_broken in ((0.99, 0), (1.01, 1)):
        fast = load_chip("btbt-45rfsoi", trained=chip, operation=Operation(part * DT / held))
        assert sum(limit.code == "acceleration" for limit in fast.check(chip.network)) == n_broken


def test_two_networks_that_differ_in_a_pulse_differ_in_their_hash():
    assert len({network_hash(core(kernel)) for kernel in (*KERNELS, ORDER_2, SynapseKernel())}) == 4


@pytest.mark.parametrize("format", ["json", "spice", "spectre", "verilog-a", "all"])
def test_an_export_says_that_a_decaying_synapse_has_no_circuit(format):
    files = handover(core(ORDER_2), format)
    assert any("synapses of order 2 have no circuit; train with order 0" in note for note in files.notes)
    assert not any("network_bench" in file for file in files.texts)
    if "network.json" in files.texts:
        told = json.loads(files.texts["network.json"])
        assert told["synapse"] == {"order": 2, "tau_exc_s": 8e-6, "rise_exc_s": 4e-6, "tau_inh_s": 4e-6,
                                   "rise_inh_s": 2e-6, "delay_s": 1e-6}  # fmt: skip
        assert any("order 2 have no circuit" in note and "pulse of 1 us" in note for note in told["notes"])


def test_a_deck_of_decaying_synapses_is_refused():
    with pytest.raises(InputError, match="order 2 have no circuit"):
        core_deck(replace(core(ORDER_2), circuit=CIRCUIT), Stimulus(100e-6, signal=np.ones((5, 2))))

"""Energy of one inference: a network worked out by hand, laws of scaling, and what is not known."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from circuits.chips.btbt_core import BTBTCore
from circuits.chips.energy_report import EnergyReport
from circuits.chips.inference_ledger import CoreCosts
from circuits.chips.operation import Operation
from circuits.device.btbt import DEVICES
from circuits.mapping import CoreLimits, place
from circuits.mapping.route import core_crossings
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.supply import at_condition
from circuits.units import VACUUM_PERMITTIVITY, si

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

# q = 2 fF x 0.25 V = 0.5 fC, q V_DS = 0.45 fJ; a spike switches 4 fF (2 V)^2 = 16 fJ; crowbar 0.2 nW; static 10 pW
# (this device publishes no drain leak). Three gates and the wires of two nodes are 3 x 1 + 2 x 0.5 fF.
ONE_FF = 1e-15 / (3.9 * VACUUM_PERMITTIVITY * 40e-9 / 1e-9)  # m, the width of a gate of 1 fF
CIRCUIT = LIFCircuit(
    device=DEVICES["32nm-pdsoi-nsd5e19"], c_mem=2e-15, v_threshold=0.5, v_reset=0.25, v_dd=2.0, t_refractory=0.2e-6,
    drawn=False,
    control=ControlTransistors(
        width=ONE_FF, length=40e-9, oxide=1e-9, c_wire=0.5e-15, c_feedback=0.0, i_starve=1e-10, i_off=2.5e-12 / ONE_FF,
        off_activation_ev=0.47, simulated=None,
    ),
)  # fmt: skip
KNOWN = {"hop_j": 7e-15, "synapse_wire_j": 3e-16, "bias_w": 2e-12, "standby_w": 5e-13}
PART_OF = {
    "hop_j": "routing", "synapse_wire_j": "synapse_wires", "bias_w": "bias_generation", "standby_w": "standby_power"
}  # fmt: skip


def _limits(neurons: int = 36, synapses: int = 900, input_neurons: int = 20, lines: int = 56) -> CoreLimits:
    return CoreLimits(1, input_neurons, neurons, lines, synapses, 1)


def _layer(name: str, kind: str, weights: list, bias: list, recurrent: list | None = None) -> LayerSpec:
    one = np.ones(len(bias))
    loops = None if recurrent is None else np.array(recurrent, float)
    return LayerSpec(name, kind, np.array(weights, float), np.array(bias, float), 0.02 * one, one, recurrent=loops)


ENCODER = _layer("encoder", "encoder", [[1, 0], [0, 1]], [0.5, 0.5])
HIDDEN = _layer("hidden", "lif", [[1, -2], [0, 0.5]], [0.01, -0.03], [[0, 1], [-1, 0]])
READOUT = _layer("readout", "readout", [[2], [-1]], [0.02])
ACTIVITY = Activity(
    4, 0.1, {"encoder": np.array([3.0, 1.0]), "hidden": np.array([5.0, 2.0])},
    {"encoder": np.array([0.010, 0.0]), "hidden": np.array([0.004, 0.006])},
    CIRCUIT.crowbar_window, encoder_charge=np.array([2.0, 4.0]),
)  # fmt: skip
NETWORK = ChipNetwork(NetworkSpec("net", 1e-3, (ENCODER, HIDDEN, READOUT)), CIRCUIT)
EXTERNAL = ChipNetwork(NetworkSpec("net", 1e-3, (HIDDEN, READOUT)), CIRCUIT)
EXTERNAL_ACTIVITY = Activity(
    4, 0.1, {"hidden": ACTIVITY.spikes["hidden"]}, {"hidden": ACTIVITY.near_threshold["hidden"]},
    CIRCUIT.crowbar_window, np.array([3.0, 1.0]),
)  # fmt: skip


def _report(
    net: ChipNetwork = NETWORK, activity: Activity = ACTIVITY, constants: dict | None = None, acceleration: float = 1.0,
    neurons: int = 36, lines: int = 56,
) -> EnergyReport:  # fmt: skip
    costs = CoreCosts(**constants or {})
    limits = _limits(neurons, lines=lines)
    chip = BTBTCore("tiny", "tiny", 1e-9, limits, CIRCUIT, costs, trained=net, operation=Operation(acceleration))
    return chip.price(net.network, activity, chip.place(net.network, activity))


def test_parts_are_those_worked_out_by_hand():
    """100 steps of 1 ms.

    neuron_dynamic  7 spikes x 16 fJ + 10 steps x 1 ms x 0.2 nW
    neuron_static   2 neurons x 10 pW x 0.1 s
    synapse_events  encoder 3 x 1 + 1 x 0.5, loops 5 x 1, readout 5 x 2: 18.5 x 0.45 fJ; inhibition is free
                    bias (0.01 + 0.02) x 100 steps x 0.45 fJ
    encoder         4 spikes x 16 fJ + 10 steps x 1 ms x 0.2 nW + 2 x 10 pW x 0.1 s + 6 x 0.45 fJ
    """
    report = _report()
    assert report.ledger.parts == approx(
        {
            "neuron_dynamic": 112e-15 + 2e-12,
            "neuron_static": 2e-12,
            "synapse_events": 21.5 * 0.45e-15,
            "encoder": 64e-15 + 2e-12 + 2e-12 + 2.7e-15,
        },
        rel=1e-12,
    )
    assert report.latency_s == approx(0.1)
    total = 112e-15 + 2e-12 + 2e-12 + 21.5 * 0.45e-15 + 64e-15 + 4e-12 + 2.7e-15
    assert report.counts == approx({"spikes": 11, "synaptic_operations": 21, "core_crossings": 0})
    assert report.energy_per_spike_j == approx(total / 11)


def test_chip_constants_charge_what_they_are_for():
    """One neuron to a core makes three of them; synaptic operations 3 x 2 + 1, 5 + 2, 5 + 2: 21.

    Encoder neurons sit on core 0 and reach hidden neuron 1 on core 1: 3 + 1. Hidden 0 (5 spikes) on core 0 reaches
    neuron 1 and the readout on core 2; hidden 1 (2 spikes) reaches neuron 0 and the readout: 10 + 4. In all 18.
    """
    report = _report(constants=KNOWN, neurons=1)
    assert report.cores_used == 3
    assert report.counts["core_crossings"] == 18
    chip_parts = {name: report.ledger.parts[name] for name in PART_OF.values()}
    expected = {
        "routing": 18 * 7e-15,
        "synapse_wires": 21 * 3e-16,
        "bias_generation": 3 * 2e-13,
        "standby_power": 3 * 5e-14,
    }
    assert chip_parts == approx(expected, rel=1e-12)


ENCODER_J = 64e-15 + 2e-12 + 2e-12 + 2.7e-15
HIDDEN_J = 112e-15 + 2e-12 + 2e-12 + 9.5 * 0.45e-15 + 14 * 3e-16  # excitation 3.5 + 5, bias 1; 7 + 7 operations
READOUT_J = 12 * 0.45e-15 + 7 * 3e-16  # excitation 10, bias 2; 7 operations
CROSSING_J, CORE_J = 7 * 7e-15, 2e-13 + 5e-14  # 7 hidden spikes reach the readout; bias and standby of one core
BY = {
    "layer": {"encoder": ENCODER_J, "hidden": HIDDEN_J + CROSSING_J, "readout": READOUT_J, "shared": 2 * CORE_J},
    "core": {"0": ENCODER_J + HIDDEN_J + CORE_J, "1": READOUT_J + CROSSING_J + CORE_J},
}


@pytest.mark.parametrize("by", BY)
def test_layers_and_cores_are_those_worked_out_by_hand(by):
    """Two neurons to a core: encoder and hidden layer on core 0, the readout on core 1."""
    report = _report(constants=KNOWN, neurons=2)
    assert report.cores_used == 2
    assert report.ledger.sums(by) == approx(BY[by], rel=1e-12)
    told = report.as_dict(by)
    assert told[f"{by}s_j"] == approx(BY[by], rel=1e-12)
    assert sum(row["energy_j"] for row in told["ledger"] if row["energy_j"]) == approx(told["total_j"], rel=1e-12)
    assert (
        told["n_not_modelled"]
        == len(told["not_modelled"])
        == len({r["part"] for r in told["ledger"] if r["energy_j"] is None})
    )


@pytest.mark.parametrize("constants", [{}, KNOWN])
@pytest.mark.parametrize("neurons", [1, 2, 36])
def test_every_grouping_sums_to_the_same_total(constants, neurons):
    ledger = _report(constants=constants, neurons=neurons).ledger
    for by in ("part", "layer", "core"):
        assert sum(ledger.sums(by).values()) == approx(ledger.total, rel=1e-12)


@pytest.mark.parametrize(("neurons", "lines"), [(36, 56), (36, 3), (2, 2), (1, 1)])
def test_however_the_network_is_cut_its_circuits_cost_the_same(neurons, lines):
    """Four lines of the hidden layer on one core or on four: each neuron, bias and synapse is paid once."""
    whole, cut = _report(), _report(neurons=neurons, lines=lines)
    assert cut.ledger.parts == approx(whole.ledger.parts, rel=1e-12)
    assert cut.counts["synaptic_operations"] == whole.counts["synaptic_operations"]
    assert cut.ledger.sums("layer") == approx(whole.ledger.sums("layer"), rel=1e-12)


def test_heat_moves_static_power_and_the_crowbar_window_and_leaves_the_charges():
    """358 K: off-currents by 0.47 eV, exp(0.47 / k (1/300 - 1/358)) = 19.0; the window, n kT/q, by 358 / 300."""
    hot = NETWORK.on(at_condition(CIRCUIT, temperature=358.0))
    report, off = _report(hot), np.exp(0.47 / 8.617333e-5 * (1 / 300 - 1 / 358))
    parts = report.ledger.parts
    assert parts["neuron_static"] == approx(2e-12 * off, rel=1e-6)
    assert parts["neuron_dynamic"] == approx(112e-15 + 2e-12 * 358 / 300)
    assert parts["synapse_events"] == approx(21.5 * 0.45e-15)
    assert report.as_dict()["temperature_k"] == 358.0
    assert any("time near threshold is 1.19 times the measured" in note for note in report.notes)
    assert not any("ASSUMED" in note and "near threshold" in note for note in _report().notes)


def test_a_lower_supply_moves_gates_charges_and_the_window():
    """V_DD 2 to 1.8 V: gates 0.81; swing 0.25 to 0.2 V and V_DS 0.9 to 0.81 V, so charges 0.72; window 1.25 wider."""
    low = _report(NETWORK.on(at_condition(CIRCUIT, v_dd=1.8)))
    parts = low.ledger.parts
    assert parts["neuron_static"] == approx(2e-12 * 0.9)
    assert parts["neuron_dynamic"] == approx(112e-15 * 0.81 + 2e-12 * 0.9 * 1.25)
    assert parts["synapse_events"] == approx(21.5 * 0.45e-15 * 0.72)
    assert any("V_DS = 0.81 V" in note for note in low.notes)


def test_heat_and_supply_move_the_circuit_together():
    both, hot = at_condition(CIRCUIT, 358.0, 1.8), at_condition(CIRCUIT, 358.0)
    assert (both.v_dd, both.device.temperature, both.i_static) == (1.8, 358.0, hot.i_static)
    assert both.v_threshold == approx(0.9 * hot.v_threshold)
    assert at_condition(CIRCUIT) is CIRCUIT


def test_why_a_spike_of_the_network_is_not_that_of_the_neuron_is_told_with_figures():
    """11 spikes of 4 neurons in 0.1 s: one in 36.4 ms each; the share of static power is 4 pJ of the total."""
    report = _report()
    told, ledger = report.per_spike(), report.ledger
    assert f"costs {si(ledger.total / 11, 'J')}: each neuron waits 36.4 ms" in told
    assert f"so {4e-12 / ledger.total:.1%} is static power" in told
    assert f"without static power it is {si((ledger.total - 4e-12) / 11, 'J')}" in told
    default = ChipNetwork(NETWORK.network, circuit_for_tau(20e-3))
    alone = spike_energy(LIFCircuit())
    assert f"constant current of `snn neuron`, costs {si(alone.total, 'J')}" in _report(default).per_spike()
    assert f"without that it is {si(alone.dynamic, 'J')}" in _report(default).per_spike()


@pytest.mark.parametrize("constants", [{}, KNOWN])
def test_parts_sum_to_the_total(constants):
    report = _report(constants=constants, neurons=1)
    assert report.ledger.total == sum(report.ledger.parts.values())
    assert report.as_dict()["total_j"] == sum(report.as_dict()["parts_j"].values())
    assert min(report.ledger.parts.values()) > 0


@pytest.mark.parametrize("constant", KNOWN)
def test_constant_is_either_a_part_or_not_modelled_and_never_a_zero(constant):
    known, unknown = _report(constants={constant: KNOWN[constant]}), _report(constants={})
    part = PART_OF[constant]
    assert part not in unknown.ledger.parts
    assert unknown.ledger[part] is None
    assert [entry.part for entry in unknown.ledger.unknown].count(part) == 1
    assert known.ledger.parts[part] >= 0
    assert unknown.ledger.count(part) == known.ledger.count(part)
    lists = [{entry.part for entry in report.ledger.unknown} for report in (unknown, known)]
    assert lists[0] - lists[1] == {part}


def test_what_the_layers_leave_out_is_named():
    adaptive = replace(HIDDEN, kind="adaptive_lif")
    inside = _report(NETWORK.with_layers((ENCODER, adaptive)))
    assert "adaptation circuit" in inside.ledger.not_modelled
    assert "readout: signed integration" not in inside.ledger.not_modelled
    assert "readout that gives the answer" in inside.ledger.not_modelled
    assert "off-state leak of synapses" in inside.ledger.not_modelled
    assert "encoder" not in inside.ledger.not_modelled
    outside = _report(EXTERNAL, EXTERNAL_ACTIVITY)
    assert "encoder" in outside.ledger.not_modelled
    assert "encoder" not in outside.ledger.parts
    assert "readout: signed integration" in outside.ledger.not_modelled
    assert "readout that gives the answer" not in outside.ledger.not_modelled
    assert "adaptation circuit" not in outside.ledger.not_modelled
    assert "drain-source leak of 32nm-pdsoi-nsd5e19" in outside.ledger.not_modelled


def test_spikes_from_outside_are_charged_at_the_first_synapses():
    """The same spikes from outside as from the encoder: the same synapse energy and counts."""
    inside, outside = _report(), _report(EXTERNAL, EXTERNAL_ACTIVITY)
    assert outside.ledger.parts["synapse_events"] == approx(inside.ledger.parts["synapse_events"])
    assert outside.ledger.parts["neuron_dynamic"] == approx(inside.ledger.parts["neuron_dynamic"])
    assert outside.counts["synaptic_operations"] == inside.counts["synaptic_operations"]
    assert outside.counts["spikes"] == 11


def test_without_spikes_only_static_energy_is_left():
    silent = {name: 0 * count for name, count in ACTIVITY.spikes.items()}
    activity = replace(ACTIVITY, spikes=silent, near_threshold=silent, encoder_charge=np.zeros(2))
    report = _report(NETWORK, activity, KNOWN)
    static = {name for name, part in report.ledger.parts.items() if part}
    assert static == {"neuron_static", "synapse_events", "encoder", "bias_generation", "standby_power"}
    assert report.ledger.parts["synapse_events"] == approx(3 * 0.45e-15)  # the biases pulse in every step
    assert report.energy_per_spike_j is None
    assert report.ledger.parts["encoder"] == approx(2 * 10e-12 * 0.1)


def test_twice_the_time_is_twice_the_static_energy_and_the_same_dynamic():
    longer = replace(ACTIVITY, duration=0.2)
    once, twice = _report(constants=KNOWN, neurons=1), _report(NETWORK, longer, KNOWN, neurons=1)
    assert twice.ledger["synapse_events"] - once.ledger["synapse_events"] == approx(3 * 0.45e-15)
    ratio = {
        name: twice.ledger.parts[name] / once.ledger.parts[name]
        for name in once.ledger.parts
        if name not in ("encoder", "synapse_events")
    }
    static = {"neuron_static", "bias_generation", "standby_power"}
    assert ratio == approx({name: 2.0 if name in static else 1.0 for name in ratio})
    assert twice.ledger.parts["encoder"] - once.ledger.parts["encoder"] == approx(2 * 10e-12 * 0.1)
    assert twice.latency_s == approx(0.2)


def test_twice_the_spikes_are_twice_the_event_energies():
    busier = replace(ACTIVITY, spikes={name: 2 * count for name, count in ACTIVITY.spikes.items()})
    once, twice = _report(constants=KNOWN, neurons=1), _report(NETWORK, busier, KNOWN, neurons=1)
    synapses = [report.ledger.parts["synapse_events"] - 3 * 0.45e-15 for report in (once, twice)]
    assert synapses[1] == approx(2 * synapses[0])
    for name in ("routing", "synapse_wires"):
        assert twice.ledger.parts[name] == approx(2 * once.ledger.parts[name])
    assert twice.ledger.parts["neuron_dynamic"] - once.ledger.parts["neuron_dynamic"] == approx(7 * 16e-15)
    assert twice.ledger.parts["neuron_static"] == once.ledger.parts["neuron_static"]


@pytest.mark.parametrize("acceleration", [0.5, 1.0, 250.0])
def test_acceleration_shortens_all_that_takes_time_and_leaves_the_events(acceleration):
    """Static power lasts 1 / acceleration as long; charges stay, the crowbar's too: its current goes with speed."""
    parts = _report(constants=KNOWN, acceleration=acceleration, neurons=1).ledger.parts
    shorter = 1 / acceleration
    assert parts == approx(
        {
            "neuron_dynamic": 112e-15 + 2e-12,
            "neuron_static": 2e-12 * shorter,
            "synapse_events": 21.5 * 0.45e-15,
            "encoder": 64e-15 + 2e-12 + 2e-12 * shorter + 2.7e-15,
            "routing": 18 * 7e-15,
            "synapse_wires": 21 * 3e-16,
            "bias_generation": 3 * 2e-13 * shorter,
            "standby_power": 3 * 5e-14 * shorter,
        },
        rel=1e-12,
    )
    assert _report(acceleration=acceleration).latency_s == approx(0.1 * shorter)


def test_acceleration_shortens_the_crowbar_of_inverters_that_nothing_starves():
    """I V_DD of 10 ms near threshold, 10 times shorter; the 7 spikes switch the same gates."""
    circuit = LIFCircuit()
    slow, fast = (_report(NETWORK.on(circuit), acceleration=a).ledger.parts["neuron_dynamic"] for a in (1.0, 10.0))
    gates = 7 * (circuit.c_control + circuit.c_reset) * circuit.v_dd**2
    near = 0.010 * circuit.crowbar_window / CIRCUIT.crowbar_window
    assert slow == approx(gates + circuit.i_crowbar * circuit.v_dd * near)
    assert fast == approx(gates + circuit.i_crowbar * circuit.v_dd * near / 10)


def test_an_acceleration_without_room_for_a_pulse_is_refused_with_the_largest():
    """A step of 1 ms holds a pulse of 1 us and a reset of 0.2 us up to 833 times as fast."""
    assert _report(acceleration=833).latency_s == approx(0.1 / 833)
    with pytest.raises(ValueError, match=r"acceleration is .*, allowed above 0 to 833; .* a step of 1 ms holds"):
        _report(acceleration=834)


def test_inhibition_and_its_strength_cost_nothing():
    """Sinks to ground draw nothing from V_DS: ten times the inhibition, the same energy."""

    def harder(values):
        return np.where(values < 0, 10 * values, values)

    layers = tuple(
        replace(x, weights=harder(x.weights), bias=harder(x.bias),
                recurrent=None if x.recurrent is None else harder(x.recurrent))
        for x in NETWORK.network.layers
    )  # fmt: skip
    assert _report(NETWORK.with_layers(layers)).ledger.parts == _report().ledger.parts


def _recounted(net: NetworkSpec, activity: Activity, placement) -> float:
    """Every synapse followed by hand from its source's core to the core that holds it."""
    home = {(p.layer, i): p.core for p in placement.slices if p.line_start == 0 for i in range(p.start, p.stop)}
    holder = {
        (p.layer, line, i): p.core
        for p in placement.slices
        for line in range(p.line_start, p.line_stop)
        for i in range(p.start, p.stop)
    }
    reached: dict[tuple[str, int], set[int]] = {}
    for index, layer in enumerate(net.layers):
        before = net.layers[index - 1].name if index else "external input"
        loops = [] if layer.recurrent is None else [(layer.name, i) for i in range(layer.n_neurons)]
        lines = [] if layer.kind == "encoder" else [(before, i) for i in range(layer.fan_in)]
        for line, source in enumerate(lines + loops):
            row = layer.weights[line] if line < len(lines) else layer.recurrent[line - len(lines)]
            cores = {holder[layer.name, line, j] for j in range(layer.n_neurons) if row[j] != 0}
            reached.setdefault(source, set()).update(cores)
    spikes = activity.spikes | {"external input": activity.input_spikes}
    return sum(spikes[name][i] * len(cores - {home[name, i]}) for (name, i), cores in reached.items())


@pytest.mark.parametrize("seed", range(25))
def test_core_crossings_match_a_brute_force_recount(seed):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 20, rng.integers(3, 5))
    layers = []
    for i, (fan_in, n) in enumerate(pairwise(sizes)):
        kind = ("encoder" if rng.random() < 0.5 else "lif") if i == 0 else ("readout" if i == len(sizes) - 2 else "lif")
        loops = (rng.random((n, n)) < 0.2).tolist() if kind == "lif" and rng.random() < 0.7 else None
        layers.append(_layer(f"layer{i}", kind, (rng.random((fan_in, n)) < 0.2).tolist(), [0.0] * n, loops))
    net = NetworkSpec("net", 1e-3, tuple(layers))
    spikes = {layer.name: rng.random(layer.n_neurons) * 9 for layer in layers if layer.spiking}
    activity = Activity(1, 0.01, spikes, spikes, 0.1, rng.random(net.n_external) * 9)
    sites, inputs, lines = (int(rng.integers(1, most)) for most in (9, 9, 15))
    placement = place(net, _limits(sites, 60, inputs, lines))
    crossings = sum(core_crossings(net, activity, placement).values())
    assert crossings == approx(_recounted(net, activity, placement))
    assert crossings > 0

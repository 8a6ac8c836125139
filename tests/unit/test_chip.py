"""A chip file: every number with a source, nothing unknown, what is absent stays unknown; and a new chip is no code."""

import re
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest

from circuits.chips import Chip, Operation, chip_names, load_chip
from circuits.chips.acceleration import allowed_accelerations
from circuits.chips.chip import FOLDER, KINDS
from circuits.chips.inference_ledger import CoreCosts
from circuits.chips.operation import other_circuit
from circuits.device.btbt import DEVICES, bias_for_current, log_slope
from circuits.errors import InputError
from circuits.mapping import CoreLimits, MappingError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.area import neuron_area
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.control import ControlTransistors
from circuits.neuron.simulated_control import SimulatedControl
from circuits.tables import read_toml, record
from circuits.units import Metres, freeze_si, require

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

CHIP = """
kind = "btbt-core"
name = "tiny"
title = "a chip"
node_m = { value = 45e-9, source = "table 1" }

[limits]
cores = { value = 4, source = "table 1" }
input_neurons = { value = 3, source = "table 1" }
neurons = { value = 5, source = "table 2" }
lines = { value = 8, source = "table 1" }
synapses = { value = 40, source = "table 1" }
weight_bits = { value = 2, source = "table 1" }

[circuit]
device = { value = "32nm-pdsoi-nsd5e19", source = "table 3" }
c_mem_f = { value = 2e-15, source = "ASSUMED" }
v_threshold_v = { value = 0.3, source = "figure 1" }
v_sink_v = { value = -0.15, source = "figure 1" }

[costs]
hop_j = { value = 7e-15, source = "ASSUMED" }
bias_w = { value = 3e-9, source = "figure 2" }
"""
NUMBERS = ("hop_j", "synapse_wire_j", "bias_w", "standby_w")


def _load(folder: Path, text: str = CHIP) -> Chip:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return load_chip(path)


def _changed(old: str, new: str) -> str:
    assert CHIP.count(old) == 1
    return CHIP.replace(old, new)


def test_file_is_read_as_written(tmp_path):
    chip = _load(tmp_path)
    assert (chip.name, chip.title, chip.node) == ("tiny", "a chip", 45e-9)
    assert chip.limits == CoreLimits(4, 3, 5, 8, 40, 2)
    assert chip.costs == CoreCosts(hop_j=7e-15, bias_w=3e-9)
    assert chip.circuit == LIFCircuit(DEVICES["32nm-pdsoi-nsd5e19"], c_mem=2e-15, v_threshold=0.3, v_sink=-0.15)
    assert chip.sources["limits.neurons"] == "table 2"
    assert chip.sources["circuit.device"] == "table 3"
    assert chip.sources["costs.hop_j"] == "ASSUMED"


def test_a_file_may_say_which_control_transistors_there_are(tmp_path):
    width = '[circuit.control]\nwidth_m = { value = 80e-9, source = "figure 3" }\n'
    gates = f'{width}simulated = {{ value = false, source = "ASSUMED" }}\n[costs]'
    chip = _load(tmp_path, _changed("[costs]", gates))
    assert chip.circuit.control == ControlTransistors(width=80e-9, simulated=None)
    assert chip.sources["circuit.control.width_m"] == "figure 3"
    simulated = f"""{width}[circuit.control.simulated]
width_m = {{ value = 80e-9, source = "a simulation" }}
i_static_a = {{ value = 5e-12, source = "a simulation" }}
[costs]"""
    chip = _load(tmp_path, _changed("[costs]", simulated))
    known = SimulatedControl(width=80e-9, i_static=5e-12)
    assert chip.circuit.control == ControlTransistors(width=80e-9, simulated=known)
    assert chip.sources["circuit.control.simulated.i_static_a"] == "a simulation"
    with pytest.raises(InputError, match=r"80 nm by 50 nm, but its constants were simulated of 90 .*in a file false"):
        _load(tmp_path, _changed("[costs]", f"{width}[costs]"))
    with pytest.raises(InputError, match=r"tiny\.toml\.circuit\.control\.simulated must be a table, got True"):
        _load(tmp_path, _changed("[costs]", gates.replace("false", "true")))


def test_a_file_whose_circuit_contradicts_itself_is_refused(tmp_path):
    """A capacitor that the first inverter's gates fill."""
    with pytest.raises(InputError, match=r"tiny\.toml\.circuit: LIFCircuit contradicts itself: c_mem = 100 aF"):
        _load(tmp_path, _changed("value = 2e-15", "value = 0.1e-15"))
    with pytest.raises(InputError, match=r"unknown key 'drawn' in tiny\.toml\.circuit"):
        _load(tmp_path, _changed("[costs]", 'drawn = { value = 0.0, source = "x" }\n[costs]'))


def test_absent_is_unknown_and_zero_is_zero(tmp_path):
    assert _load(tmp_path, _changed("value = 7e-15", "value = 0.0")).costs.hop_j == 0.0
    bare = _load(tmp_path, CHIP[: CHIP.index("[costs]")])
    assert [getattr(bare.costs, name) for name in NUMBERS] == [None] * 4


@pytest.mark.parametrize(
    ("old", "new", "nearest"),
    [
        ("\nneurons =", "\nneurns =", "neurons"),
        ("hop_j =", "hop =", "hop_j"),
        ("bias_w =", "bias_mw =", "bias_w"),
        ("title =", "titel =", "title"),
        ("[limits]", "[limit]", "limits"),
        ("c_mem_f =", "c_mem =", "c_mem_f"),
        ("v_sink_v =", "v_snk_v =", "v_sink_v"),
    ],
)
def test_unknown_key_is_refused_with_the_nearest_name(tmp_path, old, new, nearest):
    with pytest.raises(InputError, match=rf"unknown key '\w+' in tiny\.toml(\.\w+)?; did you mean '{nearest}'\?"):
        _load(tmp_path, _changed(old, new))


@pytest.mark.parametrize("name", chip_names())
def test_a_chip_says_whether_its_pieces_differ_and_whether_they_age(name):
    """As its silicon does: two pieces, and one of them a week later."""
    chip, one = load_chip(name), np.ones(4)
    lif = LayerSpec("lif", "lif", np.where(np.arange(12).reshape(3, 4) % 3, 0.5, -0.5), 0 * one, 0.02 * one, one)
    net = NetworkSpec("net", 1e-3, (lif,))
    pieces = ((1, 0.0), (2, 0.0), (1, 604800.0))
    first, other, old = (chip.realise(net, np.random.default_rng(seed), age).layers[0] for seed, age in pieces)

    def same(a: LayerSpec, b: LayerSpec) -> bool:
        keys = ("weights", "bias", "tau_mem", "v_threshold")
        return all(np.array_equal(getattr(a, key), getattr(b, key)) for key in keys)

    assert (chip.alike, chip.ages) == (same(first, other), not same(first, old))


@pytest.mark.parametrize("name", ["conv-sram", "digital-systolic", "ibm-analog-14nm", "near-threshold"])
def test_a_file_without_one_of_its_numbers_is_refused_by_key_and_file(name):
    """Nothing completes it quietly; what has no published figure, the front end's, may be left out."""
    whole = read_toml(FOLDER / f"{name}.toml")
    read = KINDS[whole.pop("kind")].read
    keys = [key for key in read(deepcopy(whole), "mine.toml", None, Operation()).sources if "front_end" not in key]
    assert len(keys) >= 15
    for key in keys:
        table = deepcopy(whole)
        *path, last = key.split(".")
        del reduce(getitem, path, table)[last]
        with pytest.raises(InputError, match=rf"mine\.toml.* lacks {last}; add it"):
            read(table, "mine.toml", None, Operation())


@pytest.mark.parametrize("key", ["sources", "trained", "operation"])
def test_what_is_not_of_the_chip_stands_in_no_file(tmp_path, key):
    with pytest.raises(InputError, match=f"unknown key '{key}' in tiny.toml"):
        _load(tmp_path, _changed("[limits]", f'{key} = {{ value = 2.0, source = "x" }}\n[limits]'))


@pytest.mark.parametrize(
    "entry",
    ["2e-15", "{ value = 2e-15 }", "{ source = 'x' }", "{ value = 1.0, source = 'x', unit = 'J' }", "[1.0, 'x']"],
)
def test_number_without_value_and_source_is_refused(tmp_path, entry):
    with pytest.raises(InputError, match=r"tiny\.toml: costs\.hop_j must be \{ value = "):
        _load(tmp_path, _changed('{ value = 7e-15, source = "ASSUMED" }', entry))


@pytest.mark.parametrize("source", ['""', '"  "', "3"])
def test_empty_source_is_refused(tmp_path, source):
    with pytest.raises(InputError, match=r"costs\.hop_j: 7e-15 has no source"):
        _load(tmp_path, _changed('7e-15, source = "ASSUMED"', f"7e-15, source = {source}"))


@pytest.mark.parametrize("value", ["-1e-15", "nan", "inf", "-inf", "true", '"2e-15"'])
def test_negative_and_impossible_numbers_are_refused(tmp_path, value):
    with pytest.raises(InputError, match=r"tiny\.toml\.costs: CoreCosts\.hop_j must be"):
        _load(tmp_path, _changed("value = 7e-15", f"value = {value}"))


def test_a_circuit_that_cannot_be_is_refused_with_its_place(tmp_path):
    with pytest.raises(InputError, match=r"tiny\.toml\.circuit: LIFCircuit\.v_sink must be at most v_reset"):
        _load(tmp_path, _changed("value = -0.15", "value = 0.15"))
    with pytest.raises(InputError, match="unknown device '32nm-pdsoi-nsd5e9'; did you mean '32nm-pdsoi-nsd5e19'"):
        _load(tmp_path, _changed("nsd5e19", "nsd5e9"))
    with pytest.raises(InputError, match=r"tiny\.toml lacks circuit; add it"):
        _load(tmp_path, CHIP[: CHIP.index("[circuit]")] + CHIP[CHIP.index("[costs]") :])
    without = CHIP[: CHIP.index("[circuit]")] + CHIP[CHIP.index("[costs]") :]
    with pytest.raises(InputError, match=r"circuit must be a table, got 3"):
        _load(tmp_path, without.replace("[limits]", 'circuit = { value = 3, source = "x" }\n[limits]'))


@pytest.mark.parametrize("path", ["none.csv", "none.toml"])
def test_a_device_that_is_not_there_is_told_with_the_chip_that_asks_for_it(tmp_path, path):
    with pytest.raises(InputError, match=rf"tiny\.toml: .*{path} does not exist"):
        _load(tmp_path, _changed('"32nm-pdsoi-nsd5e19"', f'"{tmp_path / path}"'))


@pytest.mark.parametrize("value", ["0", "-1", "2147483648"])
@pytest.mark.parametrize("key", ["cores = { value = 4", "weight_bits = { value = 2"])
def test_a_chip_has_a_core_and_its_weights_a_bit(tmp_path, key, value):
    old = f"\n{key},"
    with pytest.raises(InputError, match=rf"CoreLimits\.{key.split()[0]} must be a whole number in 1\.\."):
        _load(tmp_path, _changed(old, f"{old.rpartition(' ')[0]} {value},"))


def test_limit_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"tiny\.toml\.limits\.neurons must be a whole number, got 5\.5"):
        _load(tmp_path, _changed("value = 5,", "value = 5.5,"))


@pytest.mark.parametrize("limit", CoreLimits.__dataclass_fields__)
def test_missing_limit_is_refused_by_name(tmp_path, limit):
    lines = [line for line in CHIP.splitlines() if not line.startswith(f"{limit} =")]
    with pytest.raises(InputError, match=rf"tiny\.toml\.limits lacks {limit}; add it$"):
        _load(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("key", ["name", "title", "node_m"])
def test_missing_key_is_refused_by_name(tmp_path, key):
    lines = [line for line in CHIP.splitlines() if not line.startswith(f"{key} =")]
    with pytest.raises(InputError, match=rf"tiny\.toml lacks {key}; add it$"):
        _load(tmp_path, "\n".join(lines))


@pytest.mark.parametrize(("kind", "hint"), [('kind = "btbt-cores"', "did you mean 'btbt-core'"), ("", "kind = None")])
def test_a_kind_that_no_technology_has_is_refused(tmp_path, kind, hint):
    with pytest.raises(InputError, match=r"tiny\.toml: kind = .* is no technology.*; known: btbt-core") as refusal:
        _load(tmp_path, _changed('kind = "btbt-core"', kind))
    assert hint in str(refusal.value)


def test_broken_toml_names_the_file(tmp_path):
    with pytest.raises(InputError, match=r"tiny\.toml is not a TOML file: .*at line 4"):
        _load(tmp_path, _changed('title = "a chip"', "title = a chip"))


def test_unknown_chip_names_those_that_exist(tmp_path):
    with pytest.raises(InputError, match=r"unknown chip 'loihi'; known: .*btbt-45rfsoi"):
        load_chip("loihi")
    with pytest.raises(InputError, match=r"unknown chip 'btbt-45rfso'; did you mean 'btbt-45rfsoi'"):
        load_chip("btbt-45rfso")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_chip(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize("name", chip_names())
def test_every_chip_of_the_package_loads_under_its_own_name(name):
    chip = load_chip(name)
    assert chip.name == name
    assert all(text.strip() for text in chip.sources.values())


def test_btbt_chip_has_the_published_sizes_and_invents_nothing():
    """20 input and 36 reservoir neurons, binary synapses, one core (press); a full crossbar is 36 (20 + 36)."""
    chip = load_chip("btbt-45rfsoi")
    assert chip.limits == CoreLimits(1, 20, 36, 20 + 36, 36 * (20 + 36), 1)
    assert chip.node == approx(45e-9)
    assert chip.costs == CoreCosts()
    assert chip.circuit == LIFCircuit()  # that of the transistors: the silicon's own is not published


# A network of three channels, two neurons with loops and a readout, in thresholds: no circuit comes with it.
TAU = np.array([0.01, 0.04])
HIDDEN = LayerSpec("hidden", "lif", np.array([[1, -2], [0, 0.5], [3, 0]]), np.array([0.1, -0.2]), TAU, np.ones(2),
                   np.array([[0, 1], [0.5, 0]]))  # fmt: skip
READOUT = LayerSpec("readout", "readout", np.array([[2.0], [-1.0]]), np.zeros(1), np.full(1, 0.1), np.ones(1))
NET = NetworkSpec("net", 1e-3, (HIDDEN, READOUT), v_floor=-0.5)
SPIKES, NEAR = {"hidden": np.array([5.0, 2.0])}, {"hidden": np.array([0.02, 0.01])}
ACTIVITY = Activity(1, 0.5, SPIKES, NEAR, 0.1, np.array([4.0, 3.0, 1.0]))


def test_a_new_chip_of_a_known_kind_is_a_file_and_no_code(tmp_path):
    """Any network on it: its circuit at the geometric mean of the time constants, 20 ms, prices what happened.

    Channels and neurons sit on core 0: nothing crosses. Charge: spikes of channels 4 x 1 + 3 x 0.5 + 1 x 3 = 8.5, loops
    5 x 1 + 2 x 0.5 = 6, readout 5 x 2 = 10, bias 0.1 in each of 500 steps: 50; inhibition is free.
    """
    chip = load_chip(_path(tmp_path, CHIP), operation=Operation(1))
    placement = chip.place(NET, ACTIVITY, seed=3)
    report, circuit = chip.price(NET, ACTIVITY, placement), circuit_for_tau(0.02, chip.circuit)
    wider = circuit.crowbar_window / ACTIVITY.window  # of this chip than where the activity was measured
    crowbar = 0.03 * wider * circuit.i_crowbar * circuit.v_dd
    assert (report.chip, report.cores_used) == ("tiny", 1)
    assert report.ledger.parts == approx(
        {
            "neuron_dynamic": 7 * (circuit.c_control + circuit.c_reset) * circuit.v_dd**2 + crowbar,
            "neuron_static": 2 * circuit.static_power * 0.5,
            "synapse_events": (8.5 + 6 + 10 + 50) * 2e-15 * 0.3 * circuit.device.v_ds,
            "routing": 0.0,
            "bias_generation": 3e-9 * 0.5,
        }
    )
    sources = {entry.part: entry.source for entry in report.ledger.by("part").entries}
    assert sources["routing"] == "ASSUMED"
    assert sources["standby_power"] == "not published"
    area = chip.area(placement)
    assert area.total == approx((3 + 5) * neuron_area(chip.circuit))
    assert "synapses and their switches" in area.not_modelled


def test_every_broken_limit_is_told_at_once_with_value_limit_and_remedy(tmp_path):
    text = _changed("input_neurons = { value = 3", "input_neurons = { value = 0")
    path = _path(tmp_path, text.replace("\nlines = { value = 8", "\nlines = { value = 0"))
    chip = load_chip(path, operation=Operation(1e4))
    broken = chip.check(NET)
    assert [(b.code, b.where, b.value, b.limit) for b in broken] == [
        ("input_neurons", "layer 'external input'", 3, 0),
        ("lines", "layer 'hidden'", 5, 0),
        ("lines", "layer 'readout'", 2, 0),
        ("acceleration", "network 'net'", 1e4, "above 0 to 758"),  # 1 ms over 1 us and 318 ns
    ]
    assert all(b.remedy for b in broken)
    for ask in (chip.place, lambda net: chip.realise(net, np.random.default_rng(0))):
        with pytest.raises(MappingError) as refusal:
            ask(NET)
        assert refusal.value.broken == broken
    assert _load(tmp_path).check(NET) == ()


def test_a_network_in_the_time_of_its_chip_takes_no_other_acceleration(tmp_path):
    path, fast = _path(tmp_path, CHIP), replace(NET, event_driven=True)
    assert load_chip(path).check(fast) == ()
    (broken,) = load_chip(path, operation=Operation(2.0)).check(fast)
    assert (broken.code, broken.value, broken.limit) == ("acceleration", 2.0, 1)


def _path(folder: Path, text: str) -> Path:
    _load(folder, text)
    return folder / "tiny.toml"


def test_another_rail_than_the_network_was_trained_with_is_said(tmp_path):
    def notes(chip):
        said = chip.price(NET, ACTIVITY, chip.place(NET)).notes
        return [note for note in said if "inhibition" in note]

    assert notes(_load(tmp_path)) == []  # -0.15 V of 0.3 V
    low = _load(tmp_path, _changed("value = -0.15", "value = -0.09"))
    assert notes(low) == ["inhibition was trained to stop at -0.5 thresholds, the rail of this circuit is at -0.3"]


def test_the_circuit_of_a_recipe_counts_on_its_own_chip_alone(tmp_path):
    """Energy follows the file's capacitor on another chip, and the recipe's on the chip that it names; a note says."""
    circuit = LIFCircuit(c_mem=1e-15, v_threshold=0.3, v_sink=-0.15)
    for chip, charged in (("tiny", 1e-15), ("", 1e-15), ("another", 2e-15)):
        trained = ChipNetwork(NET, circuit, chip=chip)
        path = _path(tmp_path, CHIP)
        placed = load_chip(path, trained)
        report = placed.price(NET, ACTIVITY, placed.place(NET))
        assert report.circuit.c_mem == charged
        (said,) = [note for note in report.notes if "c_mem" in note and "circuit" in note]
        assert f"c_mem {charged * 1e15:g} fF in place of {3 - charged * 1e15:g} fF" in said
        assert ("not that of the file of tiny" in said) == (chip != "another")
        double = load_chip(_path(tmp_path, _changed("value = 2e-15", "value = 4e-15")), trained)
        more = double.price(NET, ACTIVITY, double.place(NET)).ledger["synapse_events"]
        assert more == approx(report.ledger["synapse_events"] * (2 if chip == "another" else 1))


def test_every_field_in_which_two_circuits_differ_is_told_down_to_what_was_simulated():
    own = LIFCircuit()
    slower = replace(own.control.simulated, t_switch=200e-9)
    other = replace(
        own, device=replace(own.device, v_ds=0.8), g_leak=1e-12, v_gs=-0.6, drawn=False,
        control=replace(own.control, c_wire=0.2e-15, i_starve=1e-9, simulated=slower),
    )  # fmt: skip
    (said,) = other_circuit("tiny", own, ChipNetwork(NET, other))
    assert said.split(": ")[1].split("; ") == [
        "device.v_ds 800 mV in place of 900 mV",
        "control.c_wire 200 aF in place of 100 aF",
        "control.simulated.t_switch 200 ns in place of 318 ns",
    ]
    gates, device = replace(own.control, simulated=None), DEVICES["22nm-fdx"]
    (said,) = other_circuit("tiny", own, ChipNetwork(NET, replace(own, device=device, control=gates, drawn=False)))
    assert "device 22nm-fdx in place of 32nm-pdsoi; control.simulated None in place of SimulatedControl" in said


def test_time_near_threshold_of_another_window_is_scaled_and_said(tmp_path):
    """The circuit draws its crowbar current within v_crowbar / 0.3 V of the threshold."""
    chip = _load(tmp_path)
    own = chip.circuit.v_crowbar / 0.3

    def priced(window):
        return chip.price(NET, replace(ACTIVITY, window=window), chip.place(NET))

    assert not [note for note in priced(own).notes if "near threshold" in note]
    (said,) = [note for note in priced(own / 1.5).notes if "near threshold" in note]
    assert "time near threshold is 1.5 times the measured" in said
    assert priced(own / 1.5).ledger["neuron_dynamic"] > priced(own).ledger["neuron_dynamic"]


def test_one_chip_of_many_computes_a_network_of_its_own(tmp_path):
    """Same seed, same chip; weights keep their signs and zeros; a leak is a conductance, so tau follows C alone."""
    chip = _load(tmp_path)
    one, same, other = (chip.realise(NET, np.random.default_rng(seed)).layers[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.weights, same.weights)
    assert not np.allclose(one.weights, other.weights, rtol=1e-3)
    np.testing.assert_array_equal(np.sign(one.weights), np.sign(HIDDEN.weights))
    assert np.ptp(one.tau_mem / HIDDEN.tau_mem) > 1e-3
    assert 0 < abs(one.v_threshold - 1).max() < 0.2


def test_a_faster_chip_works_with_larger_currents_that_deviate_less(tmp_path):
    """A bias is w q / dt: at a thousandth of dt a thousand times the current, deeper in tunnelling. Pulses stay."""
    layer = LayerSpec("lif", "lif", np.full((2, 2000), 0.3), np.full(2000, 0.1), np.full(2000, 0.02), np.ones(2000))
    net, found = NetworkSpec("net", 0.01, (layer,)), {}
    limits = CoreLimits(1, 4, 4000, 4000, 10**6, 2)
    for speed in (1.0, 1000.0):
        chip = replace(_load(tmp_path), limits=limits, operation=Operation(speed))
        found[speed] = chip.realise(net, np.random.default_rng(0))
        assert found[speed].dt == net.dt
    share = {speed: 0.02 / real.layers[0].tau_mem for speed, real in found.items()}  # C / C'
    np.testing.assert_allclose(share[1.0], share[1000.0])

    def deviation(speed: float, name: str) -> float:
        return float(np.std(np.log(getattr(found[speed].layers[0], name) / share[speed])))

    circuit = chip.on_chip(net).circuit
    for speed in found:
        current = 0.1 * circuit.charge_per_weight / net.dt * speed
        v_gs = bias_for_current(np.array([current]), circuit.device, circuit.width)
        slope = float(log_slope(circuit.device.v_ds - v_gs[0], circuit.device))
        assert deviation(speed, "bias") == approx(0.010 * slope, rel=0.1)
    assert deviation(1.0, "bias") > 1.5 * deviation(1000.0, "bias")
    assert deviation(1.0, "weights") == approx(deviation(1000.0, "weights"), rel=1e-6)


def test_a_piece_is_made_at_the_speed_that_is_charged_for(tmp_path):
    """The largest that the device allows, until activity says which is the cheapest."""
    chip = replace(_load(tmp_path), costs=CoreCosts())  # no standby, which only haste would save
    largest = max(allowed_accelerations(chip.on_chip(NET)))
    assert chip.speed_for(NET) == largest
    near = {name: 0 * time for name, time in NEAR.items()}  # so that spikes are nearly all that costs
    busy = replace(ACTIVITY, duration=0.01, near_threshold=near)
    charged = chip.price(NET, busy, chip.place(NET)).acceleration
    assert chip.settled(NET, busy).speed_for(NET) == charged < largest
    assert replace(chip, operation=Operation(3)).settled(NET, busy).speed_for(NET) == 3


@pytest.mark.parametrize("kelvin", [250.0, 350.0])
def test_a_piece_computes_at_the_temperature_that_its_biases_were_set_for(tmp_path, kelvin):
    chip = replace(_load(tmp_path), operation=Operation(300.0, kelvin))
    layer = LayerSpec("lif", "lif", np.full((2, 400), 0.3), np.full(400, 0.1), np.full(400, 0.02), np.ones(400))
    net = NetworkSpec("net", 0.01, (layer,))
    chip = replace(chip, limits=CoreLimits(1, 4, 4000, 4000, 10**6, 2))
    (real,) = chip.realise(net, np.random.default_rng(0)).layers
    assert np.median(real.weights / 0.3) == approx(1, rel=0.03)
    assert np.median(real.tau_mem / 0.02) == approx(1, rel=0.03)


def test_years_of_use_weaken_every_weight_of_the_same_chip(tmp_path):
    chip = _load(tmp_path)
    new, old = (chip.realise(NET, np.random.default_rng(1), age) for age in (0.0, 10 * 365.25 * 86400))
    for before, after in zip(new.layers, old.layers, strict=True):
        used = before.weights != 0
        assert (abs(after.weights[used]) < abs(before.weights[used])).all()
        np.testing.assert_allclose(after.tau_mem, before.tau_mem)
    assert new.v_floor == approx(-0.5)


def test_a_fault_of_ours_is_not_told_as_a_fault_of_the_file():
    """What a file says wrongly is named with its place; an error in our own code stays what it is."""

    @dataclass(frozen=True)
    class Faulty:
        width: Metres

        def __post_init__(self):
            freeze_si(self)
            require(self, "width", self.width > 0, "positive")
            if self.width == 1.0:
                self.no_such_thing  # noqa: B018

    with pytest.raises(AttributeError):
        record({"width_m": 1.0}, Faulty, "x.toml")
    for table, said in (
        ({"width_m": -1.0}, "x.toml: Faulty.width must be positive"),
        ({"width_m": "wide"}, "x.toml: Faulty.width must be a number in m, got 'wide'"),
    ):
        with pytest.raises(InputError, match=re.escape(said)):
            record(table, Faulty, "x.toml")

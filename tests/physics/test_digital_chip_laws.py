"""Laws of the digital chip part by part: hand figures of its ledger, its silicon, its report, and what it refuses."""

import math
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.chips.chip import FOLDER
from circuits.chips.digital_ledger import memory_bits
from circuits.chips.front_end_ledger import Sensed
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.network.activity import Activity
from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec

CHIP, DT = "digital-systolic", 0.01
approx = partial(pytest.approx, rel=1e-9, abs=0)  # its usual 1e-12 is more than many of these joules
VALUES = Activity(1, 1.0, {}, {}, 0.0)
GATES = 256 * 5010 / 4 + 20_000  # transistors of an element as Yosys counts them, by those of a NAND; control
BITS = 8 * (65536 + 32768 + 8192 + 16384) + 32 * 1024 * 16
# Horowitz, ISSCC 2014: 64 bits from 8 kB cost 10 pJ, from 32 kB 20 pJ; a product of 8 bits 0.2, of 32 3.1, a sum 0.1
SRAM_8K, SRAM_32K, DRAM = 10e-12 / 64, 20e-12 / 64, 1300e-12 / 64


def dense(fan_in: int, n: int, name: str = "dense", **more) -> LayerSpec:
    return LayerSpec(name, "dense", np.ones((fan_in, n)), np.zeros(n), **more)


def values(*layers: LayerSpec) -> NetworkSpec:
    return NetworkSpec("values", DT, layers)


def population(name: str, kind: str, fan_in: int, n: int, recurrent: bool = False) -> LayerSpec:
    tau, one, loops = np.full(n, 0.02), np.ones(n), np.ones((n, n)) if recurrent else None
    return LayerSpec(name, kind, np.ones((fan_in, n)), np.zeros(n), tau, one, loops)


def heard(recurrent: bool = False, ear_recurrent: bool = False) -> NetworkSpec:
    layers = (population("ear", "encoder", 10, 20, ear_recurrent), population("hidden", "lif", 20, 16, recurrent),
              population("out", "readout", 16, 3))  # fmt: skip
    return NetworkSpec("heard", DT, layers)


def active(ear: float, hidden: float, duration: float = 1.0) -> Activity:
    spikes = {"ear": np.full(20, ear), "hidden": np.full(16, hidden)}
    return Activity(1, duration, spikes, {k: np.zeros_like(v) for k, v in spikes.items()}, 0.1,
                    encoder_charge=np.zeros(20))  # fmt: skip


def report(net, activity=VALUES, **asked):
    chip = load_chip(CHIP, operation=Operation(**asked))
    return chip.price(net, activity, chip.place(net, activity))


def entry(found, part: str, layer: str | None = None):
    (one,) = [e for e in found.ledger.entries if e.part == part and layer in (None, e.layer)]
    return one


def test_every_part_of_one_tile_by_hand():
    found = report(values(dense(16, 16)))
    cycles = found.cycles
    expected = {
        "products": 256 * 0.3e-12,
        "array_registers": 256 * 40 * 9e-15,
        "vector_unit": 16 * (3.1e-12 / 2 + 0.1e-12),  # 32 by 16 bits and a sum for each output
        "activations_sram": (16 + 16 + 16 + 16) * 8 * SRAM_32K,  # in and out of it: inputs, outputs; a bank of 32 kB
        "parameters_sram": 2 * 16 * 8 * 8 * SRAM_8K,  # a bank of 4 kB costs as one of 8 kB
        "state_sram": 0.0,
        "dram": (16 + 256 + 128 + 16) * 8 * DRAM,
        "wires": (256 + 16 + 16) * 8 * 48.8e-15,
        "clock": cycles * 256 * 48 * 1.6e-15,
        "memory_leak": cycles / 200e6 * BITS * 7.3e-11,
        "logic_leak": cycles / 200e6 * GATES * 1.2e-8,
    }
    for part, energy in expected.items():
        assert found.ledger[part] == approx(energy, rel=0.01), part
    moved = {"weights": 2 * 256, "sums": 2 * 16 * 4}
    for name, n_bytes in moved.items():
        assert entry(found, f"{name}_sram").count == 8 * n_bytes
    between = entry(found, "weights_sram").each_j  # a bank of 16 kB
    assert SRAM_8K < between < SRAM_32K
    assert entry(found, "sums_sram").each_j == approx(SRAM_32K, rel=0.01)  # 512 rows of 16 words: 32 kB
    assert set(found.ledger.parts) == {*expected, "weights_sram", "sums_sram"}


def test_memories_are_no_cheaper_than_the_smallest_and_no_dearer_than_the_largest_known(tmp_path):
    chip = load_chip(of_file(tmp_path, r"weights = \{ value = 32768", "weights = { value = 8388608"))
    net = values(dense(16, 16))
    found = chip.price(net, VALUES, chip.place(net))
    assert entry(found, "weights_sram").each_j == approx(100e-12 / 64, rel=0.01)  # of 1 MB


@pytest.mark.parametrize("v_dd", [0.7, 1.1])
def test_each_switched_part_follows_the_square_of_the_supply_and_leak_the_supply(v_dd):
    net, activity = heard(recurrent=True), active(10, 20)
    here, there = report(net, activity), report(net, activity, v_dd=v_dd)
    ratio = v_dd / 0.9
    power = {"dram": 0, "memory_leak": 1, "logic_leak": 1}
    assert len(here.ledger.parts) == 13
    for part, energy in here.ledger.parts.items():
        assert there.ledger[part] == approx(energy * ratio ** power.get(part, 2)), part
    assert {e.part for e in here.ledger.entries if e.kind == "static"} == {"memory_leak", "logic_leak"}
    assert there.as_dict()["v_dd_v"] == v_dd
    assert any("switched energies follow V^2" in note for note in there.notes)
    assert not any("switched energies follow V^2" in note for note in here.notes)


def test_products_are_those_of_the_spikes_that_come():
    """Ear: signals, every product. Hidden: 7 of 100 steps on each line. Readout: 25 of 100."""
    found = report(heard(), active(7, 25))
    assert entry(found, "products", "ear").count == approx(100 * 10 * 20)
    assert entry(found, "products", "hidden").count == approx(0.07 * 100 * 20 * 16)
    assert entry(found, "products", "out").count == approx(0.25 * 100 * 16 * 3)
    assert entry(found, "array_registers", "hidden").count == 100 * 20 * 16 * 40  # they switch all the same


def test_a_recurrent_line_counts_with_the_others():
    """36 lines: 20 with 7 spikes, 16 with 25; the first step has no products of the spikes before it."""
    found = report(heard(recurrent=True), active(7, 25))
    made = (100 * 20 + 99 * 16) * 16
    assert entry(found, "products", "hidden").count == approx(made * (20 * 7 + 16 * 25) / 36 / 100)
    ear = report(heard(ear_recurrent=True), active(7, 25))
    assert entry(ear, "products", "ear").count == (100 * 10 + 99 * 20) * 20  # signals among its inputs: all charged


def test_a_membrane_takes_five_products_a_step_and_a_value_one():
    found = report(heard(), active(7, 25))
    assert entry(found, "vector_unit", "ear").count == 5 * 100 * 20
    assert entry(found, "vector_unit", "out").count == 5 * 100 * 3
    assert entry(report(values(dense(30, 7))), "vector_unit").count == 7


def test_without_a_spike_and_with_twice_the_time():
    """No spike, no product behind the encoder, and all else stays; each second leaks as much as the one before."""
    silent, loud = report(heard(), active(0, 0)), report(heard(), active(50, 50))
    for part, energy in silent.ledger.parts.items():
        if part != "products":
            assert loud.ledger[part] == energy
    one, two, three = (report(heard(), active(1, 1, t)).ledger.static for t in (1.0, 2.0, 3.0))
    assert three - two == approx(two - one, rel=0.01)
    assert two - one > 0.5 * one  # constants are loaded once


def test_an_inference_has_whole_steps_and_at_least_one():
    """0.29 s are 29 steps of 0.01 s, though 0.29 / 0.01 is less than 29 in floating point."""
    chip, net = load_chip(CHIP), heard()
    works = lambda t: chip.place(net, active(0, 0, t)).works[1].size  # noqa: E731
    assert 0.29 / 0.01 < 29
    assert (works(0.29), works(0.004), works(0.016)) == ((1, 29), (1, 1), (1, 2))
    assert chip.place(net).works[1].size == (1, 1)


def test_order_of_neurons_changes_nothing():
    rng = np.random.default_rng(0)
    spikes = rng.uniform(0, 90, 20)

    def energy(order):
        activity = active(1, 1)
        return report(heard(), replace(activity, spikes=activity.spikes | {"ear": spikes[order]})).ledger.total

    assert energy(np.arange(20)) == approx(energy(rng.permutation(20)), rel=1e-12)


def test_area_is_memory_and_gates_by_hand():
    area = load_chip(CHIP).area(None)
    assert area.parts_m2["memories"] == approx(BITS * 0.346e-12 / 0.6)
    assert area.parts_m2["array"] == approx(256 * 5010 / 4 * 0.798e-12 / 0.7)
    assert area.parts_m2["control"] == approx(20_000 * 0.798e-12 / 0.7)
    assert memory_bits(load_chip(CHIP).machine) == BITS
    assert "interface to DRAM" in area.not_modelled


def test_a_die_of_the_wafer_by_hand():
    """Lanes of 0.1 mm, a rim of 3 mm; negative binomial with 3 clusters, 0.1 defects per square centimetre."""
    found = report(values(dense(16, 16)))
    side = math.sqrt(found.area.total)
    with_lane, d = (side + 1e-4) ** 2, 0.294
    dies = math.floor(math.pi * d**2 / (4 * with_lane) - math.pi * d / math.sqrt(2 * with_lane))
    good = (1 + 1000 * found.area.total / 3) ** -3
    assert (found.die.dies, found.die.good_dies) == (dies, math.floor(dies * good))
    assert found.die.fraction_good == approx(good)
    assert found.die.cost_usd == approx(1000 / math.floor(dies * good))


def test_the_report_says_what_the_counts_are():
    net = values(dense(100, 90, "a"), dense(90, 7, "b", relu=False))
    found = report(net)
    table, macs = found.as_dict(), 100 * 90 + 90 * 7
    assert table["latency_s"] == found.latency_s == found.cycles / 200e6
    assert table["operations_per_mac"] == 2
    assert table["operations_per_j"] == approx(2 * macs / found.ledger.total)
    assert table["utilisation"] == found.utilisation == approx(macs / (found.cycles * 256))
    assert table["dram_bytes"] == 100 + 7 + (6 * 100 + 90) * 16 + 8 * 97
    assert table["counts"]["stalls"] == sum(row["stalls"] for row in table["layers"])
    assert table["area_m2"]["total"] == approx(sum(found.area.parts_m2.values()))
    for row, one in zip(table["layers"], found.layers, strict=True):
        assert (row["read_bytes"], row["written_bytes"]) == (one.read, one.written)
        assert 0 < row["stalls"] == one.cycles - one.computing < row["cycles"]
    assert table["layers"][0]["written_bytes"]["activations"] == 100 + 90
    assert table["total_j"] == approx(found.ledger.total)
    assert {"instruction fetch", "pads and DRAM interface", "supply converter"} <= set(found.ledger.not_modelled)


def test_the_front_end_is_charged_in_real_time():
    chip, net = load_chip(CHIP), values(dense(16, 16))
    placed = chip.place(net)
    found = chip.price(net, VALUES, placed, Sensed("log-mel", 16, 0.5))
    assert found.with_front_end == approx(found.ledger.total + 170e-9 * 0.5)
    assert chip.price(net, VALUES, placed).with_front_end is None


def test_values_are_told_to_be_charged_in_full_and_spikes_are_not():
    assert any("every product of a conventional layer is charged" in note for note in report(values(dense(4, 4))).notes)
    assert not any("every product" in note for note in report(heard(), active(1, 1)).notes)


def test_weights_of_eight_bits_are_scaled_by_their_own_output_channel():
    """The largest of each channel stays as it is, of 127 steps; whatever the others are."""
    rng = np.random.default_rng(0)
    grid = Convolution((3, 9), (2,), (1,), (0,))
    scale = np.array([1.0, 1e-3, 50.0, 0.0])
    conv = LayerSpec("conv", "conv", rng.normal(size=(4, 3, 2)) * scale[:, None, None], np.zeros(4), convolution=grid)
    full = replace(dense(32, 4), weights=rng.normal(size=(32, 4)) * scale)
    for own, found, axes in zip(
        (conv, full), load_chip(CHIP).realise(values(conv, full), rng).layers, ((1, 2), 0), strict=True
    ):
        most = np.abs(own.weights).max(axis=axes, keepdims=True)
        np.testing.assert_allclose(np.abs(found.weights).max(axis=axes, keepdims=True), most)
        assert (np.abs(found.weights - own.weights) <= most / 254 * (1 + 1e-9)).all()
        steps = np.divide(found.weights, most / 127, where=most > 0, out=np.zeros_like(own.weights))
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)


@pytest.mark.parametrize(
    ("net", "said"),
    [(NetworkSpec("none", DT, ()), "neurons is 0, allowed at least 1; add a layer"),
     (replace(heard(), event_driven=True), "event driven.*in steps of dt.*spiking cores")],
)  # fmt: skip
def test_a_network_that_no_program_runs_is_refused_everywhere(net, said):
    chip, rng = load_chip(CHIP), np.random.default_rng(0)
    placed = chip.place(values(dense(4, 4)))
    calls = (lambda: chip.place(net), lambda: chip.realise(net, rng), lambda: chip.price(net, VALUES, placed))
    for call in calls:
        with pytest.raises(MappingError, match=said):
            call()


def test_activity_of_another_network_is_refused():
    chip = load_chip(CHIP)
    with pytest.raises(InputError, match="activity does not fit 'heard'"):
        chip.price(heard(), VALUES, chip.place(heard()))


def of_file(tmp_path, pattern: str, instead: str):
    changed, n = re.subn(pattern, instead, (FOLDER / f"{CHIP}.toml").read_text())
    assert n == 1
    path = tmp_path / "own.toml"
    path.write_text(changed)
    return path


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("defects_per_m2", "-1.0", "defects must be zero or positive"),
        ("memory_efficiency", "1.5", "memory_efficiency must be above 0 and at most 1"),
        ("logic_density", "0.0", "logic_density must be above 0 and at most 1"),
        ("gate_m2", "0.0", "gate must be positive"),
        ("leak_bit_w", "-1e-11", "leak_bit must be zero or positive"),
        ("control_gates", "-1", "control_gates must be zero or positive"),
        ("clock_hz", "1e11", "clock must be above 0 to 10 GHz"),
        ("v_dd_v", "0.6", "a supply of 0.6 V is outside of 0.65 to 1.1 V"),
    ],
)  # fmt: skip
def test_an_impossible_number_of_the_file_is_refused(tmp_path, key, value, said):
    with pytest.raises(InputError, match=said):
        load_chip(of_file(tmp_path, rf"{key} = \{{ value = [^,]*,", f"{key} = {{ value = {value},"))


def test_sources_are_those_of_the_file():
    found = report(values(dense(16, 16)))
    assert "Aladdin" in entry(found, "array_registers").source
    assert "Noxim" in entry(found, "wires").source
    assert "ASSUMED" in entry(found, "memory_leak").source
    assert all(one.source for one in found.ledger.entries if one.each_j is not None)

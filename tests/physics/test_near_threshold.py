"""The processor near threshold: a network worked out by hand, laws of scaling, what fails, and what is refused."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.chips.chip import FOLDER
from circuits.chips.near_threshold import NearThreshold
from circuits.chips.near_threshold_report import NearThresholdReport
from circuits.errors import InputError
from circuits.mapping import MappingError
from circuits.network.activity import Activity
from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec

close = partial(pytest.approx, rel=1e-9, abs=0)
RNG = np.random.default_rng(0)
CHIP = load_chip("near-threshold")
BODY = CHIP.body


def _membranes(name: str, kind: str, fan_in: int, n: int, recurrent: bool = False) -> LayerSpec:
    one, loops = np.ones(n), RNG.normal(size=(n, n)) if recurrent else None
    adapt = {"tau_adapt": one, "adapt_a": one, "adapt_b": one} if kind == "adaptive_lif" else {}
    return LayerSpec(name, kind, RNG.normal(size=(fan_in, n)), 0 * one, 0.02 * one, one, loops, **adapt)


SPIKING = NetworkSpec(
    "spiking", 1e-3,
    (
        _membranes("in", "encoder", 40, 80),
        _membranes("hid", "adaptive_lif", 80, 50, True),
        _membranes("out", "readout", 50, 12),
    ),
)  # fmt: skip
CONV = LayerSpec(
    "conv", "conv", RNG.normal(size=(16, 4, 3)), np.zeros(16), convolution=Convolution((4, 50), (3,), (1,), (1,))
)
POOL = LayerSpec(
    "pool", "max_pool", np.zeros((16, 0)), np.zeros(0), convolution=Convolution((16, 50), (5,), (5,), (0,))
)
DENSE = LayerSpec("dense", "dense", RNG.normal(size=(160, 12)), np.zeros(12), relu=False)
VALUES = NetworkSpec("values", 1e-2, (CONV, POOL, DENSE))


def _activity(net: NetworkSpec, spikes: float = 3.0, duration: float = 0.5) -> Activity:
    counted = {layer.name: np.full(layer.n_neurons, spikes) for layer in net.layers if layer.spiking}
    n = sum(layer.n_neurons for layer in net.layers if layer.kind == "encoder")
    near = {name: 0 * spikes for name, spikes in counted.items()}
    return Activity(1, duration, counted, near, 0.1, encoder_charge=np.zeros(n))


def _report(net: NetworkSpec = SPIKING, chip: NearThreshold = CHIP, **activity: float) -> NearThresholdReport:
    return chip.price(net, _activity(net, **activity), chip.place(net))


def _with(**parts) -> NearThreshold:
    """The chip with other fields of its body, `array={"bits": 4}`."""
    return replace(CHIP, body=replace(BODY, **{name: replace(getattr(BODY, name), **of) for name, of in parts.items()}))


def test_values_by_hand():
    """conv 16 x 4 x 3 at 50 places, pool 5 elements at 160, dense 160 x 12."""
    report = _report(VALUES)
    macs = (16 * 4 * 3 * 50, 0, 160 * 12)
    updates = (16 * 50, 160 * 5, 12)  # one multiplier for each output of conv and dense, an element of a pool
    cycles = -(-(macs[0] + updates[0]) // 1024) + 1 + 2
    assert report.counts == {"macs": sum(macs), "other_operations": sum(updates), "cycles": cycles}
    assert report.latency_s == close(cycles / 5e6)
    assert report.ledger["products"] == close(sum(macs) * 0.56e-12)
    reads = (192 + 16 * 8 + 200) + 800 + (1920 + 12 * 8 + 160)
    assert report.ledger["memory_reads"] == close(reads * 1e-12)
    assert report.ledger["memory_writes"] == close((800 + 160 + 12) * 3e-12)
    assert report.schedule.memory == 192 + 16 * 8 + 1920 + 12 * 8 + (800 + 200)  # weights, then the largest pair


def test_membranes_by_hand():
    """80 + 50 + 12 neurons over 500 steps; an adaptive one is four products, eight bytes of state, seven parameters."""
    report = _report()
    macs, updates = 40 * 80 + 80 * 50 + 50 * 50 + 50 * 12, 80 + 4 * 50 + 12
    cycles = sum(-(-x // 1024) for x in (3200 + 80, 6500 + 200, 600 + 12))
    assert report.counts == {"macs": 500 * macs, "other_operations": 500 * updates, "cycles": 500 * cycles}
    assert report.schedule.state == 4 * (80 + 2 * 50 + 12)
    assert report.schedule.weights == macs + 4 * (4 * 80 + 7 * 50 + 4 * 12)
    assert report.schedule.activations == 40 + 80 + 50 + 12
    reads = report.schedule.weights + (40 + 80 + 50 + 50) + report.schedule.state  # inputs, and own spikes of a loop
    assert report.ledger["memory_reads"] == close(500 * reads * 1e-12)
    assert report.ledger["memory_writes"] == close(500 * (80 + 50 + 12 + report.schedule.state) * 3e-12)


def test_leak_by_hand():
    """At the supply where the leak is known, the memory draws 24 pA a bit, so many volts: 2.2 uW of 256 kbit."""
    at = BODY.at(0.35)
    assert at.memory_leak == close(2**21 * 24e-12 * 0.35)
    assert at.memory_leak / 8 == pytest.approx(2.2e-6, rel=0.01)
    assert at.array_leak == close(1024 * 9.6e-9 * 0.35)
    assert BODY.at(0.46).clock == close(5e6)


@pytest.mark.parametrize("net", [SPIKING, VALUES], ids=["spiking", "values"])
def test_parts_sum_to_the_total(net):
    report = _report(net)
    table = report.as_dict("layer")
    assert sum(table["parts_j"].values()) == close(table["total_j"])
    assert sum(table["layers_j"].values()) == close(table["total_j"])
    assert report.ledger.dynamic + report.ledger.static == close(report.ledger.total)
    here = next(row for row in table["energy_over_voltage"] if row["operating"])
    assert here["energy_j"] == close(report.ledger.total)
    assert (here["delay_s"], here["frequency_hz"]) == (report.latency_s, 5e6)


def test_spikes_cost_nothing_of_their_own():
    silent, busy = _report(spikes=0.0), _report(spikes=100.0)
    assert silent.ledger == busy.ledger
    assert {entry.per for entry in silent.ledger.entries if entry.each_j} == {"product", "byte", "second"}


def test_twice_the_time_is_twice_the_static_energy_of_membranes():
    once, twice = _report(duration=0.5), _report(duration=1.0)
    assert twice.ledger.static == close(2 * once.ledger.static)
    assert twice.ledger.dynamic == close(2 * once.ledger.dynamic)
    assert _report(VALUES, duration=1.0).ledger == _report(VALUES, duration=0.5).ledger


def test_energy_grows_with_the_supply_above_its_least():
    energies, clocks = [], []
    for v_dd in np.linspace(0.38, 1.2, 9):
        chip = load_chip("near-threshold", operation=Operation(v_dd=float(v_dd)))
        report = _report(chip=chip)
        energies.append(report.ledger.total)
        clocks.append(report.point.clock)
        assert report.ledger.dynamic == close(_report().ledger.dynamic * (v_dd / 0.46) ** 2)
    assert (np.diff(energies) > 0).all()
    assert (np.diff(clocks) > 0).all()


def test_energy_grows_with_the_bits():
    energies = [_report(chip=_with(array={"bits": bits})).ledger for bits in (2, 4, 8, 12, 16)]
    assert (np.diff([ledger.total for ledger in energies]) > 0).all()
    assert (np.diff([ledger["products"] for ledger in energies]) > 0).all()
    assert (np.diff([ledger["memory_reads"] for ledger in energies]) > 0).all()


def test_what_nobody_published_is_not_modelled():
    report = _report()
    assert "supply converter" in report.ledger.not_modelled
    rows = {row["part"]: row["energy_j"] for row in report.as_dict()["ledger"]}
    assert rows["supply converter"] is None
    assert report.as_dict()["total_with_front_end_j"] is None


def test_the_least_energy_is_marked_and_bounds_all_others():
    table = _report().as_dict()
    rows = table["energy_over_voltage"]
    (least,) = (row for row in rows if row["minimum"])
    assert least["v_dd_v"] == table["minimum_energy_v"] < BODY.process.v_threshold
    assert all(row["energy_j"] >= least["energy_j"] for row in rows)
    assert least["fails"] == "SRAM and logic"
    assert table["logic_fails_below_v"] < table["memory_fails_below_v"] == close(table["minimum_usable_v"])
    working = [row["energy_j"] for row in rows if row["fails"] is None]
    assert min(working) == table["minimum_usable_j"]
    assert [row["v_dd_v"] for row in rows] == sorted(row["v_dd_v"] for row in rows)


def test_leakier_transistors_move_the_least_energy_up():
    leaky = _with(memory={"leak": 100 * BODY.memory.leak}, array={"leak": 100 * BODY.array.leak})
    assert _report(chip=leaky).least.v_dd_v > _report().least.v_dd_v + 0.05
    hot = load_chip("near-threshold", operation=Operation(temperature=390.0))
    assert _report(chip=hot).least.v_dd_v > _report().least.v_dd_v
    assert _report(chip=hot).point.clock > 5e6


def test_one_inference_a_second_by_hand():
    report = _report()
    use, point = report.use, report.point
    active = report.ledger.total / report.latency_s
    asleep = 0.05 * point.array_leak + point.memory_leak
    duty = report.latency_s
    assert use.average_power_w == close(active * duty + asleep * (1 - duty) + 5.7e-9)
    assert use.break_even_s == close(2**21 * 1.1e-12 / point.memory_leak)
    kept = asleep * (1 - duty) - 0.05 * point.array_leak * (1 - duty)
    stored = use.non_volatile_power_w - use.average_power_w
    assert stored == pytest.approx(2**21 * 1.1e-12 - kept, rel=1e-6)
    assert use.battery_life_s < 792 * 3 / use.average_power_w


def test_an_inference_longer_than_a_second_leaves_no_sleep():
    slow = _with(point={"clock": 5e2})
    report = _report(chip=slow)
    assert report.use.duty == close(1.0)
    assert report.use.inferences_per_s == close(1 / report.latency_s)
    assert report.use.average_power_w == close(report.ledger.total / report.latency_s + 5.7e-9 / report.latency_s)
    assert any("keeps up" in note for note in report.notes)


def test_weights_are_rounded_to_evenly_spaced_values():
    net = CHIP.realise(SPIKING, np.random.default_rng(0))
    for before, after in zip(SPIKING.layers, net.layers, strict=True):
        step = np.abs(before.weights).max() / 127
        levels = after.weights / step
        assert np.allclose(levels, np.rint(levels), atol=1e-9)
        assert np.abs(after.weights - before.weights).max() <= step / 2 * (1 + 1e-9)
    again = CHIP.realise(net, np.random.default_rng(1))
    assert np.allclose(again.layers[1].recurrent, net.layers[1].recurrent, rtol=0, atol=1e-12)
    assert CHIP.realise(VALUES, np.random.default_rng(0)).layers[1].weights.shape == (16, 0)


def test_area_is_of_the_cells():
    area = CHIP.area(CHIP.place(VALUES))
    assert area.total == close(2**21 * 0.57e-12 * 7 / 6)
    assert area.total < BODY.measured.die
    assert "multipliers and control" in area.not_modelled


def test_a_network_that_is_too_large_is_told_with_a_remedy():
    wide = NetworkSpec("wide", 1e-3, (LayerSpec("d", "dense", np.zeros((1000, 300)), np.zeros(300)),))
    with pytest.raises(MappingError, match="memory bytes is 303700, allowed 262144; train a smaller"):
        CHIP.place(wide)
    (broken,) = CHIP.check(NetworkSpec("empty", 1e-3, ()))
    assert broken.code == "neurons"


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (Operation(v_dd=0.3), "0.3 V is outside of near-threshold: below 0.372 V, near or under threshold, its SRAM"),
        (Operation(v_dd=1.5), "above 1.2 V"),
        (Operation(v_dd=-1.0), "outside"),
        (Operation(v_dd=float("nan")), "outside"),
        (Operation(5.0), "acceleration = 5: near-threshold is as fast as its supply makes it"),
        (Operation(temperature=500.0), "398.15"),
    ],
)
def test_where_it_does_not_work_is_refused(operation, said):
    with pytest.raises(InputError, match=said):
        load_chip("near-threshold", operation=operation)


def test_real_time_and_auto_are_the_same():
    assert load_chip("near-threshold", operation=Operation(1)).point == CHIP.point


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("macs = { value = 1024, source", "macs = { value = 1024, sauce", "array.macs must be"),
        ('"ASSUMED: between 1.3 and 1.5 in bulk CMOS"', '" "', "process.slope: 1.4 has no source"),
        ("bytes = { value = 262144", "bytes = { value = 0", "bytes must be a whole number"),
        ("macs = { value = 1024", "macs = { value = -1", "macs must be a whole number"),
        ("bytes = { value = 262144", "size = { value = 262144", "unknown key 'size'"),
        ("value = 24e-12", "value = -24e-12", "leak must be positive"),
        ("v_dd_v = { value = 0.46", "v_dd_v = { value = 0.2", "0.2 V is outside"),
        ("utilisation = { value = 1.0", "utilisation = { value = 1.5", "at most 1"),
        ("clock_hz = { value = 5e6", "clock_hz = { value = 0.0", "clock must be positive"),
        ("gated = { value = 0.95", "gated = { value = 2.0", "0 to 1"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(tmp_path, old, new, said):
    text = (FOLDER / "near-threshold.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        load_chip(path)

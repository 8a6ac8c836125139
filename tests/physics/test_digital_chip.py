"""The digital accelerator as a chip: its joules by hand, and how they move with what is asked of it."""

import re
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.network.activity import Activity
from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec

CHIP = "digital-systolic"
approx = partial(pytest.approx, rel=1e-9, abs=0)  # its usual 1e-12 is as much as some of these joules
VALUES = Activity(1, 1.0, {}, {}, 0.0)


def dense(fan_in: int, n: int, name: str = "dense", **more) -> LayerSpec:
    return LayerSpec(name, "dense", np.ones((fan_in, n)), np.zeros(n), **more)


def values(*layers: LayerSpec) -> NetworkSpec:
    return NetworkSpec("values", 0.01, layers)


def spiking(n: int = 20) -> NetworkSpec:
    tau, one = np.full(n, 0.02), np.ones(n)
    return NetworkSpec(
        "spikes", 0.01,
        (
            LayerSpec("encoder", "encoder", np.ones((10, n)), np.zeros(n), tau, one),
            LayerSpec("hidden", "lif", np.ones((n, n)), np.zeros(n), tau, one),
            LayerSpec("readout", "readout", np.ones((n, 3)), np.zeros(3), tau[:3], one[:3]),
        ),
    )  # fmt: skip


def active(n: int = 20, spikes: float = 10.0, duration: float = 1.0) -> Activity:
    each = {name: np.full(n, spikes) for name in ("encoder", "hidden")}
    return Activity(1, duration, each, {name: np.zeros(n) for name in each}, 0.1, encoder_charge=np.zeros(n))


def report(net, activity=VALUES, **asked):
    chip = load_chip(CHIP, operation=Operation(**asked))
    return chip.price(net, activity, chip.place(net, activity))


def test_one_tile_by_hand():
    """16 inputs to 16 outputs: each product, register and byte of it, at 45 nm and 0.9 V."""
    found = report(values(dense(16, 16)))
    cycles = (1 + 20 + 2) + (1 + 20 + 32) + (1 + 20 + 16) + (1 + 16 + 16 + 1 + 16 - 2)  # three LOADs and a MAC
    act = found.cycles - cycles - (1 + 20 + 2)  # without the STORE
    assert act == 1 + 1 + 1 + 2  # of one vector: to begin, it, a cycle of the pipeline, two words of parameters
    assert found.ledger["products"] == approx(256 * (0.2 + 0.1) * 1e-12, rel=0.01)
    assert found.ledger["array_registers"] == approx(256 * 40 * 9e-15)
    dram = 16 + 256 + 16 * 8 + 16
    assert found.ledger["dram"] == approx(dram * 8 * 20.3125e-12)
    assert found.ledger["wires"] == approx((16 + 256 + 16) * 8 * 48.8e-15)  # the answer leaves too
    assert found.ledger["memory_leak"] == approx(found.latency_s * 7.3e-11 * 8 * (65536 + 32768 + 8192 + 16384 + 65536))


def test_parts_layers_and_counts_sum_to_the_total():
    found = report(values(dense(40, 30, "a"), dense(30, 20, "b"), dense(20, 3, "c", relu=False)))
    table = found.as_dict("layer")
    assert sum(found.ledger.parts.values()) == approx(found.ledger.total, rel=1e-9)
    assert sum(table["layers_j"].values()) == approx(found.ledger.total, rel=1e-9)
    assert found.counts["macs"] == 40 * 30 + 30 * 20 + 20 * 3
    assert sum(row["cycles"] for row in table["layers"]) == found.counts["cycles"]
    assert {"instruction fetch", "host"} <= set(found.ledger.not_modelled)
    assert "not modelled" in found.ledger.csv()


def test_silence_costs_no_product_and_twice_the_spikes_twice_the_products():
    silent, some, twice = (report(spiking(), active(spikes=s)) for s in (0.0, 10.0, 20.0))
    hidden = lambda found: found.ledger.where(lambda entry: entry.layer == "hidden")["products"]  # noqa: E731
    assert hidden(silent) == 0
    assert hidden(some) > 0
    assert hidden(twice) == approx(2 * hidden(some))
    assert silent.cycles == twice.cycles  # the array waits for nobody


def test_each_second_takes_as_many_steps_as_the_one_before():
    one, two, three = (report(spiking(), active(duration=t)) for t in (1.0, 2.0, 3.0))
    assert three.cycles - two.cycles == approx(two.cycles - one.cycles, rel=0.02)
    assert two.cycles > 1.5 * one.cycles  # weights are loaded once
    assert two.ledger.static / two.latency_s == approx(one.ledger.static / one.latency_s)


def test_energy_falls_with_the_supply_but_not_that_of_dram():
    """V^2; DRAM has a supply of its own."""
    low, high = (report(values(dense(64, 64)), v_dd=v) for v in (0.7, 1.0))
    assert low.ledger["products"] / high.ledger["products"] == approx(0.49)
    assert low.ledger["clock"] / high.ledger["clock"] == approx(0.49)
    assert low.ledger["dram"] == high.ledger["dram"]


def test_a_network_that_fits_reads_each_weight_once():
    """9,000 weights in tiles of 16 columns: 576 rows of 16 bytes, and 8 bytes for each column."""
    found = report(values(dense(100, 90)))
    assert found.counts["read_dram_bytes"] == 100 + 6 * 100 * 16 + 90 * 8
    assert found.counts["written_dram_bytes"] == 90


def test_ten_million_weights_are_mapped_within_ten_seconds():
    net = values(dense(3162, 3162, "large"), dense(3162, 10, "logits", relu=False))
    began = time.perf_counter()
    found = report(net)
    assert time.perf_counter() - began < 10
    assert found.counts["macs"] == 3162 * 3162 + 31620


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"v_dd": 0.4}, r"a supply of 0.4 V is outside of 0.65 to 1.1 V.*near_threshold"),
        ({"v_dd": 2.0}, "a supply of 2 V is outside of"),
        ({"acceleration": 10}, "acceleration = 10: digital-systolic is as fast as its clock"),
        ({"temperature": 300.0}, "temperature = 300: no law of digital-systolic's leak"),
    ],
)
def test_what_the_chip_cannot_be_asked_is_refused(asked, said):
    with pytest.raises(InputError, match=said):
        load_chip(CHIP, operation=Operation(**asked))


def of_file(tmp_path, pattern: str, instead: str):
    from circuits.chips.chip import FOLDER

    text = (FOLDER / f"{CHIP}.toml").read_text()
    changed, n = re.subn(pattern, instead, text)
    assert n == 1
    path = tmp_path / "own.toml"
    path.write_text(changed)
    return path


@pytest.mark.parametrize(
    ("pattern", "instead", "said"),
    [
        (
            r"weights = \{ value = 32768",
            "weights = { value = 0",
            "Machine.weights must be a whole number in 1.*, got 0",
        ),
        (r"node_m = \{ value = 45e-9", "node_m = { value = 45.0", "node = 45"),
        (r"rows = \{ value = 16", "rows = { value = -4", "Machine.rows must be"),
        (r"clock_hz = \{ value = 200e6", "clock_hz = { value = 0.0", "clock must be above 0"),
        (r"wire_m = .*", "wire_m = 1e-3", "costs.wire_m.*must be.*source|wire_m: 0.001 has no source"),
        (r"cell_m2 = \{ value = 0.346e-12", "cell_m2 = { value = -1.0", "cell must be positive"),
        (r"cost_usd = \{ value = 1000.0", "cost_usd = { value = 0.0", "cost_usd must be positive"),
        (r"\[costs\]", '[costs]\nwire_mm = { value = 1.0, source = "ASSUMED" }', "unknown key 'wire_mm'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, pattern, instead, said):
    with pytest.raises(InputError, match=said):
        load_chip(of_file(tmp_path, pattern, instead))


def test_a_network_larger_than_dram_is_told(tmp_path):
    small = load_chip(of_file(tmp_path, r"dram = \{ value = 268435456", "dram = { value = 4096"))
    net = values(dense(100, 100))
    (broken,) = small.check(net)
    assert (broken.code, broken.value, broken.limit) == ("DRAM in bytes", 10_100, 4096)
    with pytest.raises(MappingError, match="give the chip more DRAM"):
        small.place(net)


def test_the_chip_of_another_size_is_a_file(tmp_path):
    """A larger array takes fewer cycles for many inputs, and more for few."""
    wide = load_chip(of_file(tmp_path, r"columns = \{ value = 16", "columns = { value = 64"))
    grid = Convolution((64, 400), (1,), (1,), (0,))
    many = values(LayerSpec("conv", "conv", np.ones((64, 64, 1)), np.zeros(64), convolution=grid))
    chip = load_chip(CHIP)
    cycles = [sum(one.computing for one in c.price(many, VALUES, c.place(many)).layers) for c in (chip, wide)]
    assert 2 < cycles[0] / cycles[1] < 4


def test_every_chip_of_the_kind_computes_the_same_with_weights_of_eight_bits():
    rng = np.random.default_rng(0)
    net = values(replace(dense(50, 8), weights=rng.normal(size=(50, 8))))
    found = load_chip(CHIP).realise(net, rng).layers[0].weights
    assert all(len(np.unique(column)) <= 255 for column in found.T)
    assert np.abs(found - net.layers[0].weights).max() <= np.abs(net.layers[0].weights).max() / 254
    assert np.array_equal(found, load_chip(CHIP).realise(net, np.random.default_rng(9)).layers[0].weights)

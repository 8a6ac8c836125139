"""Chips of phase-change crossbars: where weights lie, what an inference costs at which boundary, what does not fit."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from circuits.chips import Chip, Operation, load_chip
from circuits.chips.chip import FOLDER
from circuits.chips.inference_report import InferenceReport
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.value_network import run_values
from circuits.nonideal.analog_network import exact_arrays, inputs_of_layers, run_arrays
from circuits.nonideal.crossbar_settings import EVEN, Converters
from circuits.nonideal.layer_sensitivity import sensitivity
from circuits.nonideal.matrices import matrices_of, weighted_layers
from circuits.nonideal.restored_layers import with_matrices
from tests.unit.value_chains import CHAINS, last, twin

approx = partial(pytest.approx, rel=1e-9, abs=0)
CHIP = load_chip("ibm-analog-14nm")
VALUES = Activity(1, 1.0, {}, {}, 0.0)
WEEK = 604_800.0


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def converters(inputs: int, outputs: int) -> Converters:
    """Of so many bits, each pulse as long as it should be."""
    return replace(CHIP.converters, input_bits=inputs, output_bits=outputs, jitter=0.0)


def dense(*sizes: int, seed: int = 0) -> NetworkSpec:
    draw = rng(seed)
    layers = [
        LayerSpec(f"layer{i}", "dense", draw.normal(size=(a, b)) / np.sqrt(a), np.zeros(b), relu=i < len(sizes) - 2)
        for i, (a, b) in enumerate(pairwise(sizes))
    ]
    return NetworkSpec("dense", 0.01, tuple(layers))


def spiking(steps: int = 50) -> tuple[NetworkSpec, Activity]:
    draw, n = rng(1), 12

    def membranes(name: str, kind: str, fan_in: int, n: int, loops: bool) -> LayerSpec:
        back = draw.normal(size=(n, n)) * 0.2 if loops else None
        ones = np.ones(n)
        weights = draw.normal(size=(fan_in, n)) * 0.6
        return LayerSpec(name, kind, weights, np.zeros(n), 0.02 * ones, ones, recurrent=back)

    net = NetworkSpec("spiking", 0.01, (membranes("a", "lif", 6, n, True), membranes("out", "readout", n, 3, False)))
    spikes, near = {"a": np.full(n, 5.0)}, {"a": np.zeros(n)}
    activity = Activity(4, steps * net.dt, spikes, near, 0.1, input_spikes=np.full(6, 9.0))
    return net, activity


def test_a_keyword_spotter_of_1024_inputs_takes_four_tiles():
    placed = CHIP.place(dense(1024, 512, 256, 11))
    assert [(one.layer, one.lines, one.columns) for one in placed.tiles] == [
        ("layer0", (0, 512), (0, 512)), ("layer0", (512, 1024), (0, 512)), ("layer1", (0, 512), (0, 256)),
        ("layer2", (0, 256), (0, 11)),
    ]  # fmt: skip
    assert (placed.chips, placed.biases) == (1, 512 + 256 + 11)
    assert sum(one.weights for one in placed.tiles) == 1024 * 512 + 512 * 256 + 256 * 11
    assert placed.utilisation == approx(658_176 / (4 * 512 * 512))


def test_two_devices_a_weight_take_fewer_tiles():
    two = replace(CHIP, weights=replace(CHIP.weights, devices=2))
    net = dense(512, 1024)
    assert [len(chip.place(net).tiles) for chip in (CHIP, two)] == [2, 1]


def test_a_network_of_several_chips_is_told_how_many():
    net = dense(512 * 7, 512 * 5)  # 35 tiles
    placed = CHIP.place(net)
    assert (len(placed.tiles), placed.chips) == (35, 2)
    assert [(one.chip, one.tile) for one in placed.tiles][33:] == [(0, 33), (1, 0)]
    one = replace(CHIP, chips=1, devices_of={"layer0": 4})
    (broken,) = one.check(net)
    assert (broken.code, broken.value, broken.limit) == ("tiles", 35, 34)
    assert "it takes 2 chips, its weights alone fill 35 tiles:" in broken.remedy
    with pytest.raises(MappingError, match="it takes 2 chips"):
        one.place(net)


def test_a_network_that_two_devices_a_weight_do_not_help_is_refused_with_its_least():
    (loose,) = replace(CHIP, chips=1, tiles=2).check(dense(100, 600, 20))  # 72,000 weights; of 2 devices 1 + 2 tiles
    assert (loose.code, loose.value, loose.limit) == ("tiles", 3, 2)
    assert "it takes 2 chips even with 2 devices a weight, its weights alone fill 1 tiles:" in loose.remedy
    named = replace(CHIP, chips=1, tiles=2, devices_of={"layer1": 4})
    assert (
        "2 devices a weight in all layers that devices_of does not name" in named.check(dense(100, 600, 20))[0].remedy
    )


def test_layers_that_save_most_tiles_have_two_devices_where_tiles_are_short():
    """3 x 2 + 2 x 2 + 2 x 2 + 2 x 1 tiles of 4 devices; of 2 half of them, but for the last. The last to go is the
    smallest that saves enough, the later of equals, and who is named is never taken."""
    net = dense(1536, 1024, 1024, 1024, 10)
    four = {f"layer{i}": 4 for i in range(4)}
    sizes = {name: sum(tile.layer == name for tile in CHIP.place(net).tiles) for name in four}
    assert sizes == {"layer0": 6, "layer1": 4, "layer2": 4, "layer3": 2}
    for room, named, given_up, n_tiles in (
        (16, {}, (), 16), (15, {}, ("layer2",), 14), (12, {}, ("layer0", "layer2"), 11),
        (9, {}, ("layer0", "layer2", "layer1"), 9), (15, {"layer0": 4}, ("layer2",), 14),
        (14, {"layer1": 2}, (), 14), (13, {"layer1": 2}, ("layer2",), 12),
    ):  # fmt: skip
        chip = replace(CHIP, chips=1, tiles=room, devices_of=named)
        placed = chip.place(net)
        assert (placed.devices.given_up, len(placed.tiles)) == (given_up, n_tiles)
        expected = four | named | dict.fromkeys(given_up, 2)
        assert {one.layer: one.devices for one in placed.layers} == expected == placed.as_dict()["devices"]
        assert placed == chip.place(net)
    (broken,) = replace(CHIP, chips=1, tiles=8).check(net)
    assert (broken.value, broken.limit) == (9, 8)


def test_a_layer_of_two_devices_pays_half_a_product_and_is_said_to_err_more():
    """Of 2 x 4 and 4 x 1 tiles, read twice; a reading costs what a tile of 512 x 512 products at 4 devices costs."""
    net = dense(1024, 2048, 512)
    short = replace(CHIP, chips=1, tiles=8)
    report = short.price(net, VALUES, placed := short.place(net))
    assert [(one.devices, one.tiles, one.capacity) for one in placed.layers] == [(2, 4, 512 * 1024), (4, 4, 512 * 512)]
    reading = 512 * 512 * 2 / 12.4e12
    tiles = report.ledger["tile_products"] + report.ledger["rest_of_chip"]
    assert tiles == approx(2 * 8 * reading)
    assert report.used_alone == approx(tiles)  # every tile is full
    assert placed.utilisation == approx(1)
    chip = next(row for row in report.as_dict()["energy_per_mac"] if row["boundary"] == "chip")["energy_j"]
    assert chip == approx((2048 * 1024 * 0.5 + 2048 * 512) / (2048 * 1536) * 2 / 12.4e12)
    assert {tile.capacity for tile in placed.tiles if tile.layer == "layer0"} == {512 * 1024}
    said = (
        "2 devices a weight, not 4, in 'layer0', for want of tiles, 12 needed and 8 there: errors of writing, drift "
        "and reading there about 1.41 times as large"
    )
    assert said in report.notes
    assert "2 devices a weight: a reading of a tile costs what was published of 4, ASSUMED" in report.notes
    named = replace(CHIP, devices_of={"layer1": 2})
    assert any("not 4, in 'layer1', as named in devices_of" in note for note in
               named.price(net, VALUES, named.place(net)).notes)  # fmt: skip
    assert not any("devices a weight" in note for note in CHIP.price(net, VALUES, CHIP.place(net)).notes)


def test_errors_of_a_layer_are_of_its_own_devices():
    """Two pairs average what one errs by: sigma is sqrt(2) as large; the other layer errs as before."""
    net = dense(400, 400, 400)
    seen = inputs_of_layers(net, rng().random((8, 400)))
    uneven = replace(CHIP, devices_of={"layer1": 2}, periphery=EVEN, converters=converters(0, 0))

    def error(chip: Chip, how: str) -> list[float]:
        if how == "arrays":
            found = {name: own[0].weights for name, own in chip.arrays(net, seen, rng(1)).items()}
        else:
            found = {layer.name: layer.weights for layer in chip.realise(net, rng(1)).layers}
        return [float((found[one.name] - one.weights).std() / one.weights.std()) for one in net.layers]

    for how in ("arrays", "realise"):
        before, after = (np.array(error(chip, how)) for chip in (CHIP, uneven))
        assert after[0] == approx(before[0])
        assert after[1] / before[1] == pytest.approx(np.sqrt(2), rel=0.02)
    short = replace(CHIP, chips=1, tiles=1)  # in want of tiles as if named
    net = dense(400, 600)
    wanted, alike = (one.realise(net, rng(1)).layers[0].weights for one in
                     (short, replace(CHIP, devices_of={"layer0": 2})))  # fmt: skip
    assert (wanted == alike).all()
    assert (wanted != CHIP.realise(net, rng(1)).layers[0].weights).any()


def test_energy_of_an_inference_by_hand():
    """Four tiles read twice at 161.3 fJ a product of 512 x 512; of two readings of two rows of tiles 512 sums of four
    codes, three additions each, of one row 267 of two codes; four codes of 8 bits make 10."""
    report = CHIP.price(net := dense(1024, 512, 256, 11), VALUES, CHIP.place(net))
    each = 512 * 512 * 2 / 12.4e12
    assert report.ledger["tile_products"] + report.ledger["rest_of_chip"] == approx(4 * 2 * each)
    assert report.ledger["tile_products"] == approx(4 * 2 * 512 * 512 * 100e-15)
    assert report.ledger["digital_additions"] == approx((3 * 512 + 256 + 11) * 10 * 3.125e-15)
    assert report.counts == {
        "macs": 658_176, "active_macs": 658_176, "tile_readings": 8, "digital_additions": 1803,
    }  # fmt: skip
    assert report.latency_s == approx(3 * 3 * 300e-9)
    assert report.used_alone == approx(2 * 658_176 * 2 / 12.4e12)
    assert report.as_dict()["operations_per_j"] < 12.4e12 / 2  # two readings, and tiles that are not full
    once = replace(CHIP, balanced=False)
    alone = once.price(net, VALUES, once.place(net))
    assert alone.ledger["digital_additions"] == approx(512 * 9 * 3.125e-15)  # one addition of two codes
    assert alone.ledger.total - alone.ledger["digital_additions"] == approx(4 * each)
    assert alone.latency_s == approx(3 * 2 * 300e-9)


def test_a_full_tile_that_is_read_once_is_as_efficient_as_published():
    net = dense(512, 512)
    for boundary, published in {"tile": 20e12, "chip": 12.4e12, "system": 6.94e12}.items():
        chip = replace(CHIP, boundary=boundary, balanced=False)
        table = chip.price(net, VALUES, chip.place(net)).as_dict()
        assert table["operations_per_j"] == approx(published)
        assert (table["operations_boundary"], table["operations_per_mac"]) == (boundary, 2)
        assert sum(table["parts_j"].values()) == approx(table["total_j"])
    assert table["energy_per_mac"][0] == {"boundary": "array", "energy_j": None}
    assert "biases, activations and neurons" not in table["not_modelled"]  # the published system does them


def test_a_boundary_pays_for_digital_additions_where_it_says_so():
    net = dense(1024, 512)
    for boundary, charged in {"tile": False, "chip": True, "system": False}.items():
        chip = replace(CHIP, boundary=boundary)
        report = chip.price(net, VALUES, chip.place(net))
        assert report.counts["digital_additions"] == 3 * 512
        assert ("digital_additions" in report.ledger.parts) is charged
        assert ("digital additions" in report.ledger.not_modelled) is (boundary == "tile")  # a system has them within


def test_a_reading_of_a_tile_costs_the_same_with_two_devices_a_weight():
    """So a full tile makes twice the products of one reading; four devices are what was measured, ASSUMED."""
    two = replace(CHIP, weights=replace(CHIP.weights, devices=2), balanced=False)
    four = replace(CHIP, balanced=False)
    wide, narrow = (chip.price(net, VALUES, chip.place(net)) for chip, net in
                    ((two, dense(512, 1024)), (four, dense(512, 512))))  # fmt: skip
    assert wide.ledger.total == wide.used_alone == approx(narrow.ledger.total)
    assert wide.as_dict()["operations_per_j"] == approx(2 * 12.4e12)
    costs = {row["boundary"]: row["energy_j"] for row in wide.as_dict()["energy_per_mac"]}
    assert costs["chip"] == approx(1 / 12.4e12)
    said = "2 devices a weight: a reading of a tile costs what was published of 4, ASSUMED"
    assert (said in wide.notes, said in narrow.notes) == (True, False)


def test_silence_is_no_operation_on_any_chip_that_multiplies_and_each_says_what_it_counts():
    """Spikes that arrive, 6 x 9 and 12 x 5, on 12 neurons; 12 x 5 on 3; near threshold every product is computed."""
    net, activity = spiking(50)
    signs = tuple(
        replace(one, weights=np.sign(one.weights), recurrent=one.recurrent if one.recurrent is None else
                np.sign(one.recurrent)) for one in net.layers
    )  # fmt: skip
    net, active, macs = replace(net, layers=signs), (54 + 60) * 12 + 60 * 3, 50 * (18 * 12 + 12 * 3)
    for name in ("ibm-analog-14nm", "conv-sram", "digital-systolic", "near-threshold"):
        chip = load_chip(name)
        report = chip.price(net, activity, chip.place(net, activity))
        table = report.as_dict()
        counted, word = (macs, "all products") if name == "near-threshold" else (active, "active products")
        found = report.counts.get("active_macs", report.counts["macs"])
        first = 0.02 if name == "digital-systolic" else 1e-9  # nothing loops in a first step: a fiftieth
        assert found == pytest.approx(counted, rel=first)
        assert table["operations_counted"] == word
        assert table["operations_per_j"] == approx(2 * found / table["total_j"])


def test_a_report_is_an_inference_report_with_nothing_unknown_as_zero():
    net = dense(20, 5)
    report = CHIP.price(net, VALUES, CHIP.place(net))
    assert isinstance(CHIP, Chip)
    assert isinstance(report, InferenceReport)
    table = report.as_dict("layer")
    assert table["area_m2"] == {"total": None}
    assert {"host", "leak between inferences", "programming of the devices"} <= set(table["not_modelled"])
    assert table["layers_j"] == {"layer0": approx(table["total_j"])}
    assert CHIP.area(CHIP.place(net)).not_modelled == ("the whole die",)
    assert "ASSUMED" in report.notes[1]


def test_a_time_step_is_one_product_of_every_layer():
    net, activity = spiking(50)
    report = CHIP.price(net, activity, CHIP.place(net))
    assert report.counts["macs"] == approx(50 * (18 * 12 + 12 * 3))
    assert report.counts["tile_readings"] == approx(50 * 2 * 2)
    assert report.latency_s == approx(50 * 2 * 3 * 300e-9)
    longer = CHIP.price(net, replace(activity, duration=1.0), CHIP.place(net))
    assert longer.ledger.total == approx(2 * report.ledger.total)


@pytest.mark.parametrize("chain", CHAINS)
def test_perfect_converters_leave_the_noise_of_devices_alone(chain):
    """Of every kind of network: what `arrays` gives, and the network that `realise` gives, are near the ideal one."""
    _, net = twin(chain)
    chip = replace(CHIP, converters=converters(0, 0), periphery=EVEN)
    x = last(rng().normal(size=(50, *CHAINS[chain][1]))) if len(CHAINS[chain][1]) > 1 else rng().normal(size=(50, 9))
    found = run_arrays(net, chip.arrays(net, inputs_of_layers(net, x), rng(1)), x, rng(2))
    exact = run_values(net, x)
    held = run_values(chip.realise(net, rng(1)), x)
    for noisy in (found, held):
        assert 1e-3 < np.abs(noisy - exact).mean() / exact.std() < 0.3


@pytest.mark.parametrize("chain", CHAINS)
def test_matrices_go_back_into_the_network(chain):
    _, net = twin(chain)
    doubled = with_matrices(net, {one.name: tuple(2 * m for m in matrices_of(one)) for one in weighted_layers(net)})
    for before, after in zip(net.layers, doubled.layers, strict=True):
        assert (after.weights == 2 * before.weights).all()


def test_recurrent_matrices_go_back_into_the_network():
    net, _ = spiking()
    doubled = with_matrices(net, {one.name: tuple(2 * m for m in matrices_of(one)) for one in weighted_layers(net)})
    assert (doubled.layers[0].recurrent == 2 * net.layers[0].recurrent).all()
    assert (doubled.layers[1].weights == 2 * net.layers[1].weights).all()


def test_spikes_are_inputs_of_one_bit():
    """One tick is all that a spike needs: membranes on noisy devices do nearly as the exact ones."""
    net, _ = spiking()
    x = (rng(3).random((8, 50, 6)) < 0.3).astype(float)
    few = replace(CHIP, converters=converters(1, 14), periphery=EVEN)
    seen = inputs_of_layers(net, x)
    exact = run_arrays(net, exact_arrays(net), x, rng())
    found = run_arrays(net, few.arrays(net, seen, rng(1)), x, rng(2))
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.9
    assert set(few.arrays(net, seen, rng(1))) == {"a", "out"}


def test_drift_weighs_on_what_is_realised_unless_it_is_compensated():
    net = dense(300, 40)
    fresh, aged, bare = (
        chip.realise(net, rng(5), age).layers[0].weights
        for chip, age in ((CHIP, 0.0), (CHIP, WEEK), (replace(CHIP, compensated=False), WEEK))
    )

    def slope(weights: np.ndarray) -> float:
        return float((weights * fresh).sum() / (fresh**2).sum())

    assert slope(bare) < 0.7
    assert slope(aged) == pytest.approx(1, abs=0.05)


def test_sensitivity_is_one_noisy_layer_at_a_time():
    net = dense(30, 20, 10)
    x = rng().normal(size=(40, 30))
    arrays = CHIP.arrays(net, inputs_of_layers(net, x), rng(1))
    every = sensitivity(net, arrays)
    assert list(every) == [layer.name for layer in weighted_layers(net)]
    for name, own in every.items():
        assert own[name] is arrays[name]
        (other,) = set(own) - {name}
        assert (own[other][0].weights == net.layer(other).weights).all()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: CHIP.realise(dense(4, 3), rng(), -1.0), "at least 0 s, got -1 s"),
        (lambda: CHIP.arrays(dense(4, 3), {}, rng()), "no inputs to calibrate layer 'layer0' on"),
        (
            lambda: replace(CHIP, devices_of={"a": 3}),
            "devices_of.a: WeightCoding.devices must be 2 or 4 a weight, got 3",
        ),
        (
            lambda: replace(CHIP, devices_of={"layer1": 2}).place(dense(4, 3)),
            "layer is 'layer1', allowed layer0; leave",
        ),
        (lambda: replace(CHIP, boundary="array"), "no energy is published at the boundary 'array'; choose one of tile"),
        (lambda: load_chip("ibm-analog-14nm", operation=Operation(2.0)), "acceleration = 2"),
        (lambda: load_chip("ibm-analog-14nm", operation=Operation(v_dd=0.7)), "supply = 0.7: no law"),
        (lambda: CHIP.place(NetworkSpec("none", 0.01, ())), "neurons is 0, allowed at least 1"),
        (lambda: CHIP.place(replace(spiking()[0], event_driven=True)), "time is event driven, allowed in steps of dt"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(InputError, match=told):
        call()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("lines = { value = 512", "lines = { value = 0", "lines must be a whole number in 1..65536, got 0"),
        ('device = { value = "pcm-like"', 'device = { value = "pcm"', "unknown phase-change device 'pcm'"),
        ("chip = { value = 12.4e12", "chip = { value = 32.4e12", "tile must be at least that of the chip"),
        ("headroom = ", "head_room = ", "unknown key 'head_room' in .*; did you mean 'headroom'"),
        ('boundary = "chip"', 'boundary = "die"', "no energy is published at the boundary 'die'"),
        ("devices = { value = 4", "devices = { value = 3", "devices must be 2 or 4 a weight"),
        (
            "[published]",
            '[devices_of]\na = { value = 1, source = "b" }\n[published]',
            "devices_of.a: .*2 or 4 a weight",
        ),
        (
            "[tile]",
            'devices_of = { value = 2, source = "b" }\n[tile]',
            "devices_of must be a table of devices by layer",
        ),
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path, before, after, told):
    text = (FOLDER / "ibm-analog-14nm.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=told):
        load_chip(path)

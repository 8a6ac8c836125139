"""Memory that averages on bit lines: every part against its formula, and the whole exact where no part errs."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.value_network import run_values
from circuits.nonideal.analog_network import exact_arrays, inputs_of_layers, run_arrays
from circuits.nonideal.averaged_weights import averaged_weights
from circuits.nonideal.averaging_array import NO_ERRORS, AveragingDesign, averaging_arrays, drawn_tiles, tiles
from circuits.nonideal.binary_weights import binarised, deviation, layer_deviation
from circuits.nonideal.bit_line_average import averaging_weights, drawn_capacitances, mismatch_error
from circuits.nonideal.integrating_converter import Converter, largest_code, least_error_step
from circuits.nonideal.voltage_drivers import drawn_drivers, driver_codes, least_error_scale
from tests.unit.value_chains import CHAINS, last, twin

N = 100_000
FINE = AveragingDesign(rows=7, columns=3, driver_bits=7, converter_bits=16, errors=NO_ERRORS)


def rng(seed=0):
    return np.random.default_rng(seed)


def spread(samples, expected, sigma=5.0):
    """Standard deviation of normal samples, within so many of its own standard errors."""
    assert np.std(samples) == pytest.approx(expected, rel=sigma / np.sqrt(2 * np.size(samples)))


def test_an_ideal_average_is_the_mean_of_signed_voltages():
    signs, volts = np.sign(rng().standard_normal((9, 4))), rng(1).random((5, 9))
    weights = averaging_weights(signs, np.ones((9, 4)))
    by_hand = [[sum(s * v for s, v in zip(column, row, strict=True)) / 9 for column in signs.T] for row in volts]
    np.testing.assert_allclose(volts @ weights, by_hand, rtol=1e-12)
    np.testing.assert_allclose(averaging_weights(signs, np.ones((12, 4))), signs / 12, rtol=1e-12)  # 3 lines at 0 V


@pytest.mark.parametrize("lines", [16, 256])
def test_cells_that_differ_disturb_an_average_by_sigma_over_root_n(lines):
    """Of 1e5 columns with the same signs and voltages; s is the deviation of their products."""
    sigma, products = 0.05, rng().uniform(-0.3, 1, lines)  # of a mean that is not 0
    capacitances = np.concatenate([drawn_capacitances(lines, 1000, sigma, rng(seed)) for seed in range(N // 1000)], 1)
    found = np.abs(products) @ averaging_weights(np.sign(products)[:, None] + np.zeros(N), capacitances)
    spread(found, mismatch_error(sigma, products.std(), lines), 8.0)
    assert found.mean() == pytest.approx(products.mean(), abs=5 * found.std() / np.sqrt(N) + sigma**2 / lines)


@pytest.mark.parametrize("bits", [1, 4, 7])
def test_a_driver_errs_as_a_walk_tied_at_both_ends(bits):
    inl, n = 0.3, 2**bits - 1
    volts = drawn_drivers(N // 10, bits, inl, 0.0, rng()).volts
    errors = (volts - np.arange(n + 1) / n) * n
    assert np.abs(errors[:, [0, -1]]).max() < 1e-12
    assert np.abs(errors).max() <= 6 * inl  # 1e4 drivers of 128 codes: six deviations
    for code in range(1, n):
        expected = 2 * inl * np.sqrt(code * (n - code)) / n
        assert errors[:, code].std() == pytest.approx(expected, rel=0.05)
        assert expected <= inl


def test_offsets_of_drivers_are_drawn_once_a_driver():
    volts = drawn_drivers(N, 3, 0.0, 0.5, rng()).volts - np.arange(8) / 7
    np.testing.assert_allclose(volts - volts[:, :1], 0, atol=1e-12)
    spread(volts[:, 0], 0.5)


def test_the_offset_of_a_driver_is_the_same_in_volts_for_spikes_and_values_and_a_line_at_rest_has_none():
    """A quarter of a step of 6 bits, 0.25 / 63 of full scale, whatever of its bits a layer uses."""
    n, one = 20_000, np.ones(1)
    design = AveragingDesign(n, 1, 6, 6, replace(NO_ERRORS, driver_offset=0.25))
    spikes = LayerSpec("own", "readout", np.ones((n, 1)), np.zeros(1), one, one)
    values = LayerSpec("own", "dense", np.ones((n, 1)), np.zeros(1))
    for layer, bits in ((spikes, 1), (values, 6)):
        ((tile,),) = drawn_tiles(layer, design, rng())
        volts = tile.drivers.volts
        assert volts.shape == (n, 2**bits)
        spread(volts[:, -1] - 1, 0.25 / 63)
        resting = volts[:, 0]
        assert (resting == 0).all() if layer is spikes else resting.std() == pytest.approx(0.25 / 63, rel=0.03)


def test_codes_of_a_converter_never_fall_as_the_average_rises():
    converter = Converter(6, 0.013, np.full(1, 0.02), np.full(1, 0.4))
    codes = converter.codes(np.linspace(-1, 1, 4001)[:, None], rng())[:, 0]
    assert set(np.diff(codes)) == {0.0, 1.0}
    assert (codes.min(), codes.max()) == (-31, 31)


def test_rounding_of_a_converter_has_the_variance_of_a_step_squared_over_12():
    step, averages = 0.01, rng().uniform(-0.3, 0.3, (N, 1))
    errors = Converter(8, step, np.zeros(1), np.zeros(1)).codes(averages, rng()) * step - averages
    # variance of the variance of a uniform error: step^4 / 180 over N
    assert np.var(errors) == pytest.approx(step**2 / 12, rel=5 * 12 / np.sqrt(180 * N))


def test_offsets_gains_and_comparators_spread_as_they_are_told():
    """At a step so fine that rounding adds 1/12 of it alone."""
    errors = replace(NO_ERRORS, column_gain=0.02, column_offset=300.0, comparator=200.0)
    design, column = AveragingDesign(4, N, 1, 16, errors), np.ones((4, N))
    (part,) = averaging_arrays(net_of(column), {"own": np.ones((1, 4))}, design, rng())["own"][0].parts
    spread(part.converter.offsets, 300.0)
    spread(part.converter.gains, 0.02)
    still = Converter(16, 1e-4, np.zeros(1), np.zeros(1), errors.comparator)
    spread(still.codes(np.full((N, 1), 0.3), rng(1)), 200.0)


def net_of(weights, kind="lif"):
    n = weights.shape[1]
    return NetworkSpec("net", 0.01, (LayerSpec("own", kind, weights, np.zeros(n), np.full(n, 0.1), np.ones(n)),))


@pytest.mark.parametrize("bits", [2, 5])
def test_a_converter_with_a_level_for_each_sum_loses_nothing(bits):
    """Of N spikes the sums are -N to N in steps of 2, so 2 N + 1 codes do: 3 of 2 bits, 31 of 5."""
    n = largest_code(bits)
    signs = np.where(rng().random((n, 6)) < 0.5, -1.0, 1.0)
    spikes = (np.arange(2 ** min(n, 12))[:, None] >> np.arange(n) & 1).astype(float)
    arrays = averaging_arrays(net_of(0.3 * signs), {"own": spikes}, AveragingDesign(n, 6, 7, bits, NO_ERRORS), rng())
    np.testing.assert_allclose(arrays["own"][0].products(spikes, rng()), spikes @ signs * 0.3, atol=1e-12)


@pytest.mark.parametrize("chain", CHAINS)
def test_binary_weights_are_exact_but_for_what_drivers_round(chain):
    """Inputs are whole numbers of 1/127 at most: then nothing of any layer's first matrix is lost."""
    net = binarised(twin(chain)[1])
    first = next(layer for layer in net.layers if layer.kind in ("dense", "conv"))
    net = replace(net, layers=net.layers[: net.layers.index(first) + 1])
    x = rng().integers(-127, 128, (4, *CHAINS[chain][1])) / 127.0
    x.flat[0] = 1.0  # full scale
    x = last(x) if x.ndim > 2 else x
    arrays = averaging_arrays(net, inputs_of_layers(net, x), FINE, rng())
    np.testing.assert_allclose(run_arrays(net, arrays, x, rng()), run_values(net, x), atol=1e-9)


@pytest.mark.parametrize("recurrent", [False, True])
def test_spiking_networks_of_binary_weights_are_exact(recurrent):
    """Recurrent synapses have a scale of their own: two blocks of arrays."""
    n, tau, one = 10, np.full(10, 0.05), np.ones(10)
    loops = 0.1 * rng(1).standard_normal((n, n)) if recurrent else None
    layers = (
        LayerSpec("a", "lif", 0.3 * rng(2).standard_normal((12, n)), np.zeros(n), tau, one, loops),
        LayerSpec("b", "readout", rng(3).standard_normal((n, 3)), np.zeros(3), np.full(3, 0.1), np.ones(3)),
    )
    net = binarised(NetworkSpec("net", 0.01, layers))
    spikes = (rng(4).random((3, 40, 12)) < 0.3).astype(float)
    arrays = averaging_arrays(net, inputs_of_layers(net, spikes), FINE, rng())
    found = run_arrays(net, arrays, spikes, rng())
    np.testing.assert_allclose(found, run_arrays(net, exact_arrays(net), spikes, rng()), atol=1e-9)
    assert np.abs(found).max() > 0.1


def test_realised_weights_are_those_of_the_arrays_from_the_same_generator():
    """With nothing lost in converters the two networks answer alike, silicon by silicon, through dense and conv."""
    design = replace(FINE, driver_bits=7, errors=replace(NO_ERRORS, cell=0.1, column_gain=0.05))
    net = binarised(twin("conv2d")[1])
    x = last(rng().random((6, 1, 20, 8)))
    held = averaged_weights(net, design, rng(7))
    found = run_arrays(net, averaging_arrays(net, inputs_of_layers(net, x), design, rng(7)), x, rng())
    here, other = run_values(held, x), run_values(averaged_weights(net, design, rng(8)), x)
    assert np.abs(found - here).std() < 0.2 * np.abs(here - other).std()
    assert np.abs(here - run_values(net, x)).std() > 0


def test_realised_weights_of_ideal_arrays_are_the_weights():
    for chain in CHAINS:
        net = binarised(twin(chain)[1])
        for before, after in zip(net.layers, averaged_weights(net, FINE, rng()).layers, strict=True):
            np.testing.assert_allclose(after.weights, before.weights, rtol=1e-12)


def test_one_bit_with_the_mean_size_is_the_least_squared_error():
    """The closed form, sum W^2 - n mean|W|^2; any other scale or sign is worse."""
    weights = rng().standard_normal((20, 5))
    one_bit = binarised(net_of(weights)).layers[0].weights
    error = np.square(weights - one_bit).sum(axis=0)
    closed = np.square(weights).sum(axis=0) - np.abs(weights).sum(axis=0) ** 2 / 20
    np.testing.assert_allclose(error, closed, rtol=1e-12)
    for scale in (0.9, 1.1):
        assert (np.square(weights - scale * one_bit).sum(axis=0) > error).all()
    flipped = one_bit * np.where(np.arange(20)[:, None] == 3, -1, 1)
    assert (np.square(weights - flipped).sum(axis=0) > error).all()
    assert deviation(one_bit) < 1e-12 < 0.5 < deviation(weights)
    assert layer_deviation(binarised(twin("grouped")[1]).layers[0]) < 1e-12


def test_full_scale_and_range_are_those_of_least_error():
    """Of uniform values the largest code takes a whole step too: n / (n + 1/2) of the largest; of values with a rare
    large one the many decide."""
    uniform, rare = rng().random(2000), np.append(rng().random(2000), 4.0)
    assert least_error_scale(uniform, 4) == pytest.approx(uniform.max() * 15 / 15.5, abs=0.025)  # tried every 0.05
    assert least_error_scale(rare, 2) < 4.0
    assert (driver_codes(np.array([0.0, 0.5, 9.0]), 1.0, 2) == [0, 2, 3]).all()
    assert least_error_step(np.array([0.5]), 1 / 64, 6) == 2 / 64  # 31 steps reach 0.5 with two natural ones each


@pytest.mark.parametrize(("lines", "rows", "sizes"), [(64, 64, [64]), (65, 64, [33, 32]), (10, 4, [4, 4, 2])])
def test_lines_are_split_evenly(lines, rows, sizes):
    found = tiles(slice(0, lines), 1, AveragingDesign(rows, 16, 6, 6, NO_ERRORS))
    assert [tile.lines.stop - tile.lines.start for tile in found] == sizes
    assert {tile.n for tile in found} == {max(sizes)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 0}, "rows must be at least 1"),
        ({"driver_bits": 8}, "1 to 7 bits, got 8"),
        ({"converter_bits": 1}, "2 to 16 bits, got 1"),
    ],
)
def test_an_impossible_array_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        replace(FINE, **change)


def test_a_negative_deviation_is_refused():
    with pytest.raises(InputError, match=r"cell must be zero or positive"):
        replace(NO_ERRORS, cell=-0.1)

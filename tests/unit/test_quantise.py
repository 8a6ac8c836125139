"""Conventional networks in whole numbers: exact on the grid, close off it; what cannot be is told."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.value_network import channels_last, layer_values, run_values, shape_of_input
from circuits.quantised.calibration import power_of_two_unit
from circuits.quantised.integer_run import layer_outputs, potentials, quantised_input, run_integers
from circuits.quantised.quantise import quantise
from tests.unit.value_chains import CHAINS, twin

NORMAL = np.random.default_rng(0).normal(size=4000)


def error(values: np.ndarray, unit: float, low: int, high: int) -> float:
    return float(((values - unit * np.clip(np.round(values / unit), low, high)) ** 2).mean())


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("spread", [1.0, 3e-7, 1e5])
@pytest.mark.parametrize("shape", [lambda x: x, lambda x: np.maximum(x, 0), lambda x: x**5, np.abs])
def test_the_unit_is_the_best_power_of_two_of_all(signed, spread, shape):
    values = spread * (shape(NORMAL) if signed else np.maximum(shape(NORMAL), 0))
    low, high = (-128, 127) if signed else (0, 255)
    best = min((2.0**k for k in range(-60, 60)), key=lambda unit: error(values, unit, low, high))
    assert error(values, power_of_two_unit(values, signed), low, high) == error(values, best, low, high)


def test_zeros_have_no_unit_and_a_negative_end_may_reach_128():
    assert power_of_two_unit(np.zeros(3), signed=True) == 0.0
    assert power_of_two_unit(np.array([-128.0, 1.0]), signed=True) == 1.0
    assert power_of_two_unit(np.array([128.0, 1.0]), signed=True) == 2.0


def on_the_grid(kind: str, relu: bool):
    """A layer whose weights are whole numbers of a channel's step, inputs in 2^-5: what its whole numbers are."""
    rng, grid = np.random.default_rng(4), Convolution((4, 12, 5), (3, 2), (2, 1), (1, 0), groups=2)
    shape = (6, 2, 3, 2) if kind == "conv" else (6, 30)
    whole = rng.integers(-127, 128, shape)
    whole.reshape(6, -1)[:, 0] = [127, -127, 127, 127, -127, 127]
    step = 64 * rng.integers(1, 30, 6) * 2.0**-16  # whatever the unit of the output, its multiplier is whole
    bias = step * 2.0**-5 * rng.integers(-9000, 9000, 6)
    real = whole * step.reshape(-1, *[1] * (whole.ndim - 1))
    if kind == "dense":
        return NetworkSpec("net", 0.01, (dense(real.T, bias, "it", relu),)), whole.T
    return NetworkSpec("net", 0.01, (LayerSpec("it", kind, real, bias, convolution=grid, relu=relu),)), whole


@pytest.mark.parametrize("kind", ["conv", "dense"])
@pytest.mark.parametrize("relu", [True, False])
def test_what_is_on_the_grid_stays_as_it_is_and_its_sums_are_exact(kind, relu):
    net, whole = on_the_grid(kind, relu)
    x = np.random.default_rng(5).integers(-127, 128, (80, *shape_of_input(net))) * 2.0**-5
    integers = quantise(net, x)
    (layer,) = integers.layers
    assert integers.unit == 2.0**-5
    np.testing.assert_array_equal(layer.weights, whole)
    y = run_values(net, x) / layer.unit  # of few bits each: no rounding in double precision
    low, high = (0, 255) if relu else (-128, 127)
    found = run_integers(integers, quantised_input(x, integers))
    np.testing.assert_array_equal(found, np.clip(np.rint(y), low, high))
    assert ((found > low) & (found < high)).mean() > 0.3  # most are not at an end


@pytest.mark.parametrize("chain", CHAINS)
def test_each_layer_is_the_real_one_of_its_rounded_weights(chain):
    """Weights, biases and units put together again as real numbers, each output rounded: the same, bit for bit."""
    _, net = twin(chain)
    rng = np.random.default_rng(1)
    integers = quantise(net, rng.normal(size=(50, *shape_of_input(net))))
    x = quantised_input(rng.normal(size=(20, *shape_of_input(net))), integers)
    unit = integers.unit
    for layer, own, found in zip(integers.layers, net.layers, layer_outputs(integers, x), strict=True):
        step = layer.multiplier * 2.0**-16 * layer.unit
        by_channel = step if layer.kind == "dense" else step.reshape(-1, *[1] * (own.weights.ndim - 1))
        weights = layer.weights * by_channel / unit if layer.weights.size else own.weights
        real = replace(own, weights=weights, bias=layer.bias * step if own.bias.size else own.bias)
        y = layer_values(real, x * unit) / layer.unit
        tolerance = 0.5 + 1e-9 if layer.kind == "mean_pool" else 0  # a third is no whole number of 2^-16
        rounded = np.clip(y if tolerance else np.rint(y), *layer.limits)
        np.testing.assert_allclose(found, rounded, rtol=2**-16 if tolerance else 0, atol=tolerance)
        x, unit = found, layer.unit


@pytest.mark.parametrize("chain", CHAINS)
def test_weights_and_biases_are_the_nearest_whole_numbers(chain):
    """Half a step at the most, that of the largest weight too: a multiplier leaves room for it."""
    _, net = twin(chain)
    integers = quantise(net, np.random.default_rng(1).normal(size=(50, *shape_of_input(net))))
    unit = integers.unit
    for layer, own in zip(integers.layers, channels_last(net), strict=True):
        if layer.weights.size:
            step = layer.multiplier * 2.0**-16 * layer.unit
            by_channel = step if layer.kind == "dense" else step.reshape(-1, *[1] * (own.weights.ndim - 1))
            assert (np.abs(layer.weights * by_channel / unit - own.weights) <= 0.5001 * by_channel / unit).all()
            assert (np.abs(layer.bias * step - own.bias) <= 0.5001 * step).all()
        unit = layer.unit


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("seed", range(3))
def test_answers_are_close_to_those_of_the_float_network(chain, seed):
    """30 dB: an error of a thirtieth. Eight bits of one rounding of normal values are about 40."""
    _, net = twin(chain, seed)
    rng = np.random.default_rng(seed)
    integers = quantise(net, rng.normal(size=(200, *shape_of_input(net))))
    x = rng.normal(size=(60, *shape_of_input(net)))
    expected = run_values(net, x)
    found = potentials(integers, run_integers(integers, quantised_input(x, integers)))
    assert 10 * np.log10(np.square(expected).sum() / np.square(found - expected).sum()) > 30


def test_pools_keep_unit_and_sign_of_their_input():
    _, net = twin("conv2d")
    conv, pool, out = quantise(net, np.random.default_rng(0).normal(size=(9, 20, 8, 1))).layers
    assert (conv.relu, pool.relu, out.relu) == (True, True, False)
    assert (conv.signed_input, pool.signed_input, out.signed_input) == (True, False, False)
    assert pool.unit == conv.unit
    assert (pool.multiplier == 2**16).all()
    conv, mean, *_ = quantise(twin("means")[1], np.random.default_rng(0).normal(size=(9, 20, 3))).layers
    assert (mean.relu, mean.signed_input, mean.unit) == (False, True, conv.unit)
    assert mean.multiplier.tolist() == [21845] * 5  # 2^16 / 3


def dense(weights, bias, name="out", relu=False) -> LayerSpec:
    return LayerSpec(name, "dense", np.asarray(weights, float), np.asarray(bias, float), relu=relu)


def test_a_channel_without_weights_gives_its_bias_and_a_dead_layer_gives_nothing():
    layers = (dense(np.zeros((2, 3)), [0.5, -0.25, 0.0]), dense(np.ones((3, 2)), [-9.0, -7.0], "dead", relu=True))
    net = NetworkSpec("net", 0.01, (*layers, dense(np.ones((2, 1)), [0.125], "last")))
    integers = quantise(net, np.ones((4, 2)))
    first, dead, out = layer_outputs(integers, quantised_input(np.ones((1, 2)), integers))
    np.testing.assert_array_equal(first[0] * integers.layers[0].unit, [0.5, -0.25, 0.0])
    assert not dead.any()
    np.testing.assert_array_equal(potentials(integers, out), [[0.125]])


def test_weights_that_cancel_get_a_unit_that_holds_their_products():
    """1000 x - 1000 x is 0 on every example, but a step of one input alone is 1000 / 128."""
    x = np.repeat(np.linspace(-1, 1, 50)[:, None], 2, axis=1)
    integers = quantise(NetworkSpec("net", 0.01, (dense([[1000.0], [-1000.0]], [0.0]),)), x)
    assert (integers.unit, integers.layers[0].unit) == (2.0**-7, 0.0625)  # 1000 / 127 2^-7 = 0.0615
    assert 1 <= integers.layers[0].multiplier[0] <= 2**16
    assert not run_integers(integers, quantised_input(x, integers)).any()


POOL = LayerSpec(
    "pool", "mean_pool", np.zeros((2, 0)), np.zeros(0), convolution=Convolution((2, 6241), (6241,), (1,), (0,))
)
GOOD = NetworkSpec("net", 0.01, (dense(np.ones((2, 1)), [0.0]),))


@pytest.mark.parametrize(
    ("net", "x", "said"),
    [
        (NetworkSpec("net", 0.01, ()), np.ones((1, 2)), "'net' has no layers, at least 1 is needed; build or train"),
        (GOOD, np.ones((3, 4)), r"the calibration has shape \(3, 4\), expected \(clip, 2\), channels last; give"),
        (GOOD, np.ones(2), r"the calibration has shape \(2,\), expected \(clip, 2\)"),
        (GOOD, np.ones((0, 2)), r"the calibration has shape \(0, 2\), expected \(clip, 2\)"),
        (GOOD, np.array([[1.0, np.nan]]), "the calibration holds nan, at most 1e[+]09 is possible; check the features"),
        (GOOD, np.array([[1.0, -np.inf]]), "the calibration holds -inf, at most 1e[+]09"),
        (GOOD, np.zeros((3, 2)), "the calibration is 0 everywhere, so no unit follows from it; give features"),
        (
            NetworkSpec("net", 0.01, (dense([[1e-3]], [-1e9], relu=True),)),
            np.array([[1.0]]),
            "layer 'out': the sum of channel 0 can reach .*, of which its bias of -1e[+]09 is .*; 32 bits hold",
        ),
        (
            NetworkSpec("net", 0.01, (POOL,)),
            np.ones((1, 6241, 2)),
            "'pool': a mean over 6241 values is a share of 10.5",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(net, x, said):
    with pytest.raises(InputError, match=said) as refused:
        quantise(net, x)
    assert "\n" not in str(refused.value)


def test_weights_that_are_not_numbers_never_become_a_network():
    with pytest.raises(InputError, match="layer 'out': weights holds nan, at most 1e"):
        dense([[np.nan]], [0.0])

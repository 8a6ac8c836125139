"""ONNX Runtime computes the same whole numbers, bit for bit: convolutions, pools and dense layers of 8 bits."""

import math
from pathlib import Path

import numpy as np
import pytest

from circuits.network.convolution import Convolution
from circuits.quantised.integer_run import quantised_input, run_integers
from circuits.quantised.integers import IntegerNetwork, ValueLayer
from circuits.quantised.quantise import quantise
from tests.unit.value_chains import CHAINS, twin

pytest.importorskip("onnx", reason="onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from tests.reference.onnx_graph import build  # noqa: E402  it needs onnx

CPU = Path("/proc/cpuinfo")
EXACT_INT8 = CPU.exists() and "vnni" in CPU.read_text(encoding="utf-8")
OFF, ALL = ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL
HOW = pytest.mark.parametrize(("level", "threads"), [(OFF, 1), (OFF, 2), (ALL, 1), (ALL, 2)])


def run_onnx(network: IntegerNetwork, x: np.ndarray, level, threads: int, shifted: bool = True) -> np.ndarray:
    """`run_integers` by ONNX Runtime on the processor."""
    options = ort.SessionOptions()
    options.graph_optimization_level, options.intra_op_num_threads, options.inter_op_num_threads = level, threads, 1
    model = build(network, shifted).SerializeToString()
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    signed_in, signed_out = network.signed_input, not network.layers[-1].relu
    kind = np.int8 if signed_in and not shifted else np.uint8
    fed = np.moveaxis(x + 128 * (signed_in and shifted), -1, 1).astype(kind)
    (y,) = session.run(None, {"x": fed})
    return np.moveaxis(y.astype(np.int64) - 128 * (signed_out and shifted), 1, -1)


def layer(
    rng, kind: str, shape: tuple[int, ...], n_out: int, relu: bool, signed: bool, biased: bool = True, **sizes
) -> ValueLayer:
    """Random weights, biases and multipliers, half of these powers of two; outputs of all sizes, few at the ends."""
    grid = None if kind == "dense" else Convolution((shape[-1], *shape[:-1]), **sizes)
    if kind.endswith("pool"):
        share = 2**16 if kind == "max_pool" else round(2**16 / math.prod(grid.kernel))
        none, zeros = np.zeros(0, np.int8), np.zeros(n_out, np.int32)
        every = np.full(n_out, share, np.int32)
        return ValueLayer(kind, kind, none, zeros, every, not signed, signed, 1.0, grid)
    dims = (math.prod(shape), n_out) if grid is None else grid.weight_shape(n_out)
    weights = rng.integers(-127, 128, dims).astype(np.int8)
    n_products = math.prod(dims) // n_out
    spread = 74 * 74 * math.sqrt(n_products)
    multiplier = np.maximum(rng.uniform(0.3, 2, n_out) * 60 / spread * 2**16, 1)
    multiplier = np.where(rng.random(n_out) < 0.5, 2 ** np.rint(np.log2(multiplier)), np.rint(multiplier))
    bias = rng.integers(-spread, spread, n_out) * biased
    return ValueLayer(
        kind, kind, weights, bias.astype(np.int32), multiplier.astype(np.int32), relu, signed, 2.0**-4, grid
    )


ONES = {"stride": (1, 1), "padding": (0, 0)}
SINGLE = {
    "conv 1d": ("conv", (40, 5), 7, {"kernel": (6,), "stride": (1,), "padding": (0,)}),
    "conv 1d, strides and padding": ("conv", (41, 3), 8, {"kernel": (5,), "stride": (3,), "padding": (4,)}),
    "conv 2d": ("conv", (12, 9, 6), 16, {"kernel": (3, 3)} | ONES),
    "conv 2d, strides and padding": ("conv", (49, 10, 1), 64, {"kernel": (10, 4), "stride": (2, 2), "padding": (5, 1)}),
    "conv 2d of 1 x 1": ("conv", (9, 5, 64), 64, {"kernel": (1, 1)} | ONES),
    "conv in groups": ("conv", (9, 8, 12), 24, {"kernel": (3, 2), "groups": 4} | ONES),
    "conv by channel": ("conv", (25, 5, 64), 64, {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1), "groups": 64}),
    "conv by channel, 1d": ("conv", (60, 18), 18, {"kernel": (5,), "stride": (2,), "padding": (2,), "groups": 18}),
    "dense": ("dense", (300,), 33, {}),
    "wide dense": ("dense", (5000,), 12, {}),
    "dense without biases": ("dense", (200,), 30, {"biased": False}),
    "max pool": ("max_pool", (9, 8, 12), 12, {"kernel": (3, 2), "stride": (2, 2), "padding": (0, 0)}),
    "mean pool": ("mean_pool", (9, 8, 12), 12, {"kernel": (3, 2), "stride": (2, 2), "padding": (0, 0)}),
    "mean pool of all": ("mean_pool", (25, 5, 64), 64, {"kernel": (25, 5)} | ONES),
    "mean pool 1d": ("mean_pool", (50, 7), 7, {"kernel": (4,), "stride": (4,), "padding": (0,)}),
}


def inputs(rng, network: IntegerNetwork, n_clips: int = 5) -> np.ndarray:
    low, high = (-128, 128) if network.signed_input else (0, 256)
    return rng.integers(low, high, (n_clips, *network.shape_in))


@HOW
@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("relu", [True, False])
def test_a_layer_gives_the_same_bits(name, signed, relu, level, threads):
    kind, shape, n_out, sizes = SINGLE[name]
    rng = np.random.default_rng(7)
    network = IntegerNetwork("it", (layer(rng, kind, shape, n_out, relu, signed, **sizes),), 0.5, shape)
    x = inputs(rng, network)
    x[0] = x.max()  # the largest sums
    found, expected = run_integers(network, x), run_onnx(network, x, level, threads)
    np.testing.assert_array_equal(found, expected)
    low, high = network.layers[0].limits
    assert len(np.unique(found)) > 20
    assert ((found > low) & (found < high)).mean() > 0.2


@HOW
@pytest.mark.parametrize("bias", [0, 1])
@pytest.mark.parametrize("relu", [True, False])
def test_what_lies_halfway_goes_to_the_even_number(bias, relu, level, threads):
    """Multipliers of 2^15 and 2^14: every second or fourth sum is a half."""
    weights = np.array([[1, -1, 1, 3]], np.int8)
    multiplier = np.array([2**15, 2**15, 2**14, 2**15], np.int32)
    one = ValueLayer("half", "dense", weights, np.full(4, bias, np.int32), multiplier, relu, True, 1.0)
    network, x = IntegerNetwork("it", (one,), 1.0, (1,)), np.arange(-128, 128)[:, None]
    exact = np.clip((x * weights + bias) * (multiplier / 2**16), *one.limits)
    assert (exact % 1 == 0.5).sum() > 100
    np.testing.assert_array_equal(run_integers(network, x), np.round(exact))  # NumPy rounds half to even
    np.testing.assert_array_equal(run_onnx(network, x, level, threads), np.round(exact))


@HOW
@pytest.mark.parametrize("relu", [True, False])
def test_at_both_ends_and_around_them_it_is_the_same(relu, level, threads):
    """Sums up to 2^31, in single precision rounded; and each multiplier a little below, at and above an end."""
    rng = np.random.default_rng(1)
    n = 400
    multiplier = np.concatenate((rng.integers(1, 2**16, n - 2), [1, 2**16])).astype(np.int32)
    ends = np.resize([-128.5, -127.5, 127.5, 126.5, 255.5, 254.5, -0.5, 0.5], n) * 2**16 / multiplier
    bias = np.rint(ends) + rng.integers(-2, 3, n)
    bias[:4] = [2**31 - 200, -(2**31) + 200, 2**30 + 1, 2**24 + 1]
    one = ValueLayer("end", "dense", np.ones((1, n), np.int8), bias.astype(np.int32), multiplier, relu, True, 1.0)
    network, x = IntegerNetwork("it", (one,), 1.0, (1,)), np.arange(-128, 128)[:, None]
    np.testing.assert_array_equal(run_onnx(network, x, level, threads), run_integers(network, x))


@HOW
@pytest.mark.parametrize("chain", CHAINS)
def test_a_quantised_network_gives_the_same_bits(chain, level, threads):
    rng = np.random.default_rng(3)
    _, net = twin(chain)
    network = quantise(net, rng.normal(size=(50, *_shape(chain))))
    x = quantised_input(rng.normal(size=(64, *_shape(chain))), network)
    np.testing.assert_array_equal(run_onnx(network, x, level, threads), run_integers(network, x))


def _shape(chain: str) -> tuple[int, ...]:
    channel, *grid = CHAINS[chain][1]
    return (*grid, channel)


def spotter(rng) -> IntegerNetwork:
    """Layers as a small keyword spotter has them, and both kinds of pools."""
    same, point = {"kernel": (3, 3), "stride": (1, 1), "padding": (1, 1)}, {"kernel": (1, 1)} | ONES
    maps = (25, 5, 64)
    layers = [
        layer(rng, "conv", (49, 10, 1), 64, True, True, kernel=(10, 4), stride=(2, 2), padding=(5, 1)),
        layer(rng, "conv", maps, 64, True, False, groups=64, **same),
        layer(rng, "conv", maps, 64, False, False, **point),
        layer(rng, "max_pool", maps, 64, False, True, kernel=(2, 1), stride=(2, 1), padding=(0, 0)),
        layer(rng, "conv", (12, 5, 64), 64, True, True, groups=64, **same),
        layer(rng, "mean_pool", (12, 5, 64), 64, True, False, kernel=(2, 5), stride=(2, 5), padding=(0, 0)),
        layer(rng, "dense", (6, 1, 64), 12, False, False),
    ]
    return IntegerNetwork("spotter", tuple(layers), 2.0**-3, (49, 10, 1))


@HOW
@pytest.mark.parametrize("seed", range(3))
def test_a_deep_network_gives_the_same_bits(seed, level, threads):
    rng = np.random.default_rng(seed)
    network = spotter(rng)
    x = inputs(rng, network, 20)
    found = run_integers(network, x)
    np.testing.assert_array_equal(run_onnx(network, x, level, threads), found)
    assert len(np.unique(found)) > 60


@HOW
@pytest.mark.parametrize("name", [name for name in SINGLE if "pool" not in name])
@pytest.mark.skipif(not EXACT_INT8, reason="this processor saturates sums of two products of int8 at 16 bits")
def test_signed_tensors_as_they_are_give_the_same_bits(name, level, threads):
    """int8 by int8, as exporters write it."""
    kind, shape, n_out, sizes = SINGLE[name]
    rng = np.random.default_rng(9)
    network = IntegerNetwork("it", (layer(rng, kind, shape, n_out, False, True, **sizes),), 0.5, shape)
    x = inputs(rng, network)
    np.testing.assert_array_equal(run_onnx(network, x, level, threads, shifted=False), run_integers(network, x))

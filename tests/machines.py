"""Small machines and random whole-number networks, for tests of the accelerator."""

import numpy as np

from circuits.accelerator.machine import Machine
from circuits.network.convolution import Convolution
from circuits.quantised.integers import IntegerNetwork, MembraneLayer, ValueLayer

SMALL = {
    "rows": 8, "columns": 8, "activations": 1 << 16, "weights": 1 << 14, "parameters": 1 << 11, "state": 1 << 12,
    "sums": 1024, "dram": 1 << 24, "dram_width": 8, "dram_latency": 10,
}  # fmt: skip


def machine(**change: int) -> Machine:
    return Machine(**(SMALL | change))


def value_layer(rng, name, kind, grid=None, n_out=8, *, fan_in=0, signed=False, relu=True, multiplier=60) -> ValueLayer:
    if kind == "dense":
        weights = rng.integers(-128, 128, (fan_in, n_out))
    else:
        weights = rng.integers(-128, 128, grid.weight_shape(n_out) if kind == "conv" else (n_out, 0))
    pooled = {"max_pool": 2**16, "mean_pool": 2**16 // int(np.prod(grid.kernel)) if grid else 0}
    bias = rng.integers(-5000, 5000, n_out) * (kind not in pooled)
    kept = np.full(n_out, pooled.get(kind, multiplier), np.int32)
    return ValueLayer(name, kind, weights.astype(np.int8), bias.astype(np.int32), kept, relu, signed, 1.0, grid)


def over_time(rng) -> IntegerNetwork:
    """Convolutions over time, one depthwise, one in groups, both pools, and logits."""
    layers = (
        value_layer(rng, "conv", "conv", Convolution((10, 30), (5,), (1,), (2,)), 24, signed=True),
        value_layer(rng, "deep", "conv", Convolution((24, 30), (3,), (2,), (1,), 24), 24, relu=False, multiplier=300),
        value_layer(rng, "groups", "conv", Convolution((24, 15), (4,), (1,), (0,), 4), 20, signed=True, multiplier=90),
        value_layer(rng, "mean", "mean_pool", Convolution((20, 12), (3,), (3,), (0,), 20), 20),
        value_layer(rng, "max", "max_pool", Convolution((20, 4), (2,), (2,), (0,), 20), 20),
        value_layer(rng, "out", "dense", fan_in=40, n_out=11, relu=False),
    )
    return IntegerNetwork("over time", layers, 1.0, (30, 10))


def over_a_picture(rng) -> IntegerNetwork:
    """Convolutions over a plane, strided and padded unevenly."""
    layers = (
        value_layer(rng, "first", "conv", Convolution((3, 12, 14), (3, 5), (1, 2), (1, 2)), 18, signed=True),
        value_layer(rng, "second", "conv", Convolution((18, 12, 7), (3, 3), (2, 1), (2, 1)), 9),
        value_layer(rng, "out", "dense", fan_in=9 * 7 * 7, n_out=5, relu=False),
    )
    return IntegerNetwork("picture", layers, 1.0, (12, 14, 3))


def membranes(rng, name, kind, fan_in, n, *, recurrent=False) -> MembraneLayer:
    def draw(low: int, high: int) -> np.ndarray:
        return rng.integers(low, high, n).astype(np.int32)

    none = np.zeros(n, np.int32)
    adapts = kind == "adaptive_lif"
    return MembraneLayer(
        name, kind, rng.integers(-60, 70, (fan_in, n)).astype(np.int8),
        rng.integers(-60, 60, (n, n)).astype(np.int8) if recurrent else None,
        bias=draw(-500, 3000), decay=draw(40_000, 65_000), v_threshold=draw(20_000, 60_000),
        v_floor=np.full(n, -40_000, np.int32), rho=draw(50_000, 65_000) if adapts else none,
        gain=draw(-3000, 3000) if adapts else none, jump=draw(0, 9000) if adapts else none, unit=np.ones(n),
    )  # fmt: skip


def spiking(rng, recurrent: bool = False) -> IntegerNetwork:
    """An encoder, adaptive neurons (perhaps recurrent), neurons and a readout."""
    layers = (
        membranes(rng, "encoder", "encoder", 12, 24),
        membranes(rng, "hidden1", "adaptive_lif", 24, 37, recurrent=recurrent),
        membranes(rng, "hidden2", "lif", 37, 20),
        membranes(rng, "readout", "readout", 20, 5),
    )
    return IntegerNetwork("spiking", layers, 1.0, (40, 12), dt=0.01)


def inputs(rng, network: IntegerNetwork, n_clips: int = 3) -> np.ndarray:
    low, high = (-128, 128) if network.signed_input else (0, 256)
    return rng.integers(low, high, (n_clips, *network.shape_in))

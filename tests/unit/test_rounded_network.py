"""Weights that digital chips hold: so many levels, each within half a step, on each chip as its hardware has them."""

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.quantised.quantise import quantise
from circuits.quantised.rounded_network import rounded_network

RNG = np.random.default_rng(3)
ONE = np.ones(60)
LAYER = LayerSpec("hidden", "lif", RNG.normal(size=(70, 60)), 0 * ONE, 0.02 * ONE, ONE,
                  recurrent=3 * RNG.normal(size=(60, 60)))  # fmt: skip
NET = NetworkSpec("net", 1e-3, (LAYER,))


def held(found: np.ndarray, wanted: np.ndarray, bits: int, ends: np.ndarray) -> None:
    """At most 2^bits - 1 levels, whole multiples of one step up to the ends, none off by more than half of it."""
    steps = found * (2 ** (bits - 1) - 1) / ends
    assert len(np.unique(np.rint(steps))) <= 2**bits - 1
    assert np.abs(steps - np.rint(steps)).max() < 1e-9
    assert np.abs(found - wanted).max() <= (ends / (2 ** (bits - 1) - 1)).max() / 2 * (1 + 1e-9)
    assert len(np.unique(np.rint(steps))) > 2 ** (min(bits, 8) - 1)


def test_a_chip_holds_so_many_levels_of_each_array():
    (layer,) = load_chip("near-threshold").realise(NET, np.random.default_rng(0)).layers
    assert not np.array_equal(layer.weights, LAYER.weights)
    for found, wanted in ((layer.weights, LAYER.weights), (layer.recurrent, LAYER.recurrent)):
        held(found, wanted, 8, np.abs(wanted).max())


@pytest.mark.parametrize("name", ["loihi-sanafe", "loihi-davies"])
def test_a_mesh_holds_so_many_levels_of_each_neuron(name):
    (layer,) = load_chip(name).realise(NET, np.random.default_rng(0)).layers
    both = np.vstack((LAYER.weights, LAYER.recurrent))
    held(np.vstack((layer.weights, layer.recurrent)), both, 9, np.abs(both).max(0))


def test_a_chip_of_other_bits_holds_other_levels():
    (layer,) = rounded_network(NET, 3).layers
    held(layer.weights, LAYER.weights, 3, np.abs(LAYER.weights).max())
    assert len(np.unique(layer.weights)) == 7


def test_by_channel_it_is_the_network_in_whole_numbers():
    """The steps of `quantise`, which an integer accelerator runs: those from the own layer share them."""
    (layer,) = load_chip("digital-systolic").realise(NET, np.random.default_rng(0)).layers
    both = np.vstack((LAYER.weights, LAYER.recurrent))
    ends = np.abs(both).max(0)
    held(np.vstack((layer.weights, layer.recurrent)), both, 8, ends)
    (whole,) = quantise(NET, RNG.integers(0, 2, (4, 10, 70)).astype(float)).layers
    for name in ("weights", "recurrent"):
        assert np.array_equal(np.rint(getattr(layer, name) * 127 / ends), getattr(whole, name)), name

"""What a network's shapes say before it is in whole numbers is what they are afterwards: the same program."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.accelerator.compiler import compile_network, compile_works
from circuits.accelerator.layer_work import works, works_of_spec
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.value_network import shape_of_input
from circuits.quantised.quantise import quantise
from tests.machines import machine
from tests.unit.value_chains import CHAINS, twin


def spikes_from_outside() -> NetworkSpec:
    rng, tau = np.random.default_rng(0), np.full(6, 0.02)
    layers = (
        LayerSpec("one", "lif", rng.normal(size=(5, 6)), np.zeros(6), tau, np.ones(6), rng.normal(size=(6, 6))),
        LayerSpec("out", "readout", rng.normal(size=(6, 2)), np.zeros(2), tau[:2], np.ones(2)),
    )
    return NetworkSpec("outside", 0.01, layers)


def heard() -> NetworkSpec:
    one, *rest = spikes_from_outside().layers
    return NetworkSpec("heard", 0.01, (replace(one, kind="encoder", name="ear", recurrent=None), *rest))


@pytest.mark.parametrize("name", [*CHAINS, "outside", "heard"])
def test_shapes_before_and_after_quantisation_make_the_same_program(name):
    """Signs, pools, tensors: a network is placed before it is known in whole numbers."""
    rng = np.random.default_rng(1)
    if name in ("outside", "heard"):
        net = spikes_from_outside() if name == "outside" else heard()
        x = rng.integers(0, 2, (4, 9, 5)).astype(float)
    else:
        _, net = twin(name)
        x = rng.normal(size=(20, *shape_of_input(net)))
    integers = quantise(net, x)
    assert works_of_spec(net, 9) == works(integers, 9)
    before, after = compile_works("it", works_of_spec(net, 9), machine()), compile_network(integers, machine(), 9)
    assert before.instructions == after.instructions
    assert (before.input, before.output, before.dram_bytes) == (after.input, after.output, after.dram_bytes)

"""What a compiled program computes is the network in whole numbers, bit for bit, whatever the machine's sizes."""

import numpy as np
import pytest

from circuits.accelerator.assembler import assemble, disassemble
from circuits.accelerator.compiler import compile_network
from circuits.accelerator.encoding import decode, encode
from circuits.accelerator.executor import execute
from circuits.accelerator.instructions import Load, Mac
from circuits.accelerator.machine import Memory
from circuits.mapping.limits import MappingError
from circuits.network.convolution import Convolution
from circuits.quantised.integer_run import layer_outputs, run_integers
from circuits.quantised.integers import IntegerNetwork
from tests.machines import inputs, machine, over_a_picture, over_time, spiking, value_layer

NETWORKS = {
    "time": over_time, "picture": over_a_picture, "spikes": spiking,
    "recurrent": lambda rng: spiking(rng, recurrent=True),
}  # fmt: skip
MACHINES = {
    "large": {}, "few activations": {"activations": 2048}, "fewer": {"activations": 1200, "sums": 20},
    "a tile of weights": {"weights": 128}, "few of both": {"weights": 128, "activations": 1400},
    "wide": {"rows": 4, "columns": 16}, "high": {"rows": 16, "columns": 4, "sums": 32},
    "odd": {"rows": 7, "columns": 5, "dram_width": 3, "sums": 50},
}  # fmt: skip


@pytest.mark.parametrize("sizes", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_outputs_are_those_of_the_network(build, sizes):
    rng = np.random.default_rng(7)
    network = build(rng)
    x = inputs(rng, network)
    expected = run_integers(network, x)
    assert len(np.unique(expected)) > 4  # not all clipped, nor silent
    program = compile_network(network, machine(**sizes), n_steps=40)
    assert np.array_equal(execute(program, x).reshape(expected.shape), expected)


def test_hidden_layers_of_the_spiking_network_are_alive():
    """Else the comparison above would compare silence."""
    rng = np.random.default_rng(7)
    for recurrent in (False, True):
        network = spiking(rng, recurrent)
        *hidden, _ = layer_outputs(network, inputs(rng, network))
        assert all(0.02 < spikes.mean() < 0.9 for spikes in hidden)


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_a_program_survives_bytes_and_text(build):
    program = compile_network(build(np.random.default_rng(0)), machine(), n_steps=5)
    data = encode(program.instructions)
    text = disassemble(decode(data), program.remarks())
    assert encode(assemble(text)) == data
    assert "; out" in text or "; readout" in text


def test_a_dense_layer_wider_than_the_activations_comes_in_slices():
    rng = np.random.default_rng(3)
    layer = value_layer(rng, "wide", "dense", fan_in=5000, n_out=20, signed=True, relu=False, multiplier=3)
    network = IntegerNetwork("wide", (layer,), 1.0, (5000,))
    x = inputs(rng, network)
    program = compile_network(network, machine(activations=1024, weights=1024))
    assert np.array_equal(execute(program, x).reshape(3, 20), run_integers(network, x).reshape(3, 20))


def test_sums_of_the_highest_array_are_exact():
    """More rows than single precision adds up exactly, all at the end of their range."""
    layer = value_layer(np.random.default_rng(0), "high", "dense", fan_in=1024, n_out=2, multiplier=1)
    layer.weights[...] = -127
    layer.weights[0] = -126
    half = 1024 * 127 * 255 - 255 + 2**17 + 2**15  # the sum is then 2.5, which goes to 2; with one more to 3
    layer.bias[...] = [half, half + 1]  # so that the outputs tell of the last bit
    network = IntegerNetwork("high", (layer,), 1.0, (1024,))
    x = np.full((1, 1024), 255)
    program = compile_network(network, machine(rows=1024, columns=2, weights=4096))
    assert execute(program, x).ravel().tolist() == run_integers(network, x).ravel().tolist() == [2, 3]


def test_what_fits_is_loaded_once_and_never_stored_between_layers():
    """Of a network that fits, DRAM gives the inputs and each weight and parameter once, and takes the answer."""
    program = compile_network(over_time(np.random.default_rng(0)), machine())
    loaded = sum(one.rows * one.row_bytes for one in program.instructions if isinstance(one, Load))
    assert loaded == program.input.n_bytes + program.n_constants


@pytest.mark.parametrize(
    ("length", "n_out", "times_input", "times_weights"),
    [(4000, 16, 1, 250), (400, 80, 1, 25), (80, 800, 1, 5), (40, 24, 1, 3), (4000, 8, 1, 1), (8000, 24, 1, 500)],
)
def test_of_two_orders_the_one_that_loads_less(length, n_out, times_input, times_weights):
    """Closed forms of both: the input once for a block of 8 columns, or the weights once for a box of 16 steps."""
    layer = value_layer(
        np.random.default_rng(0), "one", "conv", Convolution((8, length), (1,), (1,), (0,)), n_out, signed=True
    )
    network = IntegerNetwork("one", (layer,), 1.0, (length, 8))
    program = compile_network(network, machine(activations=512, sums=16))
    of = {memory: sum(one.rows * one.row_bytes for one in program.instructions
                      if isinstance(one, Load) and one.memory == memory) for memory in Memory}  # fmt: skip
    blocks, boxes, x, w = -(-n_out // 8), -(-length // 16), 8 * length, 8 * n_out
    by_block, by_box = blocks * x + w, x + boxes * w
    assert of[Memory.ACTIVATIONS] + of[Memory.WEIGHTS] == min(by_block, by_box)
    if by_block > by_box:
        assert (of[Memory.ACTIVATIONS], of[Memory.WEIGHTS]) == (times_input * x, times_weights * w)


def test_no_product_is_left_out_or_made_twice():
    program = compile_network(over_a_picture(np.random.default_rng(0)), machine())
    made = sum(one.rows * one.columns * one.inner_count * one.outer_count
               for one in program.instructions if isinstance(one, Mac))  # fmt: skip
    assert made == sum(work.n_macs for work in program.works)


def test_a_map_that_is_reshaped_before_padding_is_not_padded_in_its_old_shape():
    """Five rows of six positions become thirty in time, then back; between them the output goes through DRAM."""
    rng = np.random.default_rng(5)
    layers = (
        value_layer(rng, "plane", "conv", Convolution((2, 7, 8), (3, 3), (1, 1), (0, 0)), 4, signed=True),
        value_layer(rng, "time", "conv", Convolution((4, 30), (3,), (1,), (1,)), 5),
        value_layer(rng, "again", "conv", Convolution((5, 5, 6), (3, 3), (1, 1), (1, 1)), 3, relu=False),
    )
    network = IntegerNetwork("reshaped", layers, 1.0, (7, 8, 2))
    x = inputs(rng, network)
    expected = run_integers(network, x)
    assert np.array_equal(execute(compile_network(network, machine()), x).reshape(expected.shape), expected)


def _any_machine(rng):
    """Sizes from a tile upwards, odd ones too."""
    rows, columns = (int(rng.integers(1, 70)) for _ in range(2))
    return machine(
        rows=rows, columns=columns, dram_width=int(rng.integers(1, 17)), sums=2 * int(rng.integers(1, 40)),
        weights=2 * rows * columns * int(rng.integers(1, 4)), parameters=2 * 32 * max(columns, 40),
        activations=2 * int(rng.integers(8, 700)),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_any_machine_gives_the_same_bits_or_says_what_it_lacks(seed):
    rng = np.random.default_rng(seed)
    wide = value_layer(rng, "wide", "dense", fan_in=260, n_out=65, signed=True, relu=False, multiplier=8)
    builds = [*NETWORKS.values(), lambda rng: IntegerNetwork("wide", (wide,), 1.0, (260,))]
    network = builds[seed % len(builds)](rng)
    x, steps = inputs(rng, network, 2), int(rng.choice([1, 40]))
    x = x[:, :steps] if network.spiking else x
    expected = run_integers(network, x)
    try:
        program = compile_network(network, _any_machine(rng), steps)
    except MappingError as error:
        assert all(broken.remedy for broken in error.broken)  # noqa: PT017
        return
    assert np.array_equal(execute(program, x).reshape(expected.shape), expected)

"""Spiking networks in whole numbers: exact where the grid holds every number, near it within the rounding of a step."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.quantised.integer_run import layer_outputs, potentials, quantised_input, run_integers
from circuits.quantised.integers import LARGEST, at_rest, membrane_step
from circuits.quantised.quantise import quantise

DT = 0.01
FORGETS, KEEPS = 1e-9, 1e9  # s, the time constants of a membrane that keeps nothing of a step, and all
STEP = 2.0**-7  # of a weight


def population(kind: str, rng, fan_in: int, n: int, tau: float, recurrent: bool = False, **change) -> LayerSpec:
    """Weights, biases and adaptation that are whole numbers of units; each neuron's largest weight is 127 of them."""
    weights = rng.integers(-60, 100, (fan_in, n)) * STEP
    loops = rng.integers(-100, 60, (n, n)) * STEP if recurrent else None
    (weights if loops is None else loops)[0] = 127 * STEP
    bias = rng.integers(-4000, 9000, n) * STEP / 2**8
    adapts = {}
    if kind == "adaptive_lif":
        jump = rng.integers(0, 5000, n) * STEP / 2**8
        adapts = {"tau_adapt": np.full(n, KEEPS), "adapt_a": np.zeros(n), "adapt_b": jump}
    threshold = rng.integers(20000, 60000, n) * STEP / 2**8
    fields = {"tau_mem": np.full(n, tau), "v_threshold": threshold, "recurrent": loops} | adapts | change
    return LayerSpec(kind + str(n), kind, weights, bias, **fields)


def simulate(net: NetworkSpec, x: np.ndarray) -> list[np.ndarray]:
    """Spikes, or potentials, of each layer: the equations of the float neuron, in thresholds."""
    outs = []
    for layer in net.layers:
        alpha = np.exp(-net.dt / layer.tau_mem)
        rho = 0.0 if layer.tau_adapt is None else np.exp(-net.dt / layer.tau_adapt)
        a, b = (0.0, 0.0) if layer.adapt_a is None else (layer.adapt_a, layer.adapt_b)
        v = w = spikes = np.zeros((len(x), layer.n_neurons))
        out = []
        for row in x.swapaxes(0, 1):
            drive = row @ layer.weights + layer.bias
            drive = drive if layer.recurrent is None else drive + spikes @ layer.recurrent
            v = alpha * v - (1 - alpha) * w + drive
            if not layer.spiking:
                out.append(v)
                continue
            v = np.maximum(v, net.v_floor)
            spikes = (v > layer.v_threshold).astype(float)
            w = rho * w + (1 - rho) * a * v + b * spikes
            v = np.where(spikes > 0, 0.0, v)
            out.append(spikes)
        x = np.stack(out, axis=1)
        outs.append(x)
    return outs


@pytest.mark.parametrize("kind", ["lif", "adaptive_lif"])
@pytest.mark.parametrize("recurrent", [True, False])
@pytest.mark.parametrize("tau", [FORGETS, KEEPS])
@pytest.mark.parametrize("v_floor", [0.0, -0.5, -np.inf])
def test_spikes_are_exact_where_nothing_is_rounded(kind, recurrent, tau, v_floor):
    rng = np.random.default_rng(2)
    layers = (population(kind, rng, 9, 14, tau, recurrent), population("readout", rng, 14, 3, tau))
    net = NetworkSpec("net", DT, layers, v_floor=v_floor)
    x = (rng.random((6, 30, 9)) < 0.4).astype(float)
    integers = quantise(net, x)
    np.testing.assert_array_equal(integers.layers[0].weights * STEP, layers[0].weights)
    spikes, readout = layer_outputs(integers, quantised_input(x, integers))
    expected, real = simulate(net, x)
    assert 0.05 < expected.mean() < 0.9
    np.testing.assert_array_equal(spikes, expected)
    np.testing.assert_allclose(potentials(integers, readout), real, rtol=0, atol=1e-6)  # tau is 1e9 s, not infinite


@pytest.mark.parametrize("tau", [FORGETS, KEEPS])
def test_an_encoder_of_features_on_the_grid_is_exact(tau):
    rng = np.random.default_rng(3)
    signals = rng.integers(-127, 128, (5, 40, 4)) * 2.0**-6
    layers = (population("encoder", rng, 4, 8, tau), population("readout", rng, 8, 2, tau))
    net = NetworkSpec("net", DT, layers)
    integers = quantise(net, signals)
    assert (integers.unit, integers.signed_input, integers.shape_in) == (2.0**-6, True, (40, 4))
    np.testing.assert_allclose(integers.layers[0].unit, STEP * 2.0**-6 * 2.0**-8, rtol=1e-12)
    spikes, _ = layer_outputs(integers, quantised_input(signals, integers))
    expected, _ = simulate(net, signals)
    assert 0.05 < expected.mean() < 0.9
    np.testing.assert_array_equal(spikes, expected)


@pytest.mark.parametrize("tau", [0.003, 0.02, 0.3])
def test_a_readout_stays_within_the_rounding_of_its_steps(tau):
    """Each step rounds by half a unit, and the decay by half of 2^-16; what leaks adds up to 1 / (1 - alpha) of it."""
    rng = np.random.default_rng(4)
    net = NetworkSpec("net", DT, (population("readout", rng, 20, 5, tau),))
    x = (rng.random((4, 200, 20)) < 0.3).astype(float)
    integers = quantise(net, x)
    (real,) = simulate(net, x)
    unit, alpha = STEP / 2**8, np.exp(-DT / tau)
    found = potentials(integers, run_integers(integers, quantised_input(x, integers)))
    bound = (0.5 * unit + 0.5 * 2**-16 * np.abs(real).max() * (1 + 1e-3)) / (1 - alpha)
    assert 0 < np.abs(found - real).max() <= bound


def test_adaptation_settles_at_a_times_the_potential():
    """A constant drive below threshold: v = drive - w and w = a v, so v = drive / (1 + a)."""
    rng = np.random.default_rng(5)
    a = np.array([0.5, 2.0, 0.1])
    adapts = {"tau_adapt": np.full(3, 0.15), "adapt_a": a, "adapt_b": np.zeros(3), "v_threshold": np.full(3, 100.0)}
    layer = population("adaptive_lif", rng, 1, 3, 0.02, **adapts)
    layer = replace(layer, bias=np.array([0.2, 0.3, 0.4]))
    net = NetworkSpec("net", DT, (replace(layer, weights=np.full((1, 3), STEP)),))
    integers = quantise(net, np.ones((1, 1, 1)))
    state = at_rest(1, 3)
    for _ in range(400):
        _, state = membrane_step(np.zeros((1, 3), np.int64), state, integers.layers[0])
    drive = np.array([0.2, 0.3, 0.4]) / (1 - np.exp(-DT / 0.02))
    np.testing.assert_allclose(state.v[0] * integers.layers[0].unit, drive / (1 + a), rtol=1e-3)


def lone(**change) -> LayerSpec:
    """One neuron with a threshold of 1 that keeps all."""
    fields = {"weights": np.zeros((1, 1)), "bias": np.zeros(1), "tau_mem": np.full(1, KEEPS), "v_threshold": np.ones(1)}
    return LayerSpec("one", "lif", **{name: np.asarray(value, float) for name, value in (fields | change).items()})


@pytest.mark.parametrize("weight", [0.0, 1e-7])
def test_a_neuron_of_no_weights_or_tiny_ones_fires_by_its_bias(weight):
    """0.11 a step passes 1 in ten steps."""
    net = NetworkSpec("net", DT, (lone(weights=[[weight]], bias=[0.11]),))
    x = np.zeros((1, 40, 1))
    x[0, 0] = 1
    spikes = run_integers(quantise(net, x), x.astype(np.int64))
    assert np.flatnonzero(spikes[0, :, 0]).tolist() == [9, 19, 29, 39]


@pytest.mark.parametrize(("excess", "fires"), [(0, False), (1, True)])
def test_a_potential_at_its_threshold_does_not_fire_one_unit_more_does(excess, fires):
    bias = (1000 + excess) * STEP / 2**8
    layer = lone(weights=[[127 * STEP]], bias=[bias], v_threshold=[1000 * STEP / 2**8])
    integers = quantise(NetworkSpec("net", DT, (layer,)), np.ones((1, 2, 1)))
    assert bool(run_integers(integers, np.zeros((1, 1, 1), np.int64)).any()) == fires


def test_a_neuron_that_nothing_drives_never_fires():
    net = NetworkSpec("net", DT, (lone(), replace(lone(), name="two", v_threshold=np.zeros(1))))
    integers = quantise(net, np.ones((1, 5, 1)))
    assert not run_integers(integers, np.ones((1, 5, 1), np.int64)).any()


def test_a_threshold_out_of_reach_does_not_coarsen_the_weights():
    layer = quantise(NetworkSpec("net", DT, (lone(weights=[[1.0]], v_threshold=[1e9]),)), np.ones((1, 50, 1))).layers[0]
    assert (layer.weights[0, 0], layer.v_threshold[0]) == (127, LARGEST)


def test_a_readout_that_keeps_all_cannot_overflow():
    """1000 inputs in each of 100 steps: 127 2^8 for each is 3.3e9, and 32 bits hold 2.1e9."""
    layer = LayerSpec("out", "readout", np.ones((1000, 1)), np.zeros(1), np.full(1, KEEPS), np.ones(1))
    x = np.ones((1, 100, 1000))
    integers = quantise(NetworkSpec("net", DT, (layer,)), x)
    found = potentials(integers, run_integers(integers, x.astype(np.int64)))
    np.testing.assert_allclose(found[0, :, 0], 1000 * np.arange(1, 101), rtol=0.02)


NET = NetworkSpec("net", DT, (lone(weights=[[1.0]]),))
STRONG = {"tau_adapt": np.full(1, 1e-9), "adapt_a": np.full(1, 40000.0), "adapt_b": np.zeros(1)}


@pytest.mark.parametrize(
    ("net", "x", "said"),
    [
        (NET, np.ones((1, 3, 2)), r"the calibration has shape \(1, 3, 2\), expected \(clip, any, 1\)"),
        (NET, np.ones((1, 3)), r"the calibration has shape \(1, 3\), expected \(clip, any, 1\)"),
        (
            NET,
            np.full((1, 3, 1), 0.5),
            "'net' takes spikes from outside, each 0 or 1, the calibration holds 0.5; encode",
        ),
        (NET, np.full((1, 3, 1), np.nan), "the calibration holds nan"),
        (replace(NET, event_driven=True), np.ones((1, 3, 1)), "'net' is event-driven, whole numbers need time steps"),
        (
            NetworkSpec("net", DT, (replace(lone(), kind="adaptive_lif", **STRONG),)),
            np.ones((1, 3, 1)),
            "layer 'one': adapt_a of neuron 0 is 40000, 32 bits hold up to 3.277e[+]04; train with a weaker adaptation",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(net, x, said):
    with pytest.raises(InputError, match=said) as refused:
        quantise(net, x)
    assert "\n" not in str(refused.value)

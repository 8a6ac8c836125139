"""Silicon that each batch draws: distributions against their formulas, and against the NumPy draws of a chip."""

import numpy as np
import pytest
import torch

from circuits.network.spec import NetworkSpec
from circuits.neuron.circuit import LIFCircuit
from circuits.variation.current_mismatch import with_mismatched_currents
from circuits.variation.mismatch import Spread, current_spread, sample, spread_of_current
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.networks.chip_settings import OFF, ChipSettings
from snn.networks.layer_spec import network_spec
from snn.networks.silicon_of_batch import mismatched, noisy, on_silicon
from snn.neurons.lif import LIFParams

SIGMA, N, DT = 0.1, 300, 0.01
CIRCUIT = LIFCircuit()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_noise_is_normal_relative_to_the_largest_weight_and_leaves_what_is_no_synapse():
    w = torch.linspace(-2, 1, 100_000, dtype=torch.float64)
    w[::10] = 0
    noise = (noisy(w, 0.05, generator()) - w).numpy()
    assert not noise[::10].any()
    drawn = noise[(w != 0).numpy()]
    assert drawn.std() == pytest.approx(0.05 * 2, rel=0.01)
    assert abs(drawn.mean()) < 0.001
    assert np.mean(np.abs(drawn) > 0.1) == pytest.approx(0.3173, abs=0.006)  # one deviation of a normal


def test_mismatch_is_a_log_normal_factor_through_which_gradients_pass():
    w = torch.full((100_000,), -3.0, dtype=torch.float64, requires_grad=True)
    out = mismatched(w, SIGMA, generator())
    out.sum().backward()
    factor = (out / w).detach().numpy()
    assert np.log(factor).std() == pytest.approx(SIGMA, rel=0.01)
    assert np.median(factor) == pytest.approx(1, abs=0.001)
    assert w.grad.numpy() == pytest.approx(factor, rel=1e-12)


def test_the_spread_of_a_current_is_that_of_the_devices_of_the_circuit():
    """1e5 devices: ln I of the shifted device; thresholds and capacitors as the default spread, scaled alike."""
    spread = spread_of_current(CIRCUIT, SIGMA)
    assert current_spread(CIRCUIT, spread) == pytest.approx(SIGMA, rel=1e-12)
    scale = SIGMA / current_spread(CIRCUIT, Spread())
    drawn = sample(CIRCUIT, spread, 100_000, np.random.default_rng(0))
    assert drawn["v_threshold"].std() == pytest.approx(0.010 * scale, rel=0.01)
    assert np.log(drawn["c_mem"]).std() == pytest.approx(0.02 * scale, rel=0.01)
    with pytest.raises(ValueError, match="zero or more"):
        spread_of_current(CIRCUIT, -0.1)


def network():
    """An encoder, a recurrent layer and a readout, every number the same in its array."""
    ones = torch.ones(N, dtype=torch.float64)
    neurons = LIFParams((-DT / 0.03 * ones).exp(), ones)
    encoder = GainLayer(2 * ones, 0.5 * ones, neurons, 1)
    layer = DenseLayer(0.3 * ones.repeat(N, 1), -0.2 * ones, neurons, -0.1 * ones.repeat(N, 1))
    return Network((layer,), Readout(0.4 * ones.repeat(N, 1), 0.1 * ones, (-DT / 0.05 * ones).exp()), encoder)


def spread_of(net: NetworkSpec, nominal: NetworkSpec):
    """Deviations of ln of every array, of time constants and of thresholds, and the correlation of w and tau."""
    found = {}
    for layer, own in zip(net.layers, nominal.layers, strict=True):
        for name in ("weights", "bias", "recurrent", "tau_mem"):
            if (array := getattr(layer, name)) is not None:
                ratio = np.log((array / np.where(getattr(own, name), getattr(own, name), 1))[getattr(own, name) != 0])
                found[f"{layer.name}.{name}"] = ratio.std()
        found[f"{layer.name}.threshold"] = layer.v_threshold.std()
    hidden = net.layers[1]
    columns = np.log(np.abs(hidden.weights)).mean(0)  # of a neuron: its capacitor is left
    found["by capacitor"] = np.corrcoef(columns, np.log(hidden.tau_mem))[0, 1]
    return found


def test_training_meets_the_chips_that_an_evaluation_draws():
    """Through the kernels' units and back: charges, time constants and thresholds deviate as drawn in NumPy, and as
    the closed form: ln w by sqrt(sigma^2 + sigma_c^2), a bigger capacitor has smaller weights and a longer memory."""
    nominal = network_spec(network(), DT, name="n")
    torch_chip = network_spec(on_silicon(network(), ChipSettings(mismatch=SIGMA), CIRCUIT, generator()), DT, name="n")
    numpy_chip = with_mismatched_currents(nominal, SIGMA, np.random.default_rng(0), CIRCUIT)
    spread = spread_of_current(CIRCUIT, SIGMA)
    weights, threshold = np.hypot(SIGMA, spread.sigma_c), spread.sigma_threshold / CIRCUIT.swing
    for found in (spread_of(torch_chip, nominal), spread_of(numpy_chip, nominal)):
        for layer in ("encoder", "hidden1", "readout"):
            few = {"rel": 0.15} if layer == "encoder" else {"rel": 0.02}
            assert found[f"{layer}.weights"] == pytest.approx(weights, **few)
            assert found[f"{layer}.bias"] == pytest.approx(weights, rel=0.15)
            assert found[f"{layer}.tau_mem"] == pytest.approx(spread.sigma_c, rel=0.15)
        assert found["hidden1.recurrent"] == pytest.approx(weights, rel=0.02)
        assert found["hidden1.threshold"] == pytest.approx(threshold, rel=0.15)
        assert found["readout.threshold"] == 0
        assert found["by capacitor"] < -0.85


def test_without_a_chip_that_differs_nothing_is_drawn_and_the_network_is_itself():
    drawn, net = generator(), network()
    for chip in (OFF, ChipSettings(weight_bits=1, weight_clip=2.0, fan_in=3)):
        assert on_silicon(net, chip, CIRCUIT, drawn) is net
    assert torch.equal(drawn.get_state(), generator().get_state())
    noised = on_silicon(net, ChipSettings(weight_noise=0.1), CIRCUIT, drawn)
    assert noised.layers[0].bias is net.layers[0].bias
    assert (noised.layers[0].recurrent - net.layers[0].recurrent).std().item() == pytest.approx(0.1 * 0.1, rel=0.05)

"""The exported network, simulated in volts and coulombs with NumPy, fires exactly as the trained one."""

import numpy as np
import pytest
import torch

from snn.audio.examples import Examples
from snn.encoders.events import delta_encode
from tests.consistency.trained_spotter import CASES, N_BANDS, N_BATCH, N_FRAMES, NEURONS, TOPOLOGIES, features, trained


def simulate(layer, chip, x):
    """Spikes and membrane voltages `(batch, time, neuron)` of one layer: charge pulses on c_mem, a leak, a reset."""
    circuit, dt = chip.circuit, chip.network.dt
    q, c_mem = circuit.charge_per_weight, circuit.c_mem
    g_leak = c_mem / layer.tau_mem
    v_threshold = circuit.v_reset + layer.v_threshold * circuit.swing
    kept = np.exp(-dt * g_leak / c_mem)
    v = np.full((len(x), layer.n_neurons), circuit.v_reset)
    spikes, w, fired, volts = np.zeros_like(v), np.zeros_like(v), [], []  # w: adaptation (V)
    for events in x.swapaxes(0, 1):
        charge = (events @ layer.weights + layer.bias) * q
        if layer.recurrent is not None:
            charge = charge + (spikes @ layer.recurrent) * q
        v = circuit.v_reset + (v - circuit.v_reset) * kept + charge / c_mem
        if layer.adapt_a is not None:
            v = v - (1 - kept) * w
        if layer.spiking:
            v = np.maximum(v, circuit.v_sink)
        spikes = (v > v_threshold).astype(float) if layer.spiking else spikes
        if layer.adapt_a is not None:
            rho = np.exp(-dt / layer.tau_adapt)
            w = rho * w + (1 - rho) * layer.adapt_a * (v - circuit.v_reset) + layer.adapt_b * spikes * circuit.swing
        volts.append(v)
        v = np.where(spikes > 0, circuit.v_reset, v)
        fired.append(spikes)
    return np.stack(fired, 1), np.stack(volts, 1)


@CASES
@NEURONS
@TOPOLOGIES
def test_the_spec_in_volts_fires_exactly_as_the_network(kind, neuron, recurrent):
    model, x = trained(kind, neuron, recurrent), features(99)
    with torch.no_grad():
        out = model(x)
    chip = model.chip()
    spec = chip.network
    events = x if kind == "lif" else delta_encode(x, model.encoder.threshold)
    events, populations = events.numpy(), list(out.spikes if kind == "lif" else out.spikes[1:])
    for layer in spec.layers[:-1]:
        events, _ = simulate(layer, chip, events)
        expected = populations.pop(0).numpy()
        assert 0.02 < expected.mean() < 0.9, layer.name  # otherwise there is little to compare
        np.testing.assert_array_equal(events, expected, err_msg=layer.name)
    _, volts = simulate(spec.layers[-1], chip, events)
    readout = (volts - chip.circuit.v_reset) / chip.circuit.swing
    np.testing.assert_allclose(readout, out.readout.numpy(), rtol=0, atol=1e-9)
    assert not populations


@CASES
def test_layers_of_the_spec_are_the_populations_of_the_network(kind):
    model = trained(kind, "adaptive_lif", "true")
    chip = model.chip()
    spec = chip.network
    names = [*(["encoder"] if kind == "lif" else []), "hidden1", "hidden2", "readout"]
    assert [layer.name for layer in spec.layers] == names
    assert (spec.dt, spec.labels) == (0.01, model.labels)
    assert chip.circuit.tau_mem == pytest.approx((0.010 * 0.060) ** 0.5)
    assert chip.circuit.charge_per_weight == pytest.approx(0.8e-15 * 0.37, rel=1e-12, abs=0)
    assert spec.layers[0].fan_in == (N_BANDS if kind == "lif" else 2 * N_BANDS)


@CASES
@NEURONS
def test_measured_activity_counts_the_spikes_of_the_network(kind, neuron):
    model, x = trained(kind, neuron, "true"), features(99)
    with torch.no_grad():
        out = model(x)
    activity = model.run(Examples(x[None], torch.zeros(N_BATCH, dtype=torch.long))).activity
    counted = [*activity.spikes.values()] if kind == "lif" else [activity.input_spikes, *activity.spikes.values()]
    for spikes, expected in zip(counted, out.spikes, strict=True):
        np.testing.assert_allclose(spikes, expected.sum(1).mean(0).numpy(), rtol=1e-12)
    assert (activity.n_clips, activity.duration) == (N_BATCH, N_FRAMES * 0.01)
    assert activity.spikes_per_inference == pytest.approx(sum(s.sum().item() for s in out.spikes) / N_BATCH)


def test_encoder_charge_and_time_near_threshold_are_those_of_the_simulated_circuit():
    model, x = trained("lif", "lif", "false"), features(99)
    chip = model.chip()
    spec = chip.network
    activity = model.run(Examples(x[None], torch.zeros(N_BATCH, dtype=torch.long))).activity
    assert activity.window == chip.circuit.v_crowbar / chip.circuit.swing
    encoder, events = spec.layers[0], x.numpy()
    charge = np.maximum(events @ encoder.weights + encoder.bias, 0).sum(1).mean(0)
    np.testing.assert_allclose(activity.encoder_charge, charge, rtol=1e-9)
    for layer in spec.layers[:-1]:
        window = chip.circuit.v_reset + layer.v_threshold * chip.circuit.swing - chip.circuit.v_crowbar
        events, volts = simulate(layer, chip, events)
        near = 0.01 * (volts > window).sum(1).mean(0)
        np.testing.assert_allclose(activity.near_threshold[layer.name], near, rtol=1e-12)


def test_synaptic_operations_are_spikes_times_their_fan_out():
    model, x = trained("delta", "lif", "true"), features(99)
    with torch.no_grad():
        for layer in model.layers:  # prune some synapses
            layer.weight[layer.weight.abs() < 0.1] = 0
        out = model(x)
    activity = model.run(Examples(x[None], torch.zeros(N_BATCH, dtype=torch.long))).activity
    weights = [layer.weight for layer in model.layers] + [model.readout_weight]
    fan_out = [(weight != 0).double().sum(1) for weight in weights]
    expected = sum((s.sum((0, 1)) @ n).item() for s, n in zip(out.spikes, fan_out, strict=True))
    expected += sum((s.sum() * s.shape[-1]).item() for s in out.spikes[1:])  # recurrent weights are all there
    assert activity.synaptic_operations(model.network()) == pytest.approx(expected / N_BATCH, rel=1e-12)

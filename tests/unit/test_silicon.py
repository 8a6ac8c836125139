"""Trainable silicon: gate biases and widths learn, stay where the device was fitted, and leave with the network."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from circuits.device.btbt import DEVICES, btbt_current
from circuits.netlist.parameters import network_parameters, write_network_json
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.neuron.bias import WIDTHS, gate_range
from circuits.neuron.circuit import circuit_at_speed, circuit_for_tau, period
from snn.networks.layer_spec import bias_devices, silicon_spec
from snn.networks.silicon_layer import SiliconLayer
from snn.networks.spotter import Spotter
from snn.neurons.lif import leaky_step, lif_state
from snn.neurons.scan import scan
from snn.neurons.silicon_bias import bounded
from snn.recipes.reader import RecipeError
from snn.recipes.recipe import parse_recipe
from snn.reference import TwinTiming, brian2_network, run_brian2, spike_times
from tests.starved import STARVED

DT, TAU, SPEED = 1e-3, 0.02, 1000.0
CIRCUIT = circuit_for_tau(TAU, replace(STARVED, v_sink=-0.1))  # its weakest bias is half a rheobase: none starts silent


def layer(fan_in=3, n=5, seed=0, **change):
    settings = {"acceleration": SPEED, "generator": torch.Generator().manual_seed(seed)} | change
    return SiliconLayer(fan_in, n, CIRCUIT, DT, **settings)


def noise(n_steps=40, n_batch=2, fan_in=3, seed=1):
    drawn = torch.rand(n_steps, n_batch, fan_in, generator=torch.Generator().manual_seed(seed))
    return (drawn < 0.2).double().transpose(0, 1)


def test_the_gradient_of_the_potential_is_that_of_finite_differences():
    """Below threshold, for weights, gate biases and widths; double precision."""
    silicon = layer().double()
    names = [name for name, _ in silicon.named_parameters()]
    assert set(names) == {"weight", "bias.gate", "bias.size"}

    def potential(*parameters):  # gradcheck alters them in place
        return scan(
            leaky_step, silicon.drive(noise(8)).transpose(0, 1), lif_state(2, silicon.tau_mem), silicon.params()
        )[0]

    assert torch.autograd.gradcheck(potential, tuple(silicon.parameters()), eps=1e-6, atol=1e-8, rtol=1e-5)


def test_a_current_drives_a_silent_neuron_to_its_share_of_the_threshold():
    """Without spikes v goes to I tau / (N q)."""
    silicon = layer(fan_in=0).double()
    drive = silicon.drive(torch.zeros(1, 400, 0, dtype=torch.float64)).transpose(0, 1)
    v = scan(leaky_step, drive, lif_state(1, silicon.tau_mem), silicon.params())[0][-1, 0]
    expected = silicon.bias.current * TAU / (SPEED * CIRCUIT.charge_per_weight)
    torch.testing.assert_close(v, expected, rtol=1e-6, atol=0)


def test_rates_are_learnt_by_gate_and_width():
    """Six neurons to 0 to 120 Hz: the loss falls a hundredfold in 80 steps."""
    wanted = torch.tensor([0.0, 15.0, 30.0, 60.0, 90.0, 120.0])
    silicon = layer(fan_in=0, n=6)
    start = silicon.bias.v_gs.detach(), silicon.bias.width.detach()
    optimiser = torch.optim.Adam(silicon.parameters(), lr=0.04)
    losses = []
    for _ in range(80):
        rates = silicon(torch.zeros(1, 500, 0)).mean((0, 1)) / DT
        losses.append(((rates - wanted) / 50).square().mean())
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < losses[0] / 100
    for now, before in zip((silicon.bias.v_gs, silicon.bias.width), start, strict=True):
        assert (now[1:] != before[1:]).all()  # the first was silent from the start


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_two_hundred_violent_steps_leave_every_bias_in_range(sign, dtype):
    silicon = layer().to(dtype)
    optimiser = torch.optim.SGD(silicon.parameters(), lr=1e6)
    for _ in range(200):
        loss = sign * silicon.bias.drive(silicon.tau_mem).log().sum()
        optimiser.zero_grad()
        loss.backward()
        assert all(torch.isfinite(p.grad).all() for p in silicon.bias.parameters())
        optimiser.step()
    low, high = gate_range(CIRCUIT.device)
    v_gs, width = silicon.bias.v_gs.tolist(), silicon.bias.width.tolist()
    assert all(low < v < high for v in v_gs)
    assert all(WIDTHS[0] < w < WIDTHS[1] for w in width)
    end = (high, WIDTHS[0]) if sign > 0 else (low, WIDTHS[1])
    torch.testing.assert_close(silicon.bias.v_gs, torch.full_like(silicon.tau_mem, end[0]), rtol=0, atol=0.02)
    torch.testing.assert_close(
        silicon.bias.width.log(), torch.full_like(silicon.tau_mem, end[1]).log(), rtol=0, atol=0.1
    )


@pytest.mark.parametrize("x", [-1e30, -40.0, 0.0, 40.0, 1e30])
def test_a_bounded_parameter_stays_inside_with_a_finite_gradient(x):
    x = torch.tensor([x], requires_grad=True)
    y = bounded(x, (-1.49, -0.4))
    y.sum().backward()
    assert -1.49 < y.item() < -0.4
    assert torch.isfinite(x.grad).all()


def test_state_is_an_argument_and_two_halves_are_the_whole():
    silicon, x = layer().double(), noise(60)
    with torch.no_grad():
        silicon.weight *= 10
    whole = silicon(x)
    first, state = silicon.run(x[:, :25])
    second, _ = silicon.run(x[:, 25:], state)
    assert whole.mean() > 0.01
    torch.testing.assert_close(torch.cat((first, second), 1), whole, rtol=0, atol=0)


def test_the_same_seed_gives_the_same_devices():
    one, same, other = (layer(seed=seed).bias.v_gs for seed in (4, 4, 5))
    assert (one == same).all()
    assert (one != other).any()


def test_a_speed_that_the_device_does_not_reach_is_refused():
    with pytest.raises(
        ValueError, match=r"at an acceleration of 1 .* 32nm-pdsoi .* choose an acceleration of at least"
    ):
        layer(acceleration=1.0)


def test_the_export_holds_the_learned_devices_and_brian2_fires_as_the_layer():
    silicon, x = layer(seed=2).double(), noise(60)
    with torch.no_grad():
        silicon.bias.gate += 0.8 * torch.randn(5, generator=torch.Generator().manual_seed(6)).double()
        silicon.bias.size += torch.randn(5, generator=torch.Generator().manual_seed(7)).double()
        spikes = silicon(x)
    spec = silicon_spec("hidden", silicon)
    devices = bias_devices(silicon.bias)
    net = ChipNetwork(NetworkSpec("silicon", DT, (spec,)), CIRCUIT, {"hidden": devices})
    np.testing.assert_array_equal(devices.v_gs, silicon.bias.v_gs.detach().numpy())
    np.testing.assert_array_equal(devices.width, silicon.bias.width.detach().numpy())
    np.testing.assert_array_equal(run_brian2(net, x.numpy()).spikes["hidden"], spikes.numpy())
    assert 0.02 < spikes.mean() < 0.9


def test_the_trained_devices_fire_the_circuits_in_brian2_at_their_closed_form():
    silicon = layer(fan_in=0, n=2).double()
    with torch.no_grad():
        silicon.bias.gate.copy_(torch.tensor([2.0, 1.2]))
    devices = {"out": bias_devices(silicon.bias)}
    net = ChipNetwork(NetworkSpec("silicon", DT, (silicon_spec("out", silicon),)), CIRCUIT, devices)
    fast = circuit_at_speed(CIRCUIT, SPEED)
    expected = [period(fast, i.item()) for i in silicon.bias.current]
    timing = TwinTiming(acceleration=SPEED, dt=5e-9)
    trains = spike_times(brian2_network(net, timing=timing), 3.2 * max(expected))["out"]
    for train, interval in zip(trains, expected, strict=True):
        np.testing.assert_allclose(np.diff(train), interval, rtol=0, atol=5e-9)
    with pytest.raises(ValueError, match="biased for an acceleration of 1000, the timing says 1"):
        brian2_network(net)


def test_network_json_holds_gate_bias_and_width_of_every_neuron(tmp_path):
    silicon = layer()
    spec, devices = silicon_spec("hidden", silicon), bias_devices(silicon.bias)
    net = ChipNetwork(NetworkSpec("silicon", DT, (spec,)), CIRCUIT, {"hidden": devices})
    (file,) = write_network_json(tmp_path, net)
    record = json.loads(file.read_text())["layers"][0]
    assert record["neurons"]["bias_gate_v"] == devices.v_gs.tolist()
    assert record["neurons"]["bias_width_m"] == devices.width.tolist()
    current = btbt_current(CIRCUIT.device.v_ds - devices.v_gs, CIRCUIT.device, devices.width)
    assert record["bias"]["current_a"] == pytest.approx(current, rel=1e-12, abs=0)
    assert record["bias"]["charge_c"] == pytest.approx(spec.bias * CIRCUIT.charge_per_weight, rel=1e-12, abs=0)
    assert record["bias"]["acceleration"] == SPEED
    assert "gate_bias_v" not in record["bias"]  # no pulses
    assert not any(note.startswith("hidden bias") for note in network_parameters(net)["notes"])


RECIPE = ("network.norm=none", "network.dropout=0", "network.hidden=[7, 6]", "features.n_mels=5", "neuron.bias=silicon")


def test_a_spotter_of_a_recipe_trains_its_gate_biases_and_exports_them():
    recipe = parse_recipe('name = "silicon"', RECIPE)
    model = Spotter(recipe, recipe.features.at(8000), "abc")
    x = torch.randn(6, 30, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(6) % 3
    before = [hidden.silicon.v_gs.detach().clone() for hidden in model.layers]
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        losses.append(model.loss(x, labels))
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < losses[0]
    exported = model.eval().chip().bias_devices
    assert list(exported) == ["hidden1", "hidden2"]
    for hidden, start, devices in zip(model.layers, before, exported.values(), strict=True):
        assert (hidden.silicon.v_gs != start).all()  # each starts where the gradient reaches it
        np.testing.assert_array_equal(devices.v_gs, hidden.silicon.v_gs.detach().double().numpy())
        assert devices.acceleration == 1000.0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("network.norm=batch",), 'set network.norm to "none"'),
        (("neuron.acceleration=0.1",), r"neuron: at an acceleration of 0.1 .* choose an acceleration of at least"),
        (("neuron.acceleration=-1",), "greater than 0"),
    ],
)
def test_a_recipe_that_no_device_can_do_is_refused(settings, said):
    with pytest.raises(RecipeError, match=said):
        parse_recipe('name = "silicon"', (*RECIPE, *settings))


@pytest.mark.parametrize("device", ["32nm-pdsoi-nsd3e19", "32nm-pdsoi"])
def test_recipes_name_the_device(device):
    assert (
        parse_recipe('name = "silicon"', (*RECIPE, f"neuron.device={device}")).neuron.circuit().device
        is DEVICES[device]
    )

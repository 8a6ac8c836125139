"""Tensors that do not fit, or hold no numbers: every backend says so."""

import pytest
import torch

from snn.kernels import network_loss, run_layer, run_network, run_readout
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.networks.spotter import Spotter
from snn.neurons.adaptive import AdaptiveParams, adaptive_state
from snn.neurons.lif import LIFParams, lif_state
from snn.recipes.recipe import load_recipe
from snn.training.gradient import require_memory

N = 3
backends = pytest.mark.parametrize("backend", ["auto", "reference", "cpu"])


def layer(fan_in=4, n=N):
    params = LIFParams(torch.full((n,), 0.5), torch.ones(n))
    return DenseLayer(torch.ones(fan_in, n), torch.zeros(n), params, torch.zeros(n, n))


def gains(n):
    return GainLayer(torch.ones(n), torch.zeros(n), LIFParams(torch.full((n,), 0.5), torch.ones(n)), 2)


def readout(n=N):
    return Readout(torch.ones(n, 2), torch.zeros(2), torch.full((2,), 0.9))


@backends
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alpha": torch.tensor([0.5])}, r"alpha is \(1,\).*needs \(3,\)"),
        ({"v_threshold": torch.ones(5)}, r"v_threshold is \(5,\)"),
        ({"alpha": torch.full((N,), 0.5).double()}, "alpha is .*float64"),
    ],
)
def test_parameters_that_do_not_fit(backend, change, told):
    params = LIFParams(torch.full((N,), 0.5), torch.ones(N))._replace(**change)
    with pytest.raises(ValueError, match=told):
        run_layer(torch.zeros(4, 2, N), lif_state(2, torch.ones(N)), params, None, backend)


@backends
def test_recurrent_weights_and_states_that_do_not_fit(backend):
    params, drive = LIFParams(torch.full((N,), 0.5), torch.ones(N)), torch.zeros(4, 2, N)
    with pytest.raises(ValueError, match=r"recurrent is \(3, 4\)"):
        run_layer(drive, lif_state(2, torch.ones(N)), params, torch.zeros(N, 4), backend)
    state = lif_state(2, torch.ones(N))._replace(spikes=torch.zeros(1, N))
    with pytest.raises(ValueError, match=r"state.spikes is \(1, 3\)"):
        run_layer(drive, state, params, None, backend)


@backends
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_drive_that_is_no_number_at_any_step(backend, value):
    if value > 0:
        pytest.skip("an infinite drive is a spike, and a reset, at every step")
    for t in (0, 2, 3):
        drive = torch.zeros(4, 2, N)
        drive[t, 1, 2] = value
        params = LIFParams(torch.full((N,), 0.5), torch.ones(N))
        with pytest.raises((ValueError, FloatingPointError), match="NaN or infini"):
            run_layer(drive, lif_state(2, params.alpha), params, None, backend)
        a = torch.full((N,), 0.5)
        params = AdaptiveParams(a, torch.ones(N), a, 0 * a, 0 * a)
        with pytest.raises((ValueError, FloatingPointError), match="NaN or infini"):
            run_layer(drive, adaptive_state(2, params.alpha), params, None, backend)


@backends
def test_a_network_fed_with_no_number(backend):
    x, labels = torch.zeros(5, 2, 4), torch.tensor([0, 1])
    x[3, 1, 2] = float("nan")
    with pytest.raises((ValueError, FloatingPointError), match="NaN or infini"):
        network_loss(x, labels, Network((layer(), layer(N)), readout()), 10.0, backend)
    with pytest.raises((ValueError, FloatingPointError), match="NaN or infini"):
        run_network(x, Network((layer(), layer(N)), readout()), backend)


@backends
def test_layers_and_labels_that_do_not_fit(backend):
    x, labels = torch.zeros(5, 2, 4), torch.tensor([0, 1])
    for layers, end, told in (
        ((layer(5),), readout(), r"layer 1: weight is \(5, 3\)"),
        ((layer(), layer(6)), readout(), r"layer 2: weight is \(6, 3\)"),
        ((layer(),), readout(7), r"readout: weight is \(7, 2\)"),
        ((), readout(), "at least one layer"),
    ):
        with pytest.raises(ValueError, match=told):
            network_loss(x, labels, Network(layers, end), 10.0, backend)
    for wrong in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="the model has 2"):
            network_loss(x, torch.tensor(wrong), Network((layer(),), readout()), 10.0, backend)
    with pytest.raises(ValueError, match="3 labels"):
        network_loss(x, torch.tensor([0, 1, 0]), Network((layer(),), readout()), 10.0, backend)


@backends
def test_a_network_whose_populations_do_not_fit_is_not_run(backend):
    x = torch.zeros(5, 2, 4)
    for net, told in (
        (Network((layer(), layer(6)), readout()), r"layer 2: weight is \(6, 3\)"),
        (Network((layer()._replace(bias=torch.zeros(2)),), readout()), r"layer 1: weight is \(4, 3\).*needs \(4, 2\)"),
        (Network((layer(8),), readout(), gains(6)), r"encoder: gain is \(6,\).*needs \(8,\)"),
        (Network((layer(8),), readout(), gains(8)._replace(per_channel=0)), "per_channel is at least 1"),
        (Network((), readout()), "at least one layer"),
    ):
        with pytest.raises(ValueError, match=told):
            run_network(x, net, backend)


@backends
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_of_no_numbers_is_not_run(backend, value):
    x, net = torch.zeros(5, 2, 4), Network((layer(8),), readout(), gains(8))
    bad, end = torch.full((8, N), value), readout()
    for wrong, told in (
        (net._replace(layers=(layer(8)._replace(weight=bad),)), "layer 1: weight"),
        (net._replace(encoder=gains(8)._replace(gain=bad[:, 0])), "encoder: gain"),
        (net._replace(readout=end._replace(alpha=bad[0, :2])), "readout: alpha"),
    ):
        with pytest.raises(FloatingPointError, match=f"{told} holds NaN or infinity"):
            run_network(x, wrong, backend)
    floor = layer(8).params._replace(v_floor=value)
    with pytest.raises(FloatingPointError, match="v_floor"):
        run_network(x, net._replace(layers=(layer(8)._replace(params=floor),)), backend)
    run_network(x, net._replace(layers=(layer(8)._replace(params=floor._replace(v_floor=-float("inf"))),)), backend)


@backends
def test_strides_and_expanded_tensors_do_not_matter(backend):
    g = torch.Generator().manual_seed(0)
    x, labels = torch.randn(6, 8, 4, generator=g), torch.tensor([0, 1, 1, 0, 1, 0, 0, 1])
    net = (layer()._replace(weight=torch.randn(4, N, generator=g)),), readout()
    expected = network_loss(x, labels, Network(*net), 10.0, backend).value
    strided = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert not strided.is_contiguous()
    assert network_loss(strided, labels, Network(*net), 10.0, backend).value == expected
    one = x[:, :1].expand(6, 8, 4)
    torch.testing.assert_close(
        network_loss(one, labels, Network(*net), 10.0, backend).value,
        network_loss(one.clone(), labels, Network(*net), 10.0, backend).value,
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            ["hidden=[65536, 65536]"],
            r"training 4,\d+,\d+,\d+ weights needs 64.* this machine has 24; lower network.hidden",
        ),
        (
            ["batch_size=65536", "hidden=[512]"],
            "batches of 65,536 clips .* needs .* lower training.batch_size",
        ),
    ],
)
def test_a_network_too_large_for_memory_is_refused_before_anything_is_allocated(monkeypatch, settings, told):
    monkeypatch.setattr("snn.memory.physical_memory", lambda: 24 * 2**30)
    recipe = load_recipe("fsdd", settings)
    with pytest.raises(ValueError, match=told):
        require_memory(Spotter(recipe, recipe.features.at(8000), "0123456789"), 100, recipe.training.batch_size)


@backends
@pytest.mark.parametrize("alpha", [1.0, 1 - 1e-6])
def test_a_time_constant_whose_gradient_would_be_lost_is_refused(backend, alpha):
    x, labels = torch.randn(5, 2, N, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1])
    params = LIFParams(torch.full((N,), alpha, requires_grad=True), torch.ones(N))
    with pytest.raises(FloatingPointError, match=r"alpha is up to .*20,000 steps: lower the time constant, or detach"):
        run_layer(x, lif_state(2, torch.ones(N)), params, None, backend)
    end = readout()._replace(alpha=torch.full((2,), alpha, requires_grad=True))
    with pytest.raises(FloatingPointError, match="readout: alpha is up to"):
        network_loss(x, labels, Network((layer(N),), end), 10.0, backend)
    with torch.no_grad():  # forward, an integrator without leak is as good as any
        run_layer(x, lif_state(2, torch.ones(N)), params, None, backend)


@backends
def test_at_the_longest_time_constant_the_gradient_is_that_of_double_precision(backend):
    grads = []
    for dtype in (torch.float32, torch.float64):
        drive = torch.randn(200, 2, N, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
        alpha = torch.full((N,), 1 - 6e-5, dtype=torch.float64).to(dtype).requires_grad_()
        potential, _ = run_readout(
            drive, lif_state(2, torch.ones(N, dtype=dtype)), LIFParams(alpha, 0 * alpha), backend
        )
        potential.sum().backward()
        grads.append(alpha.grad.double())
    torch.testing.assert_close(grads[0], grads[1], rtol=2e-3, atol=0)


@backends
@pytest.mark.parametrize("adaptive", [False, True])
def test_no_clips_have_no_gradient(backend, adaptive):
    a = torch.full((N,), 0.5, requires_grad=True)
    params = AdaptiveParams(a, torch.ones(N), a, a, a) if adaptive else LIFParams(a, torch.ones(N))
    start = (adaptive_state if adaptive else lif_state)(0, torch.ones(N))
    drive, loop = torch.zeros(4, 0, N, requires_grad=True), torch.zeros(N, N, requires_grad=True)
    spikes, _ = run_layer(drive, start, params, loop, backend)
    potential, _ = run_readout(spikes, lif_state(0, torch.ones(N)), LIFParams(a, torch.ones(N)), backend)
    potential.sum().backward()
    assert drive.grad.shape == drive.shape
    assert not a.grad.any()
    assert not loop.grad.any()


@backends
def test_a_state_of_another_neuron_is_named(backend):
    a, drive = torch.full((N,), 0.5), torch.zeros(4, 2, N)
    plain, adaptive = LIFParams(a, a), AdaptiveParams(a, a, a, a, a)
    with pytest.raises(TypeError, match=r"AdaptiveParams with a LIFState; .*adaptive_state"):
        run_layer(drive, lif_state(2, a), adaptive, None, backend)
    with pytest.raises(TypeError, match="LIFParams with a AdaptiveState"):
        run_layer(drive, adaptive_state(2, a), plain, None, backend)

"""Tensors that do not fit, or hold no numbers: every backend says so."""

import pytest
import torch

from snn.kernels import network_loss, run_layer, run_network
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.networks.spotter import Spotter
from snn.neurons.adaptive import AdaptiveParams, adaptive_state
from snn.neurons.lif import LIFParams, lif_state
from snn.recipe import load_recipe

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
        network_loss(x, labels, (layer(), layer(N)), readout(), 10.0, backend)
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
            network_loss(x, labels, layers, end, 10.0, backend)
    for wrong in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="the readout has 2"):
            network_loss(x, torch.tensor(wrong), (layer(),), readout(), 10.0, backend)
    with pytest.raises(ValueError, match="3 labels"):
        network_loss(x, torch.tensor([0, 1, 0]), (layer(),), readout(), 10.0, backend)


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
    expected = network_loss(x, labels, *net, 10.0, backend)
    strided = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    assert not strided.is_contiguous()
    assert network_loss(strided, labels, *net, 10.0, backend) == expected
    one = x[:, :1].expand(6, 8, 4)
    torch.testing.assert_close(
        network_loss(one, labels, *net, 10.0, backend), network_loss(one.clone(), labels, *net, 10.0, backend)
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            ["hidden=[65536, 65536]"],
            r"training 4,\d+,\d+,\d+ weights needs 64.* this machine has 24; lower network.hidden",
        ),
        (["batch_size=65536", "hidden=[512]"], "time steps needs .* lower training.batch_size"),
    ],
)
def test_a_network_too_large_for_memory_is_refused_before_anything_is_allocated(monkeypatch, settings, told):
    monkeypatch.setattr("snn.memory.physical_memory", lambda: 24 * 2**30)
    with pytest.raises(ValueError, match=told):
        Spotter(load_recipe("fsdd", settings), 10, torch.Generator())

"""The GPU kernels inside a network, at their limits, and what they refuse.

Each neuron is compared in test_kernels_match_reference, which runs for every backend.
Without a GPU, TRITON_INTERPRET=1 runs the kernels in Triton's interpreter, on the CPU.
"""

import math

import pytest
import torch

from snn.kernels import gpu as kernels
from snn.kernels import network_loss, run_layer, run_readout
from snn.kernels.reference import DenseLayer, Network, Readout
from snn.networks.spotter import Spotter
from snn.neurons.adaptive import AdaptiveParams
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import atan
from snn.recipes.recipe import load_recipe


def lif(n, device, **changes):
    alpha = torch.linspace(0.5, 0.9, n, device=device)
    return LIFParams(alpha, torch.ones_like(alpha), atan)._replace(**changes)


def noise(*shape, device, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(device)


def test_a_whole_network_has_the_reference_loss_and_gradients(gpu):
    """LIF, then recurrent adaptive LIF: every layer is dispatched on its own."""
    shapes = (6, 9), (9, 7), (7, 7), (7, 3)
    weights = [noise(*shape, device=gpu, seed=i).double().requires_grad_() for i, shape in enumerate(shapes)]
    alpha, rest = (torch.linspace(0.5, 0.9, n, device=gpu).double().requires_grad_() for n in (9, 7))
    layers = (
        DenseLayer(weights[0], alpha * 0, LIFParams(alpha, torch.ones_like(alpha), atan, -1.0)),
        DenseLayer(weights[1], rest, AdaptiveParams(rest, rest, rest, 0.2 * rest, rest, atan), 0.2 * weights[2]),
    )
    readout = Readout(weights[3], weights[3][0], torch.full_like(weights[3][0], 0.8))
    x, labels = noise(11, 4, 6, device=gpu, seed=9).double(), torch.arange(4, device=gpu) % 3
    leaves = [*weights, alpha, rest, x.requires_grad_()]
    results = []
    for backend in ("gpu", "reference"):
        loss = network_loss(x, labels, Network(layers, readout), 20.0, backend).value
        results.append((loss, *torch.autograd.grad(loss, leaves, retain_graph=True)))
    for mine, theirs in zip(*results, strict=True):
        assert (mine - theirs).abs().max() <= 1e-9 * theirs.abs().max()


@pytest.mark.parametrize("settings", [(), ("norm=none", "model=lif", "recurrent=true")], ids=["adaptive", "recurrent"])
def test_twenty_training_steps_end_alike(settings, gpu):
    """Single precision: a spike may flip at threshold, so the losses agree within noise and both fall."""
    features, labels = noise(12, 8, 4, device="cpu", seed=3), torch.arange(12) % 4
    features[torch.arange(12), :, labels] += 1.5
    losses = []
    for backend in ("gpu", "reference"):
        recipe = load_recipe("fsdd", [*settings, "dropout=0", f"backend={backend}", "hidden=[12]", "n_mels=4"])
        model = Spotter(recipe, recipe.features.at(8000), "abcd", backend=backend).to(gpu)
        optimiser, run = torch.optim.Adam(model.parameters(), 0.01), []
        for _ in range(20):
            optimiser.zero_grad()
            loss = model.loss(features.to(gpu), labels.to(gpu))
            loss.backward()
            optimiser.step()
            run.append(loss.item())
        losses.append(run)
    mine, theirs = losses
    assert mine[0] == pytest.approx(theirs[0], rel=1e-4)
    assert mine[-1] < 0.99 * mine[0]
    assert mine[-1] == pytest.approx(theirs[-1], rel=0.15)


@pytest.mark.parametrize("inside", [True, False], ids=["one launch", "step by step"])
def test_recurrent_layers_agree_whichever_way_they_run(inside, monkeypatch, gpu):
    """Single precision, 19 clips: more than one tile, the last one part empty."""
    monkeypatch.setattr(kernels, "SMALL", 33 if inside else 32)
    params, drive = lif(33, gpu), (noise(9, 19, 33, device=gpu) + 0.6).requires_grad_()
    loop = noise(33, 33, device=gpu, seed=1).mul(0.3).requires_grad_()
    start = lif_state(19, params.alpha)._replace(spikes=(noise(19, 33, device=gpu) > 0).float().requires_grad_())
    results = []
    for backend in ("gpu", "reference"):
        spikes, state = run_layer(drive, start, params, loop, backend)
        loss = (spikes * drive.detach()).sum() + state.v.square().sum()
        results.append((spikes, *torch.autograd.grad(loss, (drive, loop, start.spikes))))
    for mine, theirs in zip(*results, strict=True):
        assert (mine - theirs).abs().max() <= 1e-4 * theirs.abs().max()


def test_the_width_of_a_tile_changes_nothing(monkeypatch, gpu):
    params, drive = lif(150, gpu), noise(7, 3, 150, device=gpu).add(0.6).requires_grad_()
    results = []
    for limit in (kernels.MANY, 0):
        monkeypatch.setattr(kernels, "MANY", limit)
        spikes, state = run_layer(drive, lif_state(3, params.alpha), params, None, "gpu")
        results.append((spikes, state.v, *torch.autograd.grad((spikes * drive.detach()).sum(), drive)))
    assert all(torch.equal(narrow, wide) for narrow, wide in zip(*results, strict=True))


def test_nothing_is_kept_where_no_gradient_is_asked_for(gpu):
    params, drive = lif(5, gpu), noise(6, 2, 5, device=gpu).requires_grad_()
    start = lif_state(2, params.alpha)
    with_graph, _ = run_layer(drive, start, params, None, "gpu")
    with torch.no_grad():
        without, _ = run_layer(drive, start, params, None, "gpu")
    assert with_graph.requires_grad
    assert not without.requires_grad
    assert torch.equal(with_graph, without)


def test_without_a_floor_inhibition_has_no_end(gpu):
    params, drive = lif(3, gpu), torch.full((40, 2, 3), -50.0, device=gpu)
    spikes, state = run_layer(drive, lif_state(2, params.alpha), params, None, "gpu")
    expected = -50 * (1 - params.alpha**40)  # exact solution of the leaky integrator under constant drive
    assert not spikes.any()
    torch.testing.assert_close(state.v, expected.expand(2, 3))


@pytest.mark.parametrize("v_floor", [-math.inf, -1.0])
def test_a_number_that_is_none_stays_visible(v_floor, gpu):
    params, drive = lif(3, gpu, v_floor=v_floor), torch.zeros(5, 2, 3, device=gpu)
    drive[1, 0, 2] = math.nan
    spikes, state = run_layer(drive, lif_state(2, params.alpha), params, None, "gpu")
    assert state.v.isnan().nonzero().tolist() == [[0, 2]]
    assert not spikes.any()


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"params": {"alpha": torch.ones(1)}}, "alpha is"),
        ({"params": {"v_threshold": torch.ones(3, 1)}}, "v_threshold is"),
        ({"state": {"spikes": torch.zeros(1, 3)}}, "state.spikes is"),
        ({"state": {"v": torch.zeros(2, 3).double()}}, "state.v is"),
        ({"recurrent": torch.zeros(3, 2)}, "recurrent is"),
    ],
    ids=["alpha", "v_threshold", "spikes", "v", "recurrent"],
)
def test_what_a_kernel_would_misread_is_refused_by_name(wrong, place, gpu):
    params = lif(3, gpu)
    start = lif_state(2, params.alpha)._replace(**{k: t.to(gpu) for k, t in wrong.get("state", {}).items()})
    params = params._replace(**{k: t.to(gpu) for k, t in wrong.get("params", {}).items()})
    recurrent = wrong["recurrent"].to(gpu) if "recurrent" in wrong else None
    with pytest.raises(ValueError, match=place):
        run_layer(torch.zeros(4, 2, 3, device=gpu), start, params, recurrent, "gpu")


def test_half_precision_is_refused_by_name(gpu):
    params = lif(3, gpu)
    half = params._replace(alpha=params.alpha.half(), v_threshold=params.v_threshold.half())
    with pytest.raises(ValueError, match=r"float32 and float64.*got torch\.float16"):
        run_layer(torch.zeros(4, 2, 3, device=gpu).half(), lif_state(2, half.alpha), half, None, "gpu")


def test_where_the_kernels_cannot_run_the_error_names_the_remedy(monkeypatch):
    params, drive = lif(3, "cpu"), torch.zeros(4, 2, 3)
    start = lif_state(2, params.alpha)
    monkeypatch.setattr(kernels, "interpreted", lambda: False)
    monkeypatch.setattr(kernels, "installed", lambda: True)
    with pytest.raises(ValueError, match="--device cuda"):
        run_layer(drive, start, params, None, "gpu")
    monkeypatch.setattr(kernels, "installed", lambda: False)
    with pytest.raises(ValueError, match="pip install triton"):
        run_readout(drive, start, params, "gpu")

"""The fused network against the plain PyTorch one: loss and gradients, any micro-batch, activity and threads."""

import math
from itertools import chain, pairwise

import pytest
import torch

from snn.kernels import cpu_products, fused, network_loss, reference
from snn.kernels.dropout import NO_DROPOUT, Dropout
from snn.kernels.reference import DenseLayer, GainLayer, Network, Norm, Readout
from snn.networks.spotter import Spotter
from snn.neurons.adaptive import AdaptiveParams
from snn.neurons.lif import LIFParams
from snn.neurons.surrogate import SURROGATES, Surrogate, atan, boxcar
from snn.recipes.recipe import load_recipe

SIZES = (12, 32, 24, 7)
EVIDENCE = 60.0


SPIKE_GRADS = SURROGATES | {"steep": Surrogate("atan", 2.5), "own": lambda x: torch.exp(-4 * x.square())}


def network(adaptive, recurrent, dtype, spike_grad, gain=1.5, norm=False):
    """Layers and readout with every number away from its default; `gain` sets the activity."""
    g = torch.Generator().manual_seed(0)

    def within(low, high, *shape):
        draw = torch.rand(*shape, generator=g, dtype=torch.float64)
        return (low + (high - low) * draw).to(dtype).requires_grad_()

    def normal(scale, *shape):
        return (scale * torch.randn(*shape, generator=g, dtype=torch.float64)).to(dtype).requires_grad_()

    layers = []
    for i, (fan_in, n) in enumerate(pairwise(SIZES[:-1])):
        weight = normal(gain * (4 if i else 1) / fan_in**0.5, fan_in, n)
        shared = (within(0.6, 0.9, n), within(0.9, 1.1, n))
        if adaptive:
            extra = (within(0.8, 0.95, n), within(-0.2, 0.2, n), within(0.0, 0.5, n))
            params = AdaptiveParams(*shared, *extra, spike_grad, -1.0)
        else:
            params = LIFParams(*shared, spike_grad, -1.0)
        loop = normal(0.5 / n**0.5, n, n) if recurrent else None
        normalised = Norm(within(0.7, 1.3, n), 1e-3) if norm else None
        layers.append(DenseLayer(weight, within(-0.1, 0.3, n), params, loop, normalised))
    n, n_labels = SIZES[-2:]
    return tuple(layers), Readout(normal(0.3, n, n_labels), within(-0.1, 0.1, n_labels), within(0.7, 0.95, n_labels))


def clips(dtype, n_time=30, n_batch=37, seed=5):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n_time, n_batch, SIZES[0], generator=g, dtype=torch.float64).to(dtype).requires_grad_()
    return x, torch.randint(0, SIZES[-1], (n_batch,), generator=g)


def leaves(layers, readout):
    for layer in layers:
        yield from (layer.weight, layer.bias, *(p for p in layer.params if isinstance(p, torch.Tensor)))
        if layer.recurrent is not None:
            yield layer.recurrent
        if layer.norm is not None:
            yield layer.norm.gain
    yield from readout


def steady_clips(build, limit, dropout):
    """Clips of single precision where no rounding decides on a spike, or on an edge of a surrogate.

    There the reference itself is the same in single and in double precision, to a part of the limit.
    """
    for seed in range(5, 50):
        found = []
        for dtype in (torch.float64, torch.float32):
            (layers, readout, *encoder), (x, labels) = build(dtype), clips(dtype, seed=seed)
            loss = reference.network_loss(x, labels, Network(layers, readout, *encoder), EVIDENCE, dropout).value
            found.append(torch.autograd.grad(loss, [*leaves(layers, readout), x]))
        if all((a - b).abs().max() <= 0.3 * limit * a.abs().max() for a, b in zip(*found, strict=True)):
            return x, labels
    raise AssertionError("rounding decides on all clips")


def compare(layers, readout, x, labels, limit, dropout=NO_DROPOUT, encoder=None, costs=()):
    net = Network(layers, readout, encoder)
    own = [] if encoder is None else [encoder.gain, encoder.bias, encoder.params.alpha, encoder.params.v_threshold]
    inputs = [*leaves(layers, readout), *own, x]
    expected = reference.network_loss(x, labels, net, EVIDENCE, dropout, costs)
    got = fused.network_loss(x, labels, net, EVIDENCE, dropout, costs)
    assert abs(got.value.item() - expected.value.item()) <= limit * expected.value.item()
    gradients = (torch.autograd.grad(loss.value, inputs) for loss in (got, expected))
    for mine, theirs in zip(*gradients, strict=True):
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max()
    assert len(got.moments) == len(expected.moments) == sum(layer.norm is not None for layer in layers)
    for mine, theirs in zip(chain(*got.moments), chain(*expected.moments), strict=True):
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max()


@pytest.mark.parametrize("spike_grad", SPIKE_GRADS)
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=["double", "single"])
def test_loss_and_every_gradient_are_those_of_the_reference(adaptive, recurrent, spike_grad, dtype, limit):
    """Dropout and normalisation, which no surrogate knows of, in turns: every kind of layer meets both, and neither,
    in either precision, and every surrogate does."""
    turn = list(SPIKE_GRADS).index(spike_grad)
    norm = (turn // 2 + adaptive + (dtype == torch.float32)) % 2 == 1
    dropout = Dropout((0.2, 0.2), 7) if (turn + adaptive + recurrent) % 2 else NO_DROPOUT

    def build(dtype):
        return network(adaptive, recurrent, dtype, SPIKE_GRADS[spike_grad], norm=norm)

    x, labels = clips(dtype) if dtype == torch.float64 else steady_clips(build, limit, dropout)
    compare(*build(dtype), x, labels, limit, dropout)


@pytest.mark.parametrize("spike_grad", [boxcar, atan], ids=["boxcar", "atan"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
def test_layers_wider_than_a_word_are_trained_alike(monkeypatch, adaptive, spike_grad):
    monkeypatch.setattr(f"{__name__}.SIZES", (70, 130, 65, 7))
    net = network(adaptive, True, torch.float64, spike_grad, norm=True)
    compare(*net, *clips(torch.float64, 20, 9), 1e-9, Dropout((0.2, 0.4), 7))


def test_votes_that_are_thousands_apart_are_those_of_the_reference():
    layers, readout = network(False, False, torch.float64, boxcar)
    far = readout._replace(bias=torch.linspace(-9e3, 9e3, SIZES[-1], dtype=torch.float64).requires_grad_())
    x, labels = clips(torch.float64)
    for net in (Network(layers, far), Network(layers, far._replace(bias=-far.bias))):
        expected, got = (which.network_loss(x, labels, net, EVIDENCE).value for which in (reference, fused))
        assert math.isfinite(got.item())
        assert got.item() == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("n_time", [100, 1000])
def test_a_silent_network_answers_by_chance_however_long_its_clips(n_time):
    """Votes for 7 labels alike, of all evidence together: ln 7, with more steps than evidence too."""
    layers, readout = network(False, False, torch.float32, boxcar, gain=0)
    layers = tuple(layer._replace(bias=torch.zeros_like(layer.bias)) for layer in layers)
    readout = readout._replace(bias=torch.zeros_like(readout.bias))
    x, labels = clips(torch.float32, n_time, 3)
    assert fused.network_loss(x, labels, Network(layers, readout), EVIDENCE).value.item() == pytest.approx(math.log(7))


@pytest.mark.parametrize("per_channel", [1, 2])
@pytest.mark.parametrize("dropout", [NO_DROPOUT, Dropout((0.2, 0.2), 7)], ids=["whole", "dropout"])
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=["double", "single"])
def test_an_encoder_of_neurons_is_trained_in_the_same_piece(dtype, limit, recurrent, dropout, per_channel):
    n = SIZES[0] * per_channel

    def build(dtype):
        layers, readout = network(False, recurrent, dtype, atan, norm=True)
        g = torch.Generator().manual_seed(8)

        def within(low, high, *shape):
            values = low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)
            return values.to(dtype).requires_grad_()

        first = layers[0]._replace(weight=within(-1, 1, n, layers[0].bias.shape[0]))
        params = LIFParams(within(0.5, 0.9, n), within(0.7, 1.2, n), boxcar, -0.8)
        encoder = GainLayer(within(-3, 3, n), within(-0.5, 1.5, n), params, per_channel)
        return (first, *layers[1:]), readout, encoder

    x, labels = clips(dtype) if dtype == torch.float64 else steady_clips(build, limit, dropout)
    layers, readout, encoder = build(dtype)
    compare(layers, readout, x, labels, limit, dropout, encoder)


@pytest.mark.parametrize("dropout", [NO_DROPOUT, Dropout((0.2, 0.2), 7)], ids=["whole", "dropout"])
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
def test_what_spikes_cost_is_trained_alike(monkeypatch, adaptive, recurrent, dropout):
    """Costs of either sign, of an encoder and of two layers, in many micro-batches."""
    monkeypatch.setattr(fused, "MICRO_ROWS", 7 * 30)
    layers, readout = network(adaptive, recurrent, torch.float64, atan, norm=True)
    n, g = SIZES[0], torch.Generator().manual_seed(8)
    gain, bias, alpha, threshold = torch.rand(4, n, generator=g, dtype=torch.float64) + 0.3
    params = LIFParams(alpha.clamp(max=0.9).requires_grad_(), threshold.requires_grad_(), boxcar, -0.8)
    encoder = GainLayer((2 * gain).requires_grad_(), bias.requires_grad_(), params, 1)
    costs = tuple(0.02 * torch.randn(n, generator=g, dtype=torch.float64) for n in SIZES[:-1])
    x, labels = clips(torch.float64)
    compare(layers, readout, x, labels, 1e-9, dropout, encoder, costs)


def test_the_loss_grows_by_what_every_spike_costs_mean_over_the_clips():
    layers, readout = network(True, True, torch.float64, atan)
    (x, labels), g = clips(torch.float64), torch.Generator().manual_seed(8)
    net, costs = Network(layers, readout), tuple(torch.rand(n, generator=g, dtype=torch.float64) for n in SIZES[1:-1])
    with torch.no_grad():
        _, spikes = reference.run_network(x, net)
        free, paid = (network_loss(x, labels, net, EVIDENCE, costs=each).value.item() for each in ((), costs))
    expected = sum((z.sum((0, 1)) * cost).sum().item() for z, cost in zip(spikes, costs, strict=True)) / x.shape[1]
    assert expected > 1
    assert paid - free == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="costs of spikes are given for 1 populations"):
        network_loss(x, labels, net, EVIDENCE, costs=costs[:1])
    with pytest.raises(ValueError, match="costs of population 2"):
        network_loss(x, labels, net, EVIDENCE, costs=(costs[0], costs[0]))


@pytest.mark.parametrize("rows", [1, 30, 7 * 30, 10**9])
def test_the_size_of_a_micro_batch_changes_nothing(monkeypatch, rows):
    monkeypatch.setattr(fused, "MICRO_ROWS", rows)
    net = network(True, True, torch.float64, atan, norm=True)
    compare(*net, *clips(torch.float64), 1e-9, Dropout((0.3, 0.3), 5))


@pytest.mark.parametrize(("gain", "sparse"), [(0.4, True), (1.5, True), (40.0, False)])
def test_sparse_and_dense_products_agree(gain, sparse):
    layers, readout = network(False, False, torch.float64, atan, gain)
    x, labels = clips(torch.float64)
    with torch.no_grad():
        _, (first, _) = reference.run_network(x, Network(layers, readout))
    assert (first.mean() < cpu_products.DENSE_FROM) == sparse
    compare(layers, readout, x, labels, 1e-9, Dropout((0.01, 0.01), 5))


@pytest.mark.parametrize("content", ["few ones", "many ones", "a one that is none", "nothing"])
def test_an_input_of_few_ones_is_no_other_input(content):
    layers, readout = network(False, True, torch.float64, atan, norm=True)
    x, labels = clips(torch.float64)
    with torch.no_grad():
        x.copy_(torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < (0.5 if content[0] == "m" else 0.1))
        if content == "a one that is none":
            x[-1, -1, -1] = -1.0
        if content == "nothing":
            x.zero_()
    compare(layers, readout, x, labels, 1e-9)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_number_of_threads_changes_rounding_only(n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        compare(
            *network(False, True, torch.float64, boxcar, norm=True), *clips(torch.float64), 1e-9, Dropout((0.3, 0.3), 5)
        )
    finally:
        torch.set_num_threads(before)


def test_the_same_call_gives_the_same_bits_however_the_threads_are_timed(monkeypatch):
    monkeypatch.setattr(fused, "MICRO_ROWS", 30)  # a clip each: many shares
    (layers, readout), (x, labels) = network(False, True, torch.float32, boxcar, norm=True), clips(torch.float32)
    inputs, before = list(leaves(layers, readout)), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        runs = []
        for _ in range(5):
            loss = fused.network_loss(x, labels, Network(layers, readout), EVIDENCE, Dropout((0.3, 0.3), 5)).value
            runs.append((loss.detach(), *torch.autograd.grad(loss, inputs)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for run in runs[1:] for a, b in zip(run, runs[0], strict=True))


def test_a_second_derivative_is_refused():
    (layers, readout), (x, labels) = network(False, False, torch.float64, atan), clips(torch.float64)
    loss = fused.network_loss(
        x, labels, Network(layers, readout), EVIDENCE
    ).value.square()  # its own derivative carries a graph
    (grad,) = torch.autograd.grad(loss, readout.bias, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


def test_buffers_of_one_shape_do_not_leak_into_another():
    layers, readout = network(True, False, torch.float64, atan)
    for n_time, n_batch in ((30, 37), (11, 3), (30, 37), (3, 1)):
        compare(layers, readout, *clips(torch.float64, n_time, n_batch), 1e-9)


def test_what_does_not_fit_is_refused():
    layers, readout = network(False, False, torch.float32, boxcar)
    x, labels = clips(torch.float32)
    with pytest.raises(ValueError, match="labels"):
        network_loss(x, labels[:5], Network(layers, readout), EVIDENCE, "cpu")
    with pytest.raises(ValueError, match="labels"):
        network_loss(x[:0], labels, Network(layers, readout), EVIDENCE, "cpu")
    with pytest.raises(ValueError, match="float32 and float64"):
        network_loss(x.half(), labels, Network(layers, readout), EVIDENCE, "cpu")


@pytest.mark.parametrize("encoder", ["lif", "delta"])
def test_twenty_training_steps_end_alike_on_every_backend(encoder):
    """Single precision: a spike may flip at threshold, so the losses agree within noise and both fall."""
    g = torch.Generator().manual_seed(3)
    features, labels = torch.randn(32, 40, 8, generator=g), torch.arange(32) % 4
    features[torch.arange(32), :, labels] += 1.5
    losses = []
    for backend in ("auto", "reference"):
        settings = [
            f"backend={backend}",
            f"encoder.kind={encoder}",
            "hidden=[24, 16]",
            "n_mels=8",
        ]
        recipe = load_recipe("fsdd", settings)
        model = Spotter(recipe, recipe.features.at(8000), "abcd", backend=recipe.training.backend)
        optimiser = torch.optim.Adam(model.parameters(), 0.01)
        run, generator = [], torch.Generator().manual_seed(1)
        for _ in range(20):
            optimiser.zero_grad()
            loss = model.loss(features, labels, generator)
            loss.backward()
            optimiser.step()
            run.append(loss.item())
        losses.append(run)
    mine, theirs = losses
    assert mine[0] == pytest.approx(theirs[0], rel=1e-4)
    assert mine[-1] < 0.99 * mine[0]
    assert mine[-1] == pytest.approx(theirs[-1], rel=0.15)

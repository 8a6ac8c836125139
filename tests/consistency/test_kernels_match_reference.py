"""Each backend's kernels against the plain PyTorch loop: every output and every gradient, for every neuron."""

import pytest
import torch

from snn.kernels import run_layer, run_readout
from snn.neurons.adaptive import AdaptiveParams, adaptive_state
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import SURROGATES, Surrogate

N_TIME, N_BATCH, N = 37, 5, 13  # odd, and more clips than one chunk holds in the test of chunks


SPIKE_GRADS = SURROGATES | {"steep": Surrogate("atan", 2.5), "own": lambda x: torch.exp(-4 * x.square())}


def leaf(values: torch.Tensor) -> torch.Tensor:
    return values.detach().requires_grad_()


def problem(adaptive, recurrent, spike_grad, dtype, device, shape=(N_TIME, N_BATCH, N), v_floor=-0.7):
    """Leaves by name, and the call that runs them on a backend; every parameter is away from its default."""
    n_time, n_batch, n = shape
    g = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64).to(device, dtype)

    def within(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)).to(device, dtype)

    leaves = {
        "drive": leaf(draw(n_time, n_batch, n) + 0.6),
        "alpha": leaf(within(0.3, 0.9, n)),
        "v_threshold": leaf(within(0.8, 1.2, n)),
        "v": leaf(draw(n_batch, n).mul(0.3).clamp_min(v_floor)),
        "spikes": leaf((draw(n_batch, n) > 0.5).to(dtype)),
    }
    if adaptive:
        names = {"rho": (0.6, 0.9), "a": (-0.4, 0.4), "b": (0.0, 1.0)}
        leaves |= {name: leaf(within(low, high, n)) for name, (low, high) in names.items()}
        leaves["w"] = leaf(draw(n_batch, n).mul(0.2))
    if recurrent:
        leaves["recurrent"] = leaf(0.3 * draw(n, n))

    def call(backend):
        if adaptive:
            names = ("alpha", "v_threshold", "rho", "a", "b")
            params = AdaptiveParams(*(leaves[n] for n in names), spike_grad, v_floor)
            start = adaptive_state(n_batch, leaves["alpha"])._replace(w=leaves["w"])
        else:
            params = LIFParams(leaves["alpha"], leaves["v_threshold"], spike_grad, v_floor)
            start = lif_state(n_batch, leaves["alpha"])
        start = start._replace(v=leaves["v"], spikes=leaves["spikes"])
        return run_layer(leaves["drive"], start, params, leaves.get("recurrent"), backend)

    return leaves, call


def gradients(leaves, result):
    """Gradients of a loss that looks at every output: the spikes of every step and the whole last state."""
    outputs = [result[0], *result[1]]
    g = torch.Generator().manual_seed(1)
    weights = [torch.randn(o.shape, generator=g, dtype=torch.float64).to(o) for o in outputs]
    loss = sum((o * w).sum() for o, w in zip(outputs, weights, strict=True))
    return torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)


def compare(leaves, call, backend, limit):
    """Every output and every gradient of a backend against the reference; returns the expected spikes."""
    expected, got = call("reference"), call(backend)
    for mine, theirs in zip((got[0], *got[1]), (expected[0], *expected[1]), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=limit, atol=limit)
    for name, mine, theirs in zip(leaves, gradients(leaves, got), gradients(leaves, expected), strict=True):
        if theirs is None:  # the first spikes matter only where they recur
            assert mine is None or not mine.any()
            continue
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max(), name
    return expected[0]


@pytest.mark.parametrize("spike_grad", SPIKE_GRADS.values(), ids=SPIKE_GRADS)
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=["double", "single"])
def test_outputs_and_gradients_are_those_of_the_reference(
    adaptive, recurrent, spike_grad, dtype, limit, backend, device
):
    spikes = compare(*problem(adaptive, recurrent, spike_grad, dtype, device), backend, limit)
    assert 0.02 < spikes.mean() < 0.9


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 17), (5, 1, 130), (3, 129, 2), (64, 1, 1), (2, 33, 64)], ids=str)
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
def test_any_shape_will_do(shape, recurrent, backend, device):
    compare(*problem(True, recurrent, SURROGATES["atan"], torch.float64, device, shape), backend, 1e-9)


def test_a_batch_of_many_chunks_is_its_clips_alone(backend, device):
    leaves, call = problem(True, True, SURROGATES["atan"], torch.float64, device, (N_TIME, 41, N))
    whole = call(backend)
    for clip in (0, 15, 16, 40):
        alone = {name: t[:, clip : clip + 1] if name == "drive" else t for name, t in leaves.items()}
        params = AdaptiveParams(
            *(leaves[n] for n in ("alpha", "v_threshold", "rho", "a", "b")), SURROGATES["atan"], -0.7
        )
        part = slice(clip, clip + 1)
        start = adaptive_state(1, leaves["alpha"])._replace(
            v=leaves["v"][part], spikes=leaves["spikes"][part], w=leaves["w"][part]
        )
        spikes, state = run_layer(alone["drive"], start, params, leaves["recurrent"], backend)
        assert torch.equal(spikes[:, 0], whole[0][:, clip])
        # a dense product sums in an order that the batch chooses
        torch.testing.assert_close(state.v[0], whole[1].v[clip], rtol=1e-12, atol=1e-12)


def test_a_sequence_in_two_parts_is_the_whole(backend, device):
    leaves, call = problem(False, True, SURROGATES["boxcar"], torch.float64, device)
    whole = call(backend)
    params = LIFParams(leaves["alpha"], leaves["v_threshold"], SURROGATES["boxcar"], -0.7)
    state = lif_state(N_BATCH, leaves["alpha"])._replace(v=leaves["v"], spikes=leaves["spikes"])
    first, state = run_layer(leaves["drive"][:11], state, params, leaves["recurrent"], backend)
    second, state = run_layer(leaves["drive"][11:], state, params, leaves["recurrent"], backend)
    assert torch.equal(torch.cat((first, second)), whole[0])
    assert torch.equal(state.v, whole[1].v)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_readout_is_that_of_the_reference(dtype, backend, device):
    g = torch.Generator().manual_seed(2)
    drive = leaf(torch.randn(N_TIME, N_BATCH, N, generator=g).to(device, dtype))
    alpha, v = (
        leaf(torch.rand(N, generator=g).mul(0.8).add(0.1).to(device, dtype)),
        leaf(torch.randn(N_BATCH, N, generator=g).to(device, dtype)),
    )
    weights = torch.randn(N_TIME, N_BATCH, N, generator=g).to(device, dtype)
    results = []
    for name in ("reference", backend):
        start = lif_state(N_BATCH, alpha)._replace(v=v)
        potential, state = run_readout(drive, start, LIFParams(alpha, torch.ones_like(alpha)), name)
        loss = (potential * weights).sum() + state.v.square().sum()
        results.append((potential, *torch.autograd.grad(loss, (drive, alpha, v))))
    limit = 1e-12 if dtype == torch.float64 else 1e-5
    for mine, theirs in zip(*results, strict=True):
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max()


def test_inputs_are_left_alone_and_strides_do_not_matter(backend, device):
    leaves, call = problem(True, True, SURROGATES["boxcar"], torch.float64, device)
    before = {name: tensor.detach().clone() for name, tensor in leaves.items()}
    expected = call(backend)
    gradients(leaves, expected)
    incoming = torch.ones_like(expected[0])
    torch.autograd.grad(call(backend)[0], leaves["drive"], incoming)
    assert (incoming == 1).all()
    assert all(torch.equal(leaves[name], before[name]) for name in leaves)
    leaves["drive"] = before["drive"].transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    assert not leaves["drive"].is_contiguous()
    assert torch.equal(call(backend)[0], expected[0])


@pytest.mark.parametrize("own", [False, True], ids=["reference", "own"])
def test_what_does_not_fit_is_refused(own, backend, device):
    name, alpha = backend if own else "reference", torch.full((3,), 0.5, device=device)
    params, drive = LIFParams(alpha, torch.ones_like(alpha)), torch.zeros(4, 2, 3, device=device)
    with pytest.raises(ValueError, match="same batch"):
        run_layer(drive, lif_state(5, alpha), params, None, name)
    with pytest.raises(ValueError, match="no time steps"):
        run_layer(drive[:0], lif_state(2, alpha), params, None, name)


def test_what_the_kernels_cannot_run_goes_to_the_reference_or_is_refused_by_name():
    alpha = torch.full((3,), 0.5, dtype=torch.bfloat16)
    params = LIFParams(alpha, torch.ones(3, dtype=torch.bfloat16))
    drive = torch.full((4, 2, 3), 3.0, dtype=torch.bfloat16)
    assert run_layer(drive, lif_state(2, alpha), params)[0].dtype == torch.bfloat16
    with pytest.raises(ValueError, match="float32 and float64"):
        run_layer(drive, lif_state(2, alpha), params, None, "cpu")
    with pytest.raises(ValueError, match="unknown backend"):
        run_layer(drive, lif_state(2, alpha), params, None, "tpu")

"""The compiled kernels against the plain PyTorch loop: every output and every gradient, for every neuron."""

import pytest
import torch

from snn.kernels import run_layer, run_readout
from snn.neurons.adaptive import AdaptiveParams, adaptive_state
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import SURROGATES

N_TIME, N_BATCH, N = 37, 5, 13  # odd, and more clips than one chunk holds in the test of chunks


def leaf(values: torch.Tensor) -> torch.Tensor:
    return values.detach().requires_grad_()


def problem(adaptive, recurrent, spike_grad, dtype, n_batch=N_BATCH, v_floor=-0.7):
    """Leaves by name, and the call that runs them on a backend; every parameter is away from its default."""
    g = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64).to(dtype)

    def within(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)).to(dtype)

    leaves = {
        "drive": leaf(draw(N_TIME, n_batch, N) + 0.6),
        "alpha": leaf(within(0.3, 0.9, N)),
        "v_threshold": leaf(within(0.8, 1.2, N)),
        "v": leaf(draw(n_batch, N).mul(0.3).clamp_min(v_floor)),
        "spikes": leaf((draw(n_batch, N) > 0.5).to(dtype)),
    }
    if adaptive:
        names = {"rho": (0.6, 0.9), "a": (-0.4, 0.4), "b": (0.0, 1.0)}
        leaves |= {name: leaf(within(low, high, N)) for name, (low, high) in names.items()}
        leaves["w"] = leaf(draw(n_batch, N).mul(0.2))
    if recurrent:
        leaves["recurrent"] = leaf(0.3 * draw(N, N))

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
    weights = [torch.randn(o.shape, generator=g, dtype=torch.float64).to(o.dtype) for o in outputs]
    loss = sum((o * w).sum() for o, w in zip(outputs, weights, strict=True))
    return torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)


@pytest.mark.parametrize("spike_grad", SURROGATES.values(), ids=SURROGATES)
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-9), (torch.float32, 1e-4)], ids=["double", "single"])
def test_outputs_and_gradients_are_those_of_the_reference(adaptive, recurrent, spike_grad, dtype, limit):
    leaves, call = problem(adaptive, recurrent, spike_grad, dtype)
    expected, got = call("reference"), call("cpu")
    assert 0.02 < expected[0].mean() < 0.9
    for mine, theirs in zip((got[0], *got[1]), (expected[0], *expected[1]), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=limit, atol=limit)
    for name, mine, theirs in zip(leaves, gradients(leaves, got), gradients(leaves, expected), strict=True):
        if theirs is None:  # the first spikes matter only where they recur
            assert mine is None or not mine.any()
            continue
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max(), name


def test_a_batch_of_many_chunks_is_its_clips_alone():
    leaves, call = problem(True, True, SURROGATES["atan"], torch.float64, n_batch=41)
    whole = call("cpu")
    for clip in (0, 15, 16, 40):
        alone = {name: t[:, clip : clip + 1] if name == "drive" else t for name, t in leaves.items()}
        params = AdaptiveParams(
            *(leaves[n] for n in ("alpha", "v_threshold", "rho", "a", "b")), SURROGATES["atan"], -0.7
        )
        part = slice(clip, clip + 1)
        start = adaptive_state(1, leaves["alpha"])._replace(
            v=leaves["v"][part], spikes=leaves["spikes"][part], w=leaves["w"][part]
        )
        spikes, state = run_layer(alone["drive"], start, params, leaves["recurrent"], "cpu")
        assert torch.equal(spikes[:, 0], whole[0][:, clip])
        torch.testing.assert_close(state.v[0], whole[1].v[clip], rtol=1e-12, atol=1e-12)


def test_a_sequence_in_two_parts_is_the_whole():
    leaves, call = problem(False, True, SURROGATES["boxcar"], torch.float64)
    whole = call("cpu")
    params = LIFParams(leaves["alpha"], leaves["v_threshold"], SURROGATES["boxcar"], -0.7)
    state = lif_state(N_BATCH, leaves["alpha"])._replace(v=leaves["v"], spikes=leaves["spikes"])
    first, state = run_layer(leaves["drive"][:11], state, params, leaves["recurrent"], "cpu")
    second, state = run_layer(leaves["drive"][11:], state, params, leaves["recurrent"], "cpu")
    assert torch.equal(torch.cat((first, second)), whole[0])
    assert torch.equal(state.v, whole[1].v)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_readout_is_that_of_the_reference(dtype):
    g = torch.Generator().manual_seed(2)
    drive = leaf(torch.randn(N_TIME, N_BATCH, N, generator=g).to(dtype))
    alpha, v = (
        leaf(torch.rand(N, generator=g).mul(0.8).add(0.1).to(dtype)),
        leaf(torch.randn(N_BATCH, N, generator=g).to(dtype)),
    )
    weights = torch.randn(N_TIME, N_BATCH, N, generator=g).to(dtype)
    results = []
    for backend in ("reference", "cpu"):
        start = lif_state(N_BATCH, alpha)._replace(v=v)
        potential, state = run_readout(drive, start, LIFParams(alpha, torch.ones_like(alpha)), backend)
        loss = (potential * weights).sum() + state.v.square().sum()
        results.append((potential, *torch.autograd.grad(loss, (drive, alpha, v))))
    limit = 1e-12 if dtype == torch.float64 else 1e-5
    for mine, theirs in zip(*results, strict=True):
        assert (mine - theirs).abs().max() <= limit * theirs.abs().max()


def test_inputs_are_left_alone_and_strides_do_not_matter():
    leaves, call = problem(True, True, SURROGATES["boxcar"], torch.float64)
    before = {name: tensor.detach().clone() for name, tensor in leaves.items()}
    expected = call("cpu")
    gradients(leaves, expected)
    assert all(torch.equal(leaves[name], before[name]) for name in leaves)
    leaves["drive"] = before["drive"].transpose(0, 2).contiguous().transpose(0, 2).requires_grad_()
    assert not leaves["drive"].is_contiguous()
    assert torch.equal(call("cpu")[0], expected[0])


@pytest.mark.parametrize("backend", ["reference", "cpu"])
def test_what_does_not_fit_is_refused(backend):
    alpha = torch.full((3,), 0.5)
    params = LIFParams(alpha, torch.ones(3))
    with pytest.raises(ValueError, match="same batch"):
        run_layer(torch.zeros(4, 2, 3), lif_state(5, alpha), params, None, backend)
    with pytest.raises(ValueError, match="no time steps"):
        run_layer(torch.zeros(0, 2, 3), lif_state(2, alpha), params, None, backend)


def test_what_the_kernels_cannot_run_goes_to_the_reference_or_is_refused_by_name():
    alpha = torch.full((3,), 0.5, dtype=torch.bfloat16)
    params = LIFParams(alpha, torch.ones(3, dtype=torch.bfloat16))
    drive = torch.full((4, 2, 3), 3.0, dtype=torch.bfloat16)
    assert run_layer(drive, lif_state(2, alpha), params)[0].dtype == torch.bfloat16
    with pytest.raises(ValueError, match="float32 and float64"):
        run_layer(drive, lif_state(2, alpha), params, None, "cpu")
    with pytest.raises(ValueError, match="unknown backend"):
        run_layer(drive, lif_state(2, alpha), params, None, "tpu")

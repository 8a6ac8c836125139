"""One scan over time: what it checks, how recurrence enters, and that it can be cut anywhere."""

import pytest
import torch

from snn.neurons.adaptive import AdaptiveParams, adaptive_state, adaptive_step
from snn.neurons.lif import LIFParams, leaky_step, lif_state, lif_step
from snn.neurons.scan import scan

T, B, N = 23, 3, 4


def values(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def neuron(model):
    """Step, parameters and state at rest."""
    alpha, one = 0.3 + 0.5 * torch.rand(N, generator=torch.Generator().manual_seed(9)), torch.ones(N)
    if model == "adaptive":
        return adaptive_step, AdaptiveParams(alpha, one, 0.9 * one, 0.4 * one, 0.3 * one), adaptive_state(B, one)
    return (lif_step if model == "lif" else leaky_step), LIFParams(alpha, one), lif_state(B, one)


MODELS = pytest.mark.parametrize("model", ["lif", "adaptive", "leaky"])
WEIGHTS = pytest.mark.parametrize("recurrent", [None, values(N, N, seed=5)], ids=["feed-forward", "recurrent"])


@MODELS
def test_it_is_a_hand_loop(model):
    step, params, state = neuron(model)
    drive, weights = 2 * values(T, B, N), values(N, N, seed=5)
    outputs, last = scan(step, drive, state, params, weights)
    for t in range(T):
        before = torch.zeros(B, N) if t == 0 else outputs[t - 1]
        if model == "leaky":
            before = torch.zeros(B, N)  # potentials are not spikes: a readout has nothing to feed back
        fed_back = torch.stack([sum(before[:, i, None] * weights[i] for i in range(N))])[0]
        output, state = step(drive[t] + fed_back, state, params)
        assert torch.allclose(outputs[t], output, atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(last, state, strict=True))


def test_recurrent_weights_run_from_row_to_column_one_step_later():
    alpha = torch.zeros(2)  # no memory: the potential is the drive
    drive = torch.zeros(3, 1, 2)
    drive[0, 0, 0] = 2.0
    weights = torch.tensor([[0.0, 5.0], [0.0, 0.0]])
    spikes, _ = scan(lif_step, drive, lif_state(1, alpha), LIFParams(alpha, torch.ones(2)), weights)
    assert spikes[:, 0].tolist() == [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]


@MODELS
@WEIGHTS
@pytest.mark.parametrize("cuts", [(1,), (11,), (5, 6, 20)])
def test_a_scan_in_pieces_is_the_whole_scan_bit_for_bit(model, recurrent, cuts):
    step, params, state = neuron(model)
    drive = 2 * values(T, B, N)
    whole, last = scan(step, drive, state, params, recurrent)
    pieces = []
    for piece in drive.tensor_split(cuts):
        outputs, state = scan(step, piece, state, params, recurrent)
        pieces.append(outputs)
    assert whole.any()
    assert torch.equal(torch.cat(pieces), whole)
    assert all(torch.equal(a, b) for a, b in zip(state, last, strict=True))


@MODELS
@WEIGHTS
def test_inputs_are_left_alone(model, recurrent):
    step, params, state = neuron(model)
    drive = 2 * values(T, B, N)
    parameters = [p for p in params if isinstance(p, torch.Tensor)]
    given = [drive, *state, *parameters, *([] if recurrent is None else [recurrent])]
    before = [x.clone() for x in given]
    scan(step, drive, state, params, recurrent)
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


@MODELS
def test_gradient_of_later_outputs_reaches_the_first_step(model):
    step, params, state = neuron(model)
    drive = values(T, B, N).requires_grad_()
    scan(step, drive, state, params, values(N, N, seed=5))[0][3:].sum().backward()
    assert torch.isfinite(drive.grad).all()
    assert drive.grad[0].any()


@pytest.mark.parametrize("shape", [(T, B + 1, N), (T, B, N + 1), (T, 1, N)])
def test_a_state_of_another_size_is_refused(shape):
    step, params, state = neuron("lif")
    with pytest.raises(ValueError, match=r"start from a state of the same batch"):
        scan(step, values(*shape), state, params)


def test_no_time_steps_is_refused():
    step, params, state = neuron("lif")
    with pytest.raises(ValueError, match="at least one"):
        scan(step, values(0, B, N), state, params)

"""Weights of a few levels, few inputs and bounded size: what is held, and what learns through it."""

import numpy as np
import pytest
import torch

from snn.networks.chip_settings import ChipSettings
from snn.networks.fake_converter import FakeConverter, in_steps
from snn.networks.straight_through import clipped
from snn.networks.synapses import Synapses, largest
from snn.networks.weight_levels import STEP, on_levels

DOUBLE = {"dtype": torch.float64}


def weights(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **DOUBLE).requires_grad_()


@pytest.mark.parametrize("bits", STEP)
def test_the_step_loses_least_of_normal_numbers(bits):
    """Mean squared error under the normal density, by a fine sum: smaller than at half a percent to either side."""
    x, n = np.linspace(-9, 9, 200_001), 2 ** (bits - 1) - 1
    density = np.exp(-(x**2) / 2)
    lost = [float(((x - d * np.clip(np.round(x / d), -n, n)) ** 2 * density).sum())
            for d in STEP[bits] * np.array([0.99, 1, 1.01])]  # fmt: skip
    assert lost[1] < min(lost[0], lost[2])


@pytest.mark.parametrize(("bits", "most"), [(1, 2), (2, 3), (4, 15), (8, 255)])
@pytest.mark.parametrize("out", [0, 1])
def test_each_output_holds_so_many_levels_at_equal_distance(bits, most, out):
    w = weights(3000, 3) if out == 1 else weights(3, 1500, 2)
    held = on_levels(w, bits, out).detach().movedim(out, 0).flatten(1)
    assert len(held.unique()) > most  # each output has a scale of its own
    for row, own in zip(held, w.detach().movedim(out, 0).flatten(1), strict=True):
        levels = row.unique()
        assert len(levels) == most or (bits == 8 and 150 < len(levels) < most)  # of 8 bits the outer ones are rare
        if bits == 1:
            assert levels.abs().tolist() == pytest.approx([own.abs().mean().item()] * 2, rel=1e-12)
            assert torch.equal(row.sign(), own.sign())
        else:
            steps = levels / (STEP[bits] * own.square().mean().sqrt())
            assert (steps - steps.round()).abs().max() < 1e-9
            half = 0.5 * STEP[bits] * own.square().mean().sqrt().item() * (1 + 1e-9)
            assert (row - own)[own.abs() < levels.max()].abs().max() <= half


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_gradient_of_a_level_is_that_of_the_weight_bit_for_bit(bits):
    w, slope = weights(40, 5), weights(40, 5, seed=1).detach()
    held = on_levels(w, bits, 1)
    (held.sin() * slope).sum().backward()
    assert torch.equal(w.grad, slope * held.detach().cos())


def test_what_is_no_synapse_counts_in_no_mean():
    w, kept = torch.tensor([[3.0, -1.0, 100.0, -2.0]], **DOUBLE).T, torch.tensor([[1.0, 1.0, 0.0, 1.0]], **DOUBLE).T
    assert on_levels(w, 1, 1, kept).flatten().tolist() == pytest.approx([2, -2, 0, -2])
    step = STEP[2] * (14 / 3) ** 0.5
    assert on_levels(w, 2, 1, kept).flatten().tolist() == pytest.approx([step, 0, 0, -step])  # 2 steps and a bit; 1; 2


def test_a_clipped_weight_learns_only_where_descent_brings_it_back():
    w = torch.tensor([-3.0, -3.0, -1.0, 0.5, 2.0, 2.0, 2.5], **DOUBLE).requires_grad_()
    grad = torch.tensor([-1.0, 1.0, 2.0, 3.0, 4.0, -4.0, -5.0], **DOUBLE)  # w moves against it
    out = clipped(w, torch.tensor(2.0, **DOUBLE))
    out.backward(grad)
    assert out.tolist() == [-2, -2, -1, 0.5, 2, 2, 2]
    assert w.grad.tolist() == [-1, 0, 2, 3, 4, -4, 0]


@pytest.mark.parametrize(("shape", "out"), [((20, 6), 1), ((6, 5, 4), 0)])
def test_the_largest_inputs_of_each_output_are_kept(shape, out):
    w = weights(*shape).detach()
    kept = largest(w, 7, out)
    for mask, own in zip(kept.movedim(out, 0).flatten(1), w.movedim(out, 0).flatten(1).abs(), strict=True):
        assert mask.sum() == 7
        assert own[mask > 0].min() > own[mask == 0].max()
    assert largest(torch.ones(4, 2), 3, 1).tolist() == [[1, 1]] * 3 + [[0, 0]]


def test_inputs_left_out_may_come_back_until_they_are_fixed():
    synapses, w = Synapses(ChipSettings(fan_in=2), (4, 1), 1), torch.tensor([[4.0], [3.0], [2.0], [1.0]])
    w.requires_grad_()
    slope = torch.tensor([[1.0], [10.0], [100.0], [1000.0]])
    (synapses(w) * slope).sum().backward()
    assert (synapses(w).flatten().tolist(), w.grad.flatten().tolist()) == ([4, 3, 0, 0], [1, 10, 100, 1000])
    synapses.fix(w)
    with torch.no_grad():
        w[3] = 50.0
    w.grad = None
    (synapses(w) * slope).sum().backward()
    assert (synapses(w).flatten().tolist(), w.grad.flatten().tolist()) == ([4, 3, 0, 0], [1, 10, 0, 0])
    assert set(synapses.state_dict()) == {"kept", "fixed"}
    assert not Synapses(ChipSettings(fan_in=4, weight_bits=1), (4, 1), 1).state_dict()  # nothing to choose


@pytest.mark.parametrize("limit", [0.5, 2.0])
def test_weights_are_clipped_at_deviations_of_their_array_then_brought_to_levels(limit):
    w = weights(400, 3).float()
    held = Synapses(ChipSettings(weight_clip=limit), (400, 3), 1)(w)
    bound = limit * float(np.std(w.detach().numpy(), dtype=float))
    assert held.detach().numpy() == pytest.approx(np.clip(w.detach().numpy(), -bound, bound), rel=1e-6)
    both = Synapses(ChipSettings(weight_clip=limit, weight_bits=4), (400, 3), 1)(w)
    assert torch.equal(both, on_levels(held, 4, 1))


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_a_converter_rounds_within_its_range_and_has_the_slope_of_one_that_saturates(bits):
    """Finite differences over a whole step are those of the clamp without steps: 1 inside, 0 beyond."""
    limit, n = torch.tensor(1.5, **DOUBLE), 2 ** (bits - 1) - 1
    x = torch.linspace(-3, 3, 1001, **DOUBLE).requires_grad_()
    y = in_steps(x, limit, bits)
    y.sum().backward()
    step = 1.5 / n
    inside = x.detach().abs() <= 1.5
    assert (y - x)[inside].abs().max() <= step / 2 * (1 + 1e-9)
    assert y.detach().abs().max() == 1.5
    difference = (in_steps(x + step, limit, bits) - in_steps(x, limit, bits)).detach() / step
    for place, slope in ((x.detach().abs() < 1.5 - 1.01 * step, 1), (x.detach().abs() > 1.5 + 1.01 * step, 0)):
        assert difference[place].tolist() == pytest.approx([slope] * int(place.sum()), abs=1e-6)
        assert x.grad[place].tolist() == [slope] * int(place.sum())


def test_the_range_of_a_converter_is_that_of_each_batch_and_later_their_running_mean():
    converter = FakeConverter(4)
    assert converter(torch.tensor([-8.0, 1.0])).tolist() == pytest.approx([-8, 8 / 7])
    converter(torch.tensor([4.0]))
    converter.eval()
    assert converter.range.item() == pytest.approx(8 + 0.05 * (4 - 8))
    assert converter(torch.tensor([100.0])).item() == pytest.approx(7.8)
    assert not FakeConverter(0).state_dict()

"""Dropout that follows from a seed and a place: as likely as asked for, without pattern, the same in every kernel."""

import numpy as np
import pytest
import torch

from snn.kernels.dropout import NO_DROPOUT, Dropout, drop, drop_events, drop_gradient, kept_anywhere, kept_on_cpu

SHAPE = 40, 24, 60  # time, clip, neuron


def kept(dropout, layer=0, shape=SHAPE):
    return drop(torch.ones(shape, dtype=torch.float64), dropout, layer) > 0


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.9])
def test_as_many_are_dropped_as_asked_for_and_the_mean_stays(probability):
    spikes = drop(torch.ones(SHAPE, dtype=torch.float64), Dropout((probability, probability), 3), 0)
    n = spikes.numel()
    limit = 4 * (probability * (1 - probability) / n) ** 0.5
    assert (spikes == 0).double().mean().item() == pytest.approx(probability, abs=limit)
    assert spikes.max().item() == pytest.approx(1 / (1 - probability))


def test_without_dropout_nothing_is_changed():
    spikes = torch.rand(SHAPE)
    assert drop(spikes, NO_DROPOUT, 0) is spikes


@pytest.mark.parametrize(
    "other", [(Dropout((0.5, 0.5), 1), 1), (Dropout((0.5, 0.5), 2), 0), (Dropout((0.5, 0.5), 1 << 61), 0)]
)
def test_draws_of_other_seeds_and_layers_are_unrelated(other):
    one, two = kept(Dropout((0.5, 0.5), 1)).double() - 0.5, kept(*other).double() - 0.5
    for shift in range(5):  # also along neurons, clips and steps
        for axis in range(3):
            assert abs((one * two.roll(shift, axis)).mean().item()) < 4 * 0.25 / one.numel() ** 0.5


def test_neighbours_are_unrelated_within_one_draw():
    one = kept(Dropout((0.5, 0.5), 1)).double() - 0.5
    for shift in (1, 2, 3, 4, 8):
        for axis in range(3):
            assert abs((one * one.roll(shift, axis)).mean().item()) < 4 * 0.25 / one.numel() ** 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_compiled_draw_is_the_one_of_other_devices(dtype):
    dropout, like = Dropout((0.3, 0.3, 0.3), 11), torch.zeros(SHAPE, dtype=dtype)
    assert torch.equal(kept_on_cpu(like, dropout, 2), kept_anywhere(like, dropout, 2))


@pytest.mark.parametrize("first", [0, 5])
def test_the_compiled_kernels_drop_the_same(first):
    dropout, n_clips = Dropout((0.3, 0.3, 0.3), 11), 7
    keys, limit = np.array(dropout.keys(2), np.uint32), np.uint32(dropout.limit(2))
    expected = kept(dropout, 2).numpy()[:, first : first + n_clips]
    grad = np.ones((SHAPE[0], n_clips, SHAPE[2]))
    drop_gradient(grad, first, SHAPE[1], keys, limit)
    np.testing.assert_array_equal(grad, expected)
    fired = np.random.default_rng(0).random(expected.shape) < 0.2
    rows = fired.reshape(-1, SHAPE[2])
    start = np.concatenate(([0], np.cumsum(rows.sum(1)))).astype(np.int32)
    index = np.nonzero(rows)[1].astype(np.uint16)
    drop_events(start, index, SHAPE[2], first, n_clips, SHAPE[1], keys, limit)
    left = np.zeros_like(rows)
    for m in range(len(rows)):
        left[m, index[start[m] : start[m + 1]]] = True
    np.testing.assert_array_equal(left.reshape(expected.shape), fired & expected)

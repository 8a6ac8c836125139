"""Masks on features: what is hidden, how much, and what stays."""

import pytest
import torch

from snn.data.augmentation.spec_augment import spec_augment


def features(n_batch=400):
    """Distinct values everywhere, so that a replaced one shows."""
    return torch.arange(n_batch * 30 * 12, dtype=torch.float64).reshape(n_batch, 30, 12) ** 0.5


def hidden(x, **widths):
    return spec_augment(x, torch.Generator().manual_seed(4), **widths) != x


def widths_of(rows):
    """Widths of the runs in a `(batch, size)` mask; each must be one piece."""
    edges = torch.diff(rows.int(), prepend=torch.zeros(len(rows), 1), append=torch.zeros(len(rows), 1))
    assert int((edges == 1).sum(1).max()) == 1
    return rows.sum(1)


def test_one_run_of_bands_is_hidden_and_every_width_up_to_the_largest_occurs():
    mask = hidden(features(), max_band=3, max_frame=0)
    assert torch.equal(mask.any(1), mask.all(1))
    assert sorted(set(widths_of(mask.all(1)).tolist())) == [0, 1, 2, 3]


def test_one_run_of_frames_is_hidden_and_every_width_up_to_the_largest_occurs():
    mask = hidden(features(), max_band=0, max_frame=5)
    assert torch.equal(mask.any(2), mask.all(2))
    assert sorted(set(widths_of(mask.all(2)).tolist())) == [0, 1, 2, 3, 4, 5]
    assert mask.all(2).any(0).all()  # every frame is hidden sooner or later, the first and the last too


def test_hidden_values_are_the_mean_of_the_clip_and_the_others_stay():
    x = features()
    out = spec_augment(x, torch.Generator().manual_seed(4))
    mask = out != x
    assert mask.any()
    assert torch.equal(out[mask], x.mean(dim=(1, 2), keepdim=True).expand_as(x)[mask])


def test_a_seed_fixes_the_masks_and_the_input_is_left_alone():
    x = features(8)
    outs = [spec_augment(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(outs[0], outs[1])
    assert not torch.equal(outs[0], outs[2])
    assert torch.equal(x, features(8))


def test_a_mask_wider_than_the_features_hides_no_more_than_all_of_them():
    assert sorted(set(widths_of(hidden(features(), max_band=99, max_frame=0).all(1)).tolist())) == list(range(13))


def test_zero_widths_change_nothing_and_negative_ones_are_refused():
    assert not hidden(features(4), max_band=0, max_frame=0).any()
    with pytest.raises(ValueError, match="negative"):
        hidden(features(4), max_frame=-1)

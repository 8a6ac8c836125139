"""Splits follow from names alone."""

import hashlib
import random

import pytest

from snn.data.corpora.splits import name_fraction, pick_validation, split_by_name, which_set

NAMES = [f"yes/{k:04d}.wav" for k in range(2000)]


@pytest.mark.parametrize(
    ("name", "split"),
    [  # from testing_list.txt and validation_list.txt of Speech Commands v0.01; the last is in neither
        ("bed/0c40e715_nohash_0.wav", "test"),
        ("bed/0ea0e2f4_nohash_1.wav", "test"),
        ("bed/026290a7_nohash_0.wav", "validation"),
        ("bed/060cd039_nohash_1.wav", "validation"),
        ("bed/00176480_nohash_0.wav", "train"),
    ],
)
def test_which_set_agrees_with_the_published_lists(name, split):
    assert which_set(name) == split


def test_the_limits_of_the_sets_are_exact():
    """In whole numbers: percentage < p if 100 * bucket < p * (2**27 - 1)."""
    for k in range(5000):
        bucket = int.from_bytes(hashlib.sha1(f"{k:08x}".encode()).digest()) % 2**27
        place = sum(100 * bucket >= limit * (2**27 - 1) for limit in (10, 20))
        assert which_set(f"yes/{k:08x}_nohash_0.wav") == ("validation", "test", "train")[place]


def test_all_clips_of_a_speaker_are_in_one_set():
    assert len({which_set(f"{word}/c50f55b8_nohash_{k}.wav") for word in ("yes", "no") for k in range(9)}) == 1


def test_ten_percent_are_held_out_twice():
    """Binomial: 2000 names, p = 0.1, standard deviation 13.4; four of them either way."""
    splits = list(split_by_name(NAMES).values())
    for split in ("validation", "test"):
        assert abs(splits.count(split) - 200) < 54
    assert abs(len(pick_validation(NAMES)) - 200) < 54


def test_order_does_not_matter_and_new_names_move_nobody_in_a_large_set():
    shuffled = NAMES.copy()
    random.Random(1).shuffle(shuffled)
    splits = split_by_name(NAMES)
    assert split_by_name(shuffled) == splits
    grown = split_by_name([*NAMES, "yes/new.wav"])
    assert all(grown[name] == split for name, split in splits.items())


@pytest.mark.parametrize("n", range(2, 40))
def test_small_groups_have_train_and_test_and_from_three_on_validation(n):
    for start in range(0, 400, 40):
        splits = list(split_by_name(NAMES[start : start + n]).values())
        assert splits.count("train") >= 1
        assert splits.count("test") >= 1
        assert splits.count("validation") >= (n >= 3)


def test_names_that_all_hash_to_one_set_are_shared_out():
    low = sorted(NAMES, key=name_fraction)[:4]
    assert name_fraction(low[-1]) < 0.1
    for n, expected in ((2, ["test", "train"]), (3, ["test", "validation", "train"]), (4, ["test"] * 2)):
        splits = split_by_name(low[:n])
        assert [splits[name] for name in low[:n]][: len(expected)] == expected
        assert {"train", "test"} <= set(splits.values())


def test_one_name_cannot_be_split():
    with pytest.raises(ValueError, match="need at least 2"):
        split_by_name(["a"])


def test_validation_never_takes_the_last_clip():
    assert pick_validation([]) == pick_validation(["a"]) == frozenset()
    assert len(pick_validation(["a", "b"])) == 1


def test_fractions_are_uniform():
    """Mean 1/2 and variance 1/12, each within four standard errors."""
    values = [name_fraction(name) for name in NAMES]
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    assert abs(mean - 0.5) < 4 * (1 / 12 / len(values)) ** 0.5
    assert abs(variance - 1 / 12) < 4 * (1 / 180 / len(values)) ** 0.5

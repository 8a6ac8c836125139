"""The file of features: little of it in memory, and no clip taken for another."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snn.audio import feature_file
from snn.audio.examples import Examples

STATUS = Path("/proc/self/status")


def resident():
    """Bytes of this process in memory, those of files included."""
    lines = STATUS.read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell what lies in memory")
def test_memory_does_not_grow_with_the_copies_that_are_picked(tmp_path, monkeypatch):
    """160 MB of features, written and then picked at random: less than a fifth of them lies in memory at any time."""
    for name, n_bytes in (("PIECE", 1 << 20), ("LARGE", 0)):
        monkeypatch.setattr(feature_file, name, n_bytes)
    shape, most = (2500, 4, 101, 40), 0
    part = torch.randn(50, *shape[1:])
    before = resident()
    with feature_file.FeatureWriter(tmp_path / "f", shape) as writer:
        for i in range(50):
            writer.append(part + i)
            most = max(most, resident())
        writer.finish(())
    stored = feature_file.open_features(tmp_path / "f", shape)
    examples = Examples(stored.features, torch.zeros(2500, dtype=torch.long), stored=stored)
    for clip in torch.randperm(2500).split(50):
        copy = torch.randint(4, clip.shape)
        assert examples.pick(copy, clip).equal(part[clip % 50, copy] + (clip // 50)[:, None, None])
        most = max(most, resident())
    for _ in examples.in_turn(50):
        most = max(most, resident())
    assert most - before < 0.2 * stored.features.nbytes


def test_what_somebody_changed_in_place_is_not_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_file, "LARGE", 0)
    shape, clip = (6, 1, 3, 2), torch.arange(6)
    with feature_file.FeatureWriter(tmp_path / "f", shape) as writer:
        writer.append(torch.ones(shape))
        writer.finish(())
    stored = feature_file.open_features(tmp_path / "f", shape)
    examples = Examples(stored.features, clip, stored=stored)
    examples.features.mul_(3)
    assert [examples.pick(0, clip).unique().tolist() for _ in range(2)] == [[3.0], [3.0]]
    others = replace(examples, features=examples.features + 1)
    assert others.pick(0, clip).unique().tolist() == [4.0]

"""Where a network runs: names and errors."""

import pytest
import torch

from snn.torch_device import choose_device


@pytest.mark.parametrize(("found", "expected"), [(False, "cpu"), (True, "cuda")])
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, found, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    assert choose_device("auto").type == expected
    assert choose_device("cpu").type == "cpu"


def test_a_gpu_that_is_not_there_is_an_error_with_the_reason(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for cuda, reason in ((None, "without CUDA"), ("13.0", "nvidia-smi")):
        monkeypatch.setattr(torch.version, "cuda", cuda)
        with pytest.raises(ValueError, match=reason):
            choose_device("cuda")
    with pytest.raises(ValueError, match="unknown device 'tpu'; known: auto, cpu, cuda"):
        choose_device("tpu")


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_the_command_line_refuses_a_missing_device(command, snn, recipe, words, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    arguments = [recipe, "--data", words] if command == "train" else [_run(snn, recipe, words, tmp_path)]
    code, _, err = snn(command, *arguments, "--device", "cuda")
    assert code == 2
    assert "no device cuda" in err


def _run(snn, recipe, words, tmp_path):
    out = tmp_path / "run"
    assert snn("train", recipe, "--data", words, "--out", out, "--device", "cpu")[0] == 0
    return out

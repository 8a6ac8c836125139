"""A spiking and a conventional run in whole numbers: compiled, listed, evaluated and priced on digital chips."""

import json
import math

import numpy as np
import pytest

from circuits.accelerator.assembler import assemble
from circuits.accelerator.encoding import decode, encode
from circuits.accelerator.instructions import Mac
from snn.experiments.run_folder import load_run
from snn.experiments.train import train
from snn.recipes.recipe import parse_recipe

CONVENTIONAL = """
name = "small"
kind = "conventional"
[features]
n_mels = 16
duration_s = 0.3
[network]
channels = [12, 12]
hidden = [8]
[augment]
copies = 0
[training]
epochs = 6
batch_size = 16
"""
SPIKING = """
name = "small"
[features]
n_mels = 16
duration_s = 0.3
[network]
hidden = [20, 12]
recurrent = true
[augment]
copies = 0
[training]
epochs = 6
batch_size = 16
"""
DELTA = SPIKING.replace("[features]", '[encoder]\nkind = "delta"\n[features]').replace("recurrent = true\n", "")
KINDS = {"conventional": CONVENTIONAL, "spiking": SPIKING, "delta": DELTA}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, spoken):
    folder = tmp_path_factory.mktemp("digital")
    for kind, text in KINDS.items():
        train(parse_recipe(text), spoken, folder / kind)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_are_as_good_and_the_program_gives_the_same_bits(runs, kind, snn_json):
    told = snn_json("evaluate", runs / kind, "--chip", "digital-systolic")
    metrics = json.loads((runs / kind / "metrics.json").read_text())
    assert told["float_accuracy"] == metrics["test_accuracy"]
    assert told["bit_exact"] is True
    assert told["bit_exact_clips"] == told["n_clips"] == metrics["n_test"]
    assert abs(told["accuracy_change"]) <= 2 / told["n_clips"]
    assert told["accuracy"] == pytest.approx(np.trace(told["confusion"]) / told["n_clips"])


def test_near_threshold_computes_the_same_whole_numbers_without_a_program(runs, snn_json):
    systolic = snn_json("evaluate", runs / "spiking", "--chip", "digital-systolic")
    told = snn_json("evaluate", runs / "spiking", "--chip", "near-threshold")
    assert (told["accuracy"], told["confusion"]) == (systolic["accuracy"], systolic["confusion"])
    assert "bit_exact" not in told
    mapped = snn_json("map", runs / "spiking", "--chip", "near-threshold")["memory"]
    assert (told["memory_bytes"], told["in_budget"]) == (mapped["used_bytes"], True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_compiled_run_is_written_listed_and_read_back(runs, kind, snn_json, tmp_path):
    told = snn_json("compile", runs / kind, "--listing", "--out", tmp_path / "program")
    data = (tmp_path / "program" / "program.bin").read_bytes()
    assert encode(assemble(told["listing"])) == data
    assert encode(assemble((tmp_path / "program" / "program.asm").read_text())) == data
    instructions = decode(data)
    assert told["instructions"] == len(instructions) == sum(told["instructions_by_kind"].values())
    assert told["cycles"] == sum(row["cycles"] for row in told["layers"])
    layout = json.loads((tmp_path / "program" / "layout.json").read_text())
    assert (tmp_path / "program" / "constants.bin").stat().st_size == told["constants_bytes"]
    assert layout["constants"]["address"] + told["constants_bytes"] == told["dram_bytes"]


def test_one_dense_layer_by_its_closed_form(runs, snn_json, snn):
    """The logits: ceil(8 / 16) x ceil(3 / 16) tiles under one input, rows + rows + 1 + columns - 2 cycles each."""
    told = snn_json("compile", runs / "conventional", "--listing", "--layer", "logits")
    layer = assemble(told["listing"])
    (mac,) = [one for one in layer if isinstance(one, Mac)]
    assert (mac.rows, mac.columns, mac.inner_count) == (8, 3, 1)
    n_labels = len(load_run(runs / "conventional").labels)
    tiles = math.ceil(8 / 16) * math.ceil(n_labels / 16)
    assert tiles == 1
    code, out, _ = snn("compile", runs / "conventional", "--listing", "--layer", "logits")
    assert code == 0
    assert told["listing"] in out  # as it is, not wrapped


def test_a_map_prices_what_compile_counts(runs, snn_json):
    compiled = snn_json("compile", runs / "spiking")
    mapped = snn_json("map", runs / "spiking", "--chip", "digital-systolic")
    assert mapped["counts"]["cycles"] == compiled["cycles"]
    assert mapped["instructions"] == compiled["instructions"]
    assert mapped["latency_s"] == pytest.approx(compiled["cycles"] / 200e6)
    assert mapped["total_with_front_end_j"] > mapped["total_j"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compile", "--chip", "btbt-45rfsoi"), "btbt-45rfsoi runs no program; give --chip digital-systolic"),
        (("compile", "--chip", "digital-sistolic"), "did you mean 'digital-systolic'"),
        (("compile", "--layer", "logits"), "--layer logits is of the listing: give --listing too"),
        (("compile", "--listing", "--layer", "logit"), "no layer 'logit'; did you mean 'logits'?"),
        (("evaluate", "--chip", "btbt-45rfsoi"), "computes with currents, not in whole numbers"),
        (("evaluate", "--chip", "digital-systolic", "--engine", "torch"), "give one of them"),
        (("evaluate", "--chip", "digital-systolic", "--device", "cuda"), "whole numbers run on the CPU"),
        (("map", "--chip", "digital-systolic", "--supply", "0.2"), "a supply of 0.2 V is outside of 0.65 to 1.1 V"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(runs, snn, arguments, said):
    command, *options = arguments
    code, out, err = snn(command, runs / "conventional", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_folder_that_cannot_be_written_leaves_nothing_half_written(runs, snn, tmp_path):
    (tmp_path / "file").write_text("a file")
    code, _, err = snn("compile", runs / "conventional", "--out", tmp_path / "file")
    assert code in (1, 2)
    assert "file" in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

"""A spiking and a conventional run in whole numbers on digital chips, and on pieces of analog silicon that age."""

import json
import math

import numpy as np
import pytest

from circuits.accelerator.assembler import assemble
from circuits.accelerator.encoding import decode, encode
from circuits.accelerator.executor import execute
from circuits.accelerator.instructions import Mac
from circuits.accelerator.machine import Machine
from circuits.accelerator.program import Program, Region
from circuits.chips.chip import FOLDER
from circuits.nonideal.analog_network import exact_arrays
from circuits.quantised.integer_run import run_integers
from circuits.variation.current_mismatch import with_mismatched_currents
from snn.experiments.evaluate import clips_to_test
from snn.experiments.run_folder import load_run
from snn.experiments.train import train
from snn.recipes.recipe import parse_recipe
from snn.studies import evaluate_on_chip, network_inputs
from snn.studies.evaluate_on_silicon import clips_heard
from snn.studies.integer_run_of import IntegerRun, integer_run
from tests.tiny_recipes import CONVENTIONAL

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
KINDS = {"conventional": CONVENTIONAL.replace("epochs = 1", "epochs = 6"), "spiking": SPIKING, "delta": DELTA}


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


def test_a_clip_of_which_the_program_gives_other_bits_is_told(runs, snn_json, monkeypatch):
    """One bit of one output of one clip."""

    def damaged(program, x):
        found = execute(program, x)
        found[0].reshape(-1)[-1] ^= 1
        return found

    monkeypatch.setattr(evaluate_on_chip, "execute", damaged)
    told = snn_json("evaluate", runs / "spiking", "--chip", "digital-systolic")
    assert (told["bit_exact"], told["bit_exact_clips"]) == (False, told["n_clips"] - 1)


def test_accuracy_and_confusion_are_of_the_whole_numbers(runs, snn_json, monkeypatch):
    """Scores that always name the second word: a third is right, and a row of the confusion is one true word."""
    constant = lambda self, outputs: np.tile([0.0, 1.0, 0.0], (len(outputs), 1))  # noqa: E731
    monkeypatch.setattr(IntegerRun, "scores", constant)
    told = snn_json("evaluate", runs / "conventional", "--chip", "digital-systolic")
    confusion = np.array(told["confusion"])
    assert confusion[:, [0, 2]].sum() == 0
    assert (confusion[:, 1] > 0).all()
    assert told["accuracy"] == confusion[1, 1] / told["n_clips"] < told["float_accuracy"]
    assert told["accuracy_change"] == pytest.approx(told["accuracy"] - told["float_accuracy"])


def test_scores_are_those_of_a_softmax(runs):
    """Of a conventional network ln of e^x over their sum, x in the unit of the last layer."""
    whole = integer_run(load_run(runs / "conventional"))
    outputs = np.array([[3, -5, 120], [0, 0, 0]])
    x = outputs * whole.network.layers[-1].unit
    np.testing.assert_allclose(whole.scores(outputs), x - np.log(np.exp(x).sum(axis=1, keepdims=True)), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_are_calibrated_on_training_clips_alone(runs, kind, monkeypatch):
    """As many as asked for, from the first to the last; the first of them is kept."""
    asked, chosen, opened, read = [], [], network_inputs.open_data, network_inputs.load_examples

    class Watched:
        def __init__(self, corpus):
            self.corpus = corpus

        def split(self, name):
            asked.append(name)
            return self.corpus.split(name)

    def watched(clips, *arguments, **options):
        chosen.extend(clips)
        return read(clips, *arguments, **options)

    monkeypatch.setattr(network_inputs, "open_data", lambda *data: Watched(opened(*data)))
    monkeypatch.setattr(network_inputs, "load_examples", watched)
    run = load_run(runs / kind)
    whole = integer_run(run)
    clips = opened(run.recipe, run.data).split("train")
    assert asked == ["train"]
    assert chosen == list(clips)  # fewer than the 256 that are asked for
    first = next(whole.inputs(read(clips[:1], run.model.front_end), 1))
    np.testing.assert_array_equal(whole.first_clip, first)
    chosen.clear()
    monkeypatch.setattr(network_inputs, "CALIBRATION", 3)
    integer_run(run)
    assert chosen == [clips[0], clips[(len(clips) - 1) // 2], clips[-1]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_a_compiled_run_are_all_that_a_machine_needs(runs, kind, snn_json, tmp_path):
    """Put together again from program, constants and layout, they give the whole numbers of the network."""
    told = snn_json("compile", runs / kind, "--out", tmp_path / "program")
    program, layout = (tmp_path / "program" / name for name in ("program.bin", "layout.json"))
    image = np.fromfile(tmp_path / "program" / "constants.bin", np.uint8)
    layout, instructions = json.loads(layout.read_text()), decode(program.read_bytes())
    places = [Region(**(layout[name] | {"shape": tuple(layout[name]["shape"])})) for name in ("input", "output")]
    again = Program("again", Machine(**layout["machine"]), instructions, np.zeros(len(instructions), np.int32), (),
                    *places, layout["constants"]["address"], len(image), image)  # fmt: skip
    whole = integer_run(load_run(runs / kind))
    expected = run_integers(whole.network, whole.first_clip)
    np.testing.assert_array_equal(execute(again, whole.first_clip).reshape(expected.shape), expected)
    assert told["program_bytes"] == program.stat().st_size == 32 * told["instructions"]
    assert told["stalls"] == sum(row["stalls"] for row in told["layers"]) > 0
    names = [type(one).__name__.upper() for one in instructions]
    assert told["instructions_by_kind"]["MAC"] == names.count("MAC") > 0


def test_each_line_of_a_listing_says_its_layer(runs, snn_json):
    told = snn_json("compile", runs / "conventional", "--listing")
    lines = told["listing"].splitlines()
    assert len(lines) == told["instructions"]
    layers = [line.rpartition("; ")[2] for line in lines]
    assert list(dict.fromkeys(layers)) == [row["layer"] for row in told["layers"]]
    one = snn_json("compile", runs / "conventional", "--listing", "--layer", layers[0])["listing"].splitlines()
    assert one == [line for line, layer in zip(lines, layers, strict=True) if layer == layers[0]]


def test_other_recordings_and_splits_are_heard(runs, snn_json, few):
    told = snn_json("evaluate", runs / "conventional", "--chip", "digital-systolic", "--split", "all")
    assert told["n_clips"] == 72
    told = snn_json("evaluate", runs / "conventional", "--chip", "digital-systolic", "--data", few)
    assert told["n_clips"] == 24


@pytest.mark.parametrize("command", ["evaluate", "compile"])
def test_a_chip_that_is_too_small_is_told_with_every_limit(runs, snn, tmp_path, command):
    """By the path of a file; the name in it is the chip's."""
    text = (FOLDER / "digital-systolic.toml").read_text()
    small = tmp_path / "own.toml"
    small.write_text(text.replace("parameters = { value = 8192", "parameters = { value = 64"))
    code, out, err = snn(command, runs / "spiking", "--chip", small)
    assert (code, out) == (2, "")
    assert "parameter memory in bytes is" in err


def test_a_chip_by_its_file_has_the_name_in_it(runs, snn_json, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text((FOLDER / "digital-systolic.toml").read_text().replace('name = "digital-systolic"', 'name = "ours"'))
    for command in ("evaluate", "compile"):
        assert snn_json(command, runs / "conventional", "--chip", own)["chip"] == "ours"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compile", "--chip", "btbt-45rfsoi"), "btbt-45rfsoi runs no program; give --chip digital-systolic"),
        (("compile", "--chip", "digital-sistolic"), "did you mean 'digital-systolic'"),
        (("compile", "--layer", "logits"), "--layer logits is of the listing: give --listing too"),
        (("compile", "--listing", "--layer", "logit"), "no layer 'logit'; did you mean 'logits'?"),
        (("evaluate", "--chip", "btbt-45rfsoi"), "kind is conv, allowed encoder, lif, adaptive_lif, readout"),
        (("evaluate", "--chip", "digital-systolic", "--engine", "torch"), "give one of them"),
        (("evaluate", "--chip", "digital-systolic", "--device", "cuda"), "give one of them"),
        (("evaluate", "--chip", "digital-systolic", "--seeds", "2"), "piece of digital-systolic computes the same"),
        (("evaluate", "--chip", "near-threshold", "--age", "1 week"), "does not change with its age; leave out --age"),
        (("evaluate", "--chip", "conv-sram", "--age", "100 year"), "conv-sram computes does not change with its age"),
        (("evaluate", "--chip", "spinnaker", "--seeds", "2"), "every piece of spinnaker computes the same"),
        (("evaluate", "--chip", "digital-systolic", "--age", "-1s"), "must be zero or a later time"),
        (
            ("evaluate", "--chip", "digital-systolic", "--age", "1wek"),
            "must be a time in one of s, min, h, hour, day, d, week, year, got '1wek'; write for example 1week",
        ),
        (("evaluate", "--seeds", "2"), "--seeds is of a chip: give --chip NAME too"),
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


@pytest.mark.parametrize("chip", ["digital-systolic", "near-threshold"])
@pytest.mark.parametrize("kind", ["conventional", "spiking"])
def test_a_run_on_a_digital_chip_has_a_place_in_the_field(runs, kind, chip, snn_json):
    (ours,) = [row for row in snn_json("chips", "--run", runs / kind, "--chip", chip)["rows"] if row["year"] is None]
    mapped = snn_json("map", runs / kind, "--chip", chip)
    assert ours["boundary"] == mapped["operations_boundary"]
    assert ours["power_w"] == pytest.approx(mapped["total_j"] / mapped["latency_s"])
    assert ours["tops_per_w"] == pytest.approx(mapped["operations_per_j"] / 1e12)


def test_a_chip_of_other_bits_is_not_passed_off_as_one_of_eight(runs, snn, tmp_path):
    text = (FOLDER / "near-threshold.toml").read_text().replace("bits = { value = 8", "bits = { value = 4", 1)
    (tmp_path / "four.toml").write_text(text)
    code, out, err = snn("evaluate", runs / "conventional", "--chip", tmp_path / "four.toml")
    assert (code, out) == (2, "")
    assert "computes with 4 bits" in err


def test_pieces_of_a_silicon_that_computes_with_currents_differ_and_are_told_one_by_one(runs, snn_json):
    told = snn_json("evaluate", runs / "spiking", "--chip", "btbt-45rfsoi", "--seeds", "3", "--age", "1 week")
    metrics = json.loads((runs / "spiking" / "metrics.json").read_text())
    assert told["float_accuracy"] == metrics["test_accuracy"]
    assert (told["n_seeds"], told["age_s"]) == (3, 604800.0)
    assert told["accuracy"] == pytest.approx(np.mean(told["accuracies"]))
    assert told["accuracy_deviation"] == pytest.approx(np.std(told["accuracies"], ddof=1))
    assert np.sum(told["confusion"]) == 3 * told["n_clips"]
    alone = snn_json("evaluate", runs / "spiking", "--chip", "btbt-45rfsoi")
    assert (alone["n_seeds"], alone["accuracy_deviation"]) == (1, None)


WEEK = ("--age", "1week")


@pytest.fixture
def uncompensated(tmp_path):
    """The analog chip without its factor that makes up for drift."""
    text = (FOLDER / "ibm-analog-14nm.toml").read_text()
    assert text.count("\ncompensated = { value = true") == 1
    own = tmp_path / "uncompensated.toml"
    own.write_text(text.replace("\ncompensated = { value = true", "\ncompensated = { value = false"))
    return own


def test_an_analog_memory_that_nobody_makes_up_for_forgets_in_a_week(runs, snn_json, uncompensated):
    """The same three pieces of silicon, fresh and aged: the age reaches the devices, what makes up for it the sums."""

    def heard(chip, *age):
        return snn_json("evaluate", runs / "spiking", "--chip", chip, "--seeds", 3, *age)

    made_up, drifted, fresh = heard("ibm-analog-14nm", *WEEK), heard(uncompensated, *WEEK), heard(uncompensated)
    assert (drifted["age_s"], fresh["age_s"]) == (604800.0, 0.0)
    assert drifted["accuracy"] < min(made_up["accuracy"], fresh["accuracy"]) - 0.1
    assert drifted["confusion"] != fresh["confusion"]
    assert min(made_up["accuracy"], fresh["accuracy"]) > fresh["float_accuracy"] - 0.1


def test_layers_of_fewer_devices_are_named_by_every_command(runs, snn_json, tmp_path):
    """As [devices_of] of a chip's file has it: where the network is placed, evaluated and spread; else nobody does."""
    run, plain, own = runs / "spiking", "ibm-analog-14nm", tmp_path / "own.toml"
    last = load_run(run).network().layers[-1].name
    named = f'\n[devices_of]\n"{last}" = {{ value = 2, source = "ASSUMED" }}\n'
    own.write_text((FOLDER / f"{plain}.toml").read_text() + named)
    for command, options in (("map", ()), ("evaluate", ()), ("spread", ("--chips", 1))):
        told, silent = (snn_json(command, run, "--chip", chip, *options) for chip in (own, plain))
        assert any(f"2 devices a weight, not 4, in {last!r}, as named" in note for note in told["notes"])
        assert not any("devices a weight" in note for note in silent.get("notes", []))
        if command == "map":
            devices = told["placement"]["devices"]
            assert (devices.pop(last), set(devices.values())) == (2, {4})


def test_a_spread_over_age_has_every_way_of_reading_and_each_layer(runs, snn_json, uncompensated):
    """Its rows are what `snn evaluate` finds on the same pieces, of the chip as it is and of one in a file."""
    told = snn_json("spread", runs / "spiking", "--chip", uncompensated, "--chips", 2)
    rows = {(row["age"], row["compensated"], row["balanced"], row["layer"]): row for row in told["rows"]}
    ages = {"written": (True,)} | dict.fromkeys(("1 hour", "1 day", "1 week"), (True, False))
    ways = [(age, way, both, "all") for age, which in ages.items() for way in which for both in (True, False)]
    weighted = [layer.name for layer in load_run(runs / "spiking").network().layers if layer.kind != "encoder"]
    assert list(rows) == [*ways, *(("1 week", False, True, name) for name in weighted)]
    for chip, way in (("ibm-analog-14nm", True), (uncompensated, False)):
        found = snn_json("evaluate", runs / "spiking", "--chip", chip, "--seeds", 2, *WEEK)
        row = rows["1 week", way, True, "all"]
        assert (row["accuracy_mean"], row["accuracy_deviation"]) == (found["accuracy"], found["accuracy_deviation"])
        assert row["accuracy_min"] == min(found["accuracies"])
        assert row["accuracy_change"] == pytest.approx(found["accuracy_change"])
    alone = [rows["1 week", False, True, name]["accuracy_mean"] for name in weighted]
    assert max(alone) > rows["1 week", False, True, "all"]["accuracy_mean"]  # not every layer bears all of the loss


def test_a_spread_of_currents_is_of_pieces_that_are_drawn_anew(runs, snn_json):
    metrics = json.loads((runs / "spiking" / "metrics.json").read_text())
    three, two, none = (
        snn_json("spread", runs / "spiking", "--mismatch", sigma, "--chips", n)
        for sigma, n in ((0.5, 3), (0.5, 2), (0.0, 2))
    )
    assert three["nominal"] == none["mean"] == metrics["test_accuracy"]
    assert none["chips"] == [none["nominal"]] * 2
    assert three["chips"][:2] == two["chips"]
    assert len(set(three["chips"])) > 1
    assert three["mean"] == pytest.approx(np.mean(three["chips"]))
    assert three["deviation"] == pytest.approx(np.std(three["chips"], ddof=1))
    assert three["loss"] == pytest.approx(three["nominal"] - three["mean"])
    assert three["loss"] > 0.05
    run = load_run(runs / "spiking")
    drawn = with_mismatched_currents(run.network(), 0.5, np.random.default_rng(1), run.model.chip().circuit)
    heard = clips_heard(run.model, clips_to_test(run, None, None))
    assert two["chips"][1] == heard.accuracy(drawn, exact_arrays(drawn), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mismatch", "0.1", "--chips", "0"), "'--chips': Input should be greater than or equal to 1"),
        (("--chip", "ibm-analog-14nm", "--chips", "10001"), "'--chips': Input should be less than or equal to 10000"),
        (("--mismatch", "-0.1"), "'--mismatch'"),
        (("--mismatch", "0.1", "--chip", "ibm-analog-14nm"), "give one of them"),
        (("--mismatch", "0.1", "--plot", "pictures"), "--plot is of reservoirs"),
        (("--chip", "ibm-analog-14nm", "--retrain", "3"), "--retrain is of reservoirs"),
        (("--chip", "conv-sram"), "conv-sram is no analog crossbar"),
        (("--chip", "ibm-analog-14"), "did you mean 'ibm-analog-14nm'"),
    ],
)
def test_a_spread_that_cannot_be_asked_is_refused_with_the_remedy(runs, snn, options, said):
    code, out, err = snn("spread", runs / "spiking", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1

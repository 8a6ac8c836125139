"""A trained chip signed off on its test clips: what is printed, what passes, and what must not."""

import hashlib
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.ledger import ledger_of
from circuits.network.spikes import SpikeTrains
from circuits.signoff import Outputs, SignOff, match_spikes, sign_offs
from circuits.signoff.run import by_supply
from snn.experiments.train import train
from snn.recipes.recipe import parse_recipe
from snn.studies import signoff_of_run as signoff

TINY = """
name = "tiny-chip"
kind = "reservoir"
[ear]
bank = "mel"
n_channels = 6
duration_s = 0.2
[reservoir]
lattice = [2, 2, 3]
w_ee = 0.3
[readout]
n_bins = 4
[learning]
epochs = 0
"""
with_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory, spoken):
    folder = tmp_path_factory.mktemp("signed") / "run"
    train(parse_recipe(TINY), str(spoken), folder)
    return folder


def stand_in(late=0.0, kept=1.0, dearer=1.0, swapped=False, silent=False, level=0.0, pulse=0.0):
    """A simulator that gives back what the engine did, but for so much."""

    def repeat(net, clips, *, core, bin, timeout_s, n_jobs):
        signed = []
        for stimulus, engine in clips:
            times, neurons = engine.spike_times, engine.spike_neurons
            if silent:
                times, neurons = times[:0], neurons[:0]
            expected = SpikeTrains(times, neurons, net.network.n_neurons, stimulus.duration)
            some = np.arange(times.size) < kept * times.size
            moved = np.minimum(times[some] + late, stimulus.duration)
            found = SpikeTrains(moved, neurons[some], net.network.n_neurons, stimulus.duration)
            if swapped:
                found = replace(found, times=np.sort(stimulus.duration - found.times))
            energy = by_supply(engine.energy, net.circuit)
            matching = match_spikes(expected, found, bin=bin)
            signed.append(SignOff(matching, found, energy * dearer, energy, Outputs(level, pulse)))
        return signed

    return repeat


@pytest.fixture
def standing_in(monkeypatch):
    """Of the clips a stand-in with these differences; of the corners those that it is told."""

    def replaced(corners=None, **difference):
        monkeypatch.setattr(signoff, "sign_offs", stand_in(**difference))
        monkeypatch.setattr(signoff, "sign_off_corners", lambda chip, stimulus, **how: (corners or dict)())

    return replaced


@pytest.mark.parametrize(
    ("difference", "code", "figure", "value"),
    [
        ({}, 0, "matched_spikes", 1.0),
        ({"late": 5e-9}, 0, "matched_spikes", 1.0),
        ({"late": 0.8e-6}, 1, "matched_spikes", 1.0),  # a delay that is wrong by less than a bin
        ({"kept": 0.9}, 1, "matched_spikes", 2 * 0.9 / 1.9),
        ({"dearer": 1.2}, 1, "energy_error", 0.2),
        ({"dearer": 0.8}, 1, "energy_error", -0.2),
        ({"level": 0.4}, 1, "output_level_error", 0.4),
        ({"pulse": 0.03}, 1, "output_pulse_error", 0.03),
    ],
)
def test_what_is_too_far_off_fails(run, snn, standing_in, difference, code, figure, value):
    standing_in(**difference)
    ended, out, _ = snn("signoff", run, "--clips", 2, "--json")
    told = json.loads(out)
    assert (ended, told["passed"]) == (code, not code)
    assert told[figure] == pytest.approx(value, abs=0.01)
    assert len(told["clips"]) == told["n_clips"] == 2


def test_another_answer_fails(run, snn, standing_in):
    """Spikes that run backwards tell another word."""
    standing_in(swapped=True)
    ended, out, _ = snn("signoff", run, "--clips", 6, "--json")
    told = json.loads(out)
    assert ended == 1
    same = np.mean([clip["engine"] == clip["ngspice"] for clip in told["clips"]])
    assert told["class_agreement"] == same


def test_silence_proves_nothing(run, snn, standing_in):
    standing_in(silent=True)
    ended, out, _ = snn("signoff", run, "--clips", 1, "--json")
    told = json.loads(out)
    assert (ended, told["passed"], told["n_spikes"], told["matched_spikes"]) == (1, False, 0, 1.0)


@with_ngspice
def test_ngspice_agrees_with_the_engine_and_finds_a_wrong_delay(run, snn, snn_json, monkeypatch):
    told = snn_json("signoff", run, "--clips", 1)
    assert told["passed"]
    assert told["n_spikes"] > 50
    assert told["timing_error_s"]["p95"] < 0.1 * told["bin_s"]
    assert [corner["passed"] for corner in told["corners"]] == [True, True]
    assert min(corner["n_spikes"] for corner in told["corners"]) > 0

    def early(chip, clips, **how):
        late = replace(chip, synapse=replace(chip.synapse, delay=0.2 * chip.synapse.delay))
        return sign_offs(late, clips, **how | {"core": None})

    monkeypatch.setattr(signoff, "sign_offs", early)
    ended, out, _ = snn("signoff", run, "--clips", 1, "--json")
    assert (ended, json.loads(out)["passed"]) == (1, False)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--jobs", "0"], "jobs"),
        (["--seed", "-1"], "seed"),
        (["--timeout", "0"], "timeout"),
        (["--clips", "0"], "clips must be at least 1"),
    ],
)
def test_bad_options_are_named(run, snn, flags, message):
    code, out, err = snn("signoff", run, *flags)
    assert (code, out) == (2, "")
    assert message in err


def test_the_seed_draws_the_clips(run, snn_json, standing_in):
    standing_in()
    told = [snn_json("signoff", run, "--clips", 3, "--seed", seed) for seed in (0, 0, 1, 2)]
    energies = [row["energy_engine_j"] for row in told]
    assert energies[0] == energies[1]
    assert len(set(energies)) == 3


def test_a_run_of_decaying_synapses_is_exported_with_a_note_and_not_signed_off(snn, snn_json, spoken, tmp_path):
    run, reason = tmp_path / "run", "synapses of order 2 have no circuit; train with order 0"
    train(parse_recipe(TINY.replace("w_ee = 0.3", "w_ee = 0.3\norder = 2")), str(spoken), run)
    told = snn_json("export", run, "--format", "spice", "--out", tmp_path / "out")
    assert any(reason in note for note in told["notes"])
    assert not (tmp_path / "out" / "network_bench.cir").exists()
    assert (tmp_path / "out" / "reservoir_bench.cir").exists()
    code, _, err = snn("signoff", run, "--clips", 1)
    assert (code, reason in err) == (2, True)


def test_a_run_with_a_shorter_pulse_exports_that_pulse_everywhere(snn_json, spoken, tmp_path):
    train(parse_recipe(TINY.replace("w_ee = 0.3", "w_ee = 0.3\npulse_s = 0.0005")), str(spoken), tmp_path / "run")
    snn_json("export", tmp_path / "run", "--format", "all", "--out", tmp_path / "out")
    network = json.loads((tmp_path / "out" / "network.json").read_text(encoding="utf-8"))
    tables = ("bias", "synapses", "recurrent_synapses")
    pulses = {layer[key]["t_pulse_s"] for layer in network["layers"] for key in tables if key in layer}
    assert pulses == {network["synapse"]["t_pulse_s"]} == {5e-7}
    assert "tdelay=1e-06 tline=5e-07" in (tmp_path / "out" / "core.lib").read_text(encoding="utf-8")


@with_ngspice
def test_the_exported_core_is_run_as_it_stands(run, snn_json, tmp_path):
    told = snn_json("export", run, "--format", "spice", "--out", tmp_path)
    core = tmp_path / "core.lib"
    assert told["deck_sha256"] == hashlib.sha256(core.read_bytes()).hexdigest()
    signed = snn_json("signoff", run, "--deck", tmp_path, "--clips", 1)
    assert signed["passed"]
    assert signed["deck_sha256"] == told["deck_sha256"]
    assert (signed["synapses_seen"] > 0, signed["not_as_written"]) == (True, [])


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@with_ngspice
def test_a_cell_without_a_reset_does_not_pass_even_as_another_hands(run, snn, exported):
    change(exported / "core.lib", "Sreset mem rst cmp clk on off", "")
    ended, out, err = snn("signoff", run, "--deck", exported, "--own-cell", "--clips", 1, "--json")
    assert ended == 1
    assert not (out and json.loads(out)["passed"]), err


@pytest.fixture
def exported(run, snn_json, tmp_path):
    snn_json("export", run, "--format", "spice", "--out", tmp_path / "deck")
    return tmp_path / "deck"


@pytest.mark.parametrize(("flags", "code"), [([], 1), (["--own-cell"], 0)])
def test_a_cell_of_another_hand_is_named_and_passes_only_if_allowed(run, snn, exported, standing_in, flags, code):
    standing_in()
    change(exported / "core.lib", "Rgate spk gates", "Ridle spk vss 1e15\nRgate spk gates")
    ended, out, _ = snn("signoff", run, "--deck", exported, "--clips", 1, "--json", *flags)
    told = json.loads(out)
    assert (ended, told["passed"]) == (code, not code)
    assert len(told["not_as_written"]) == 1
    assert "differs at line" in told["not_as_written"][0]


def test_a_core_with_another_synapse_is_refused_before_it_is_simulated(run, snn, exported, monkeypatch):
    """Half of a weight, or none: though the clip spikes the same."""
    monkeypatch.setattr(signoff, "sign_offs", None)
    text = (exported / "core.lib").read_text()
    without = re.sub(r"^G\d+_reservoir_0 .*\n", "", text, count=1, flags=re.MULTILINE)
    weaker = re.sub(r"(?m)^(G\d+_reservoir_0 .*vds-\(-0\.)(\d)", lambda m: f"{m[1]}{int(m[2]) - 1}", text, count=1)
    for damaged, said in ((without, "is missing; export it again"), (weaker, r"A, expected \S+ A; export it again")):
        (exported / "core.lib").write_text(damaged)
        code, out, err = snn("signoff", run, "--deck", exported, "--clips", 1)
        assert (code, out) == (2, "")
        assert re.search(r"synapse G\d+_reservoir_0 of .*" + said, " ".join(err.split())), err


def test_a_corner_that_does_not_pass_fails(run, snn, standing_in):
    """The clips agree, and at a corner nothing spikes."""

    def silent():
        nothing = SpikeTrains(np.zeros(0), np.zeros(0), 1, 1e-5)
        energy = ledger_of({"membrane": 1.0})
        return {"cold": SignOff(match_spikes(nothing, nothing, bin=1e-6), nothing, energy, energy, Outputs(0.0, 0.0))}

    standing_in(silent)
    ended, out, _ = snn("signoff", run, "--clips", 1, "--json")
    told = json.loads(out)
    assert (ended, told["passed"], told["matched_spikes"]) == (1, False, 1.0)
    assert [(corner["corner"], corner["passed"]) for corner in told["corners"]] == [("cold", False)]


@with_ngspice
@pytest.mark.slow
def test_the_exported_bench_of_a_trained_chip_is_as_expected(snn_json, spoken, tmp_path):
    """20 encoders, 36 neurons and 256 synapses, of the recipe; every figure of every bench."""
    snn_json("train", "chip-20-36", "--data", spoken, "--out", tmp_path / "run")
    told = snn_json("export", tmp_path / "run", "--format", "spice", "--out", tmp_path / "deck", "--verify")
    assert [row for row in told["rows"] if not row["passed"]] == []
    assert told["passed"]


@pytest.mark.parametrize("what", ["missing", "another"])
def test_a_deck_that_is_not_of_the_run_is_refused(run, snn, snn_json, spoken, tmp_path, what):
    if what == "another":
        train(parse_recipe(TINY.replace("w_ee = 0.3", "w_ee = 0.4")), str(spoken), tmp_path / "other")
        snn_json("export", tmp_path / "other", "--format", "spice", "--out", tmp_path / "deck")
    code, out, err = snn("signoff", run, "--deck", tmp_path / "deck", "--clips", 1)
    said = {"missing": "no core.lib in", "another": "another network; export this run"}[what]
    assert (code, out, said in err) == (2, "", True)

"""A trained chip signed off on its test clips: what is printed, what passes, and what must not."""

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains
from circuits.signoff import SignOff, match_spikes, sign_offs
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


def stand_in(late=0.0, kept=1.0, dearer=1.0, swapped=False, silent=False):
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
            energy = by_supply(engine.energy)
            signed.append(SignOff(match_spikes(expected, found, bin=bin), found, energy * dearer, energy))
        return signed

    return repeat


@pytest.mark.parametrize(
    ("difference", "code", "figure", "value"),
    [
        ({}, 0, "matched_spikes", 1.0),
        ({"late": 5e-9}, 0, "matched_spikes", 1.0),
        ({"late": 0.8e-6}, 1, "matched_spikes", 1.0),  # a delay that is wrong by less than a bin
        ({"kept": 0.9}, 1, "matched_spikes", 2 * 0.9 / 1.9),
        ({"dearer": 1.2}, 1, "energy_error", 0.2),
        ({"dearer": 0.8}, 1, "energy_error", -0.2),
    ],
)
def test_what_is_too_far_off_fails(run, snn, monkeypatch, difference, code, figure, value):
    monkeypatch.setattr(signoff, "sign_offs", stand_in(**difference))
    ended, out, _ = snn("signoff", run, "--clips", 2, "--json")
    told = json.loads(out)
    assert (ended, told["passed"]) == (code, not code)
    assert told[figure] == pytest.approx(value, abs=0.01)
    assert len(told["clips"]) == told["n_clips"] == 2


def test_another_answer_fails(run, snn, monkeypatch):
    """Spikes that run backwards tell another word."""
    monkeypatch.setattr(signoff, "sign_offs", stand_in(swapped=True))
    ended, out, _ = snn("signoff", run, "--clips", 6, "--json")
    told = json.loads(out)
    assert ended == 1
    same = np.mean([clip["engine"] == clip["ngspice"] for clip in told["clips"]])
    assert told["class_agreement"] == same


def test_silence_proves_nothing(run, snn, monkeypatch):
    monkeypatch.setattr(signoff, "sign_offs", stand_in(silent=True))
    ended, out, _ = snn("signoff", run, "--clips", 1, "--json")
    told = json.loads(out)
    assert (ended, told["passed"], told["n_spikes"], told["matched_spikes"]) == (1, False, 0, 1.0)


@with_ngspice
def test_ngspice_agrees_with_the_engine_and_finds_a_wrong_delay(run, snn, snn_json, monkeypatch):
    told = snn_json("signoff", run, "--clips", 1)
    assert told["passed"]
    assert told["n_spikes"] > 50
    assert told["timing_error_s"]["p95"] < 0.1 * told["bin_s"]

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


def test_the_seed_draws_the_clips(run, snn_json, monkeypatch):
    monkeypatch.setattr(signoff, "sign_offs", stand_in())
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
def test_the_exported_core_is_run_as_it_stands(run, snn, snn_json, tmp_path):
    told = snn_json("export", run, "--format", "spice", "--out", tmp_path)
    core = tmp_path / "core.lib"
    assert told["deck_sha256"] == hashlib.sha256(core.read_bytes()).hexdigest()
    signed = snn_json("signoff", run, "--deck", tmp_path, "--clips", 1)
    assert signed["passed"]
    assert signed["deck_sha256"] == told["deck_sha256"]
    core.write_text(core.read_text().replace("Sreset mem rst cmp vss on off", "", 1))
    ended, out, err = snn("signoff", run, "--deck", tmp_path, "--clips", 1, "--json")
    assert ended == 1
    assert not (out and json.loads(out)["passed"]), err


@pytest.mark.parametrize("what", ["missing", "another"])
def test_a_deck_that_is_not_of_the_run_is_refused(run, snn, snn_json, spoken, tmp_path, what):
    if what == "another":
        train(parse_recipe(TINY.replace("w_ee = 0.3", "w_ee = 0.4")), str(spoken), tmp_path / "other")
        snn_json("export", tmp_path / "other", "--format", "spice", "--out", tmp_path / "deck")
    code, out, err = snn("signoff", run, "--deck", tmp_path / "deck", "--clips", 1)
    said = {"missing": "no core.lib in", "another": "another network; export this run"}[what]
    assert (code, out, said in err) == (2, "", True)

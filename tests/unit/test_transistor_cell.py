"""The neuron from transistors without a simulator: what is refused, and a search that is interrupted and resumed."""

import json
from dataclasses import replace
from itertools import count

import pytest

from circuits.errors import InputError, MissingInputError, MissingPackageError
from circuits.ledger import Entry, Ledger
from circuits.transistor import Cards, NeuronCell, Size, find_cards, sizing, subcircuit
from circuits.transistor import cards as cards_module
from circuits.transistor.bench import NOMINAL
from circuits.transistor.held import Held
from circuits.transistor.measure import NeuronFigures
from circuits.transistor.sizing import BOUNDS, Search, Trial, front, search
from circuits.units import fF, nm

CARDS = Cards(None, "cards of a test")


def test_missing_cards_name_what_to_install_and_what_a_folder_holds(monkeypatch, tmp_path):
    monkeypatch.setattr(cards_module, "PACKAGE", "c4m-pdk-that-nobody-has")
    with pytest.raises(MissingPackageError, match=r'pip install "tunnelspike\[pdk\]".*freepdk45_nom.spi'):
        find_cards()
    with pytest.raises(MissingInputError, match=r"freepdk45_nom.spi; a folder of cards holds .*freepdk45_ss.spi"):
        find_cards(tmp_path)


def test_cards_without_a_model_are_told_before_anything_is_simulated(tmp_path):
    for file in cards_module.FILES.values():
        (tmp_path / file).write_text(".model NMOS_VTH nmos level=54\n")
    cards = find_cards(tmp_path)
    cards.require_models("nmos_vth")
    with pytest.raises(InputError, match="no card 'PMOS_VTH'; it has nmos_vth"):
        cards.require_models("NMOS_VTH", "PMOS_VTH")


def test_a_simulator_without_b4soi_is_told_with_the_remedy(monkeypatch, tmp_path):
    program = tmp_path / "ngspice"
    program.write_text("#!/bin/sh\necho 'Error on line 3: could not find a valid modelname'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(InputError, match=r"no B4SOI model \(level 10\).*install ngspice 34"):
        cards_module.require_b4soi()


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"v_dd": 0.9}, "a membrane at the supply would stop the tunnelling"),
        ({"v_gate": 0.0}, "below its onset, no current; give less than"),
        ({"v_dd": 0.0}, "v_dd must be positive"),
        ({"c_feedback": -0.1 * fF}, "c_feedback must be zero or positive"),
        ({"c_load": 0.2}, "0.2 fF meant"),
    ],
)
def test_contradictory_sizes_are_refused_with_value_and_remedy(sizes, told):
    with pytest.raises(InputError, match=told):
        NeuronCell(**sizes)


@pytest.mark.parametrize("size", [{"width": 45 * nm}, {"length": 22 * nm}, {"length": 1e-3}])
def test_a_size_that_cannot_be_drawn_is_refused(size):
    with pytest.raises(InputError, match=f"Size.{next(iter(size))} must be in"):
        Size(**size)


def test_the_smallest_drawn_transistor_is_allowed():
    assert Size(90 * nm, 50 * nm).words.startswith("w=9e-08 l=5e-08 ad=9.45e-15")


def test_a_part_that_is_left_out_is_in_no_line():
    text = subcircuit(replace(NeuronCell(), reset=None, c_feedback=0.0), "cell", "model")
    assert "reset" not in text
    assert "feedback" not in text
    with pytest.raises(InputError, match="no transistor 'reset' to shift"):
        subcircuit(replace(NeuronCell(), reset=None), "cell", "model", {"reset": 0.01})


def _measured(cell, cards, corner):
    """A neuron in closed form, that spikes where its feedback is large enough."""
    common = {"corner": corner, "v_dd": cell.v_dd, "input_current": 1e-10, "swing": cell.v_dd, "leak_power": 0.0}
    if cell.c_feedback < 0.3 * fF:
        return NeuronFigures(spikes=False, held=Held("feedback", {}, {}, "feedback: too small"), **common)
    joules = cell.c_feedback * cell.v_dd**2
    return NeuronFigures(
        spikes=True, rate=cell.input_current / cell.spike_charge, energy=Ledger((Entry("all", 1, joules),)), **common
    )


def _interrupted_after(n):
    made = count()

    def measure(cell, cards, corner):
        if next(made) >= n:
            raise KeyboardInterrupt
        return _measured(cell, cards, corner)

    return measure


@pytest.mark.parametrize("n", [0, 7, 40, 61])
def test_a_search_that_is_interrupted_and_resumed_ends_at_the_same_front(monkeypatch, tmp_path, n):
    settings, whole, parts = Search(generations=3, population=8), tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    monkeypatch.setattr(sizing, "measure", _measured)
    expected = search(CARDS, whole, settings, n_jobs=1)
    monkeypatch.setattr(sizing, "measure", _interrupted_after(n))
    with pytest.raises(KeyboardInterrupt):
        search(CARDS, parts, settings, n_jobs=1)
    with parts.open("a") as file:
        file.write('{"generation": 1, "ind')  # a line that was cut off
    monkeypatch.setattr(sizing, "measure", _measured)
    assert search(CARDS, parts, settings, n_jobs=1) == expected
    assert parts.read_bytes() == whole.read_bytes()
    assert len(front(expected)) > 1


def test_what_was_tried_is_not_simulated_again(monkeypatch, tmp_path):
    monkeypatch.setattr(sizing, "measure", _measured)
    found = search(CARDS, tmp_path / "a.jsonl", Search(2, 4), n_jobs=1)
    monkeypatch.setattr(sizing, "measure", _interrupted_after(0))
    assert search(CARDS, tmp_path / "a.jsonl", Search(2, 4), n_jobs=1) == found


def test_later_generations_are_better(monkeypatch, tmp_path):
    monkeypatch.setattr(sizing, "measure", _measured)
    trials = search(CARDS, tmp_path / "a.jsonl", Search(6, 8), n_jobs=1)
    first = min(t.energy_j for t in trials if t.generation == 0 and t.failed is None)
    assert front(trials)[0].energy_j < 0.9 * first


def test_a_file_of_another_search_or_a_damaged_one_is_refused_and_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(sizing, "measure", _measured)
    file = tmp_path / "a.jsonl"
    search(CARDS, file, Search(1, 4), n_jobs=1)
    before = file.read_text()
    with pytest.raises(InputError, match="of another search"):
        search(CARDS, file, Search(1, 4, seed=1), n_jobs=1)
    assert file.read_text() == before
    row = json.loads(before.splitlines()[1])
    file.write_text(before + json.dumps(row | {"genes": [1.0]}) + "\n")
    with pytest.raises(InputError, match=r"line 6 is no trial"):
        search(CARDS, file, Search(1, 4), n_jobs=1)


def test_the_front_holds_who_is_beaten_by_nobody():
    def trial(index, energy, rate, area, failed=None):
        return Trial(0, index, (1.0,) * len(BOUNDS), area, energy, rate, failed)

    kept = [trial(0, 1.0, 5.0, 2.0), trial(1, 2.0, 9.0, 2.0), trial(2, 3.0, 1.0, 1.0)]
    beaten = [trial(3, 2.0, 5.0, 2.0), trial(4, 3.0, 0.5, 1.0), trial(5, None, None, 0.1, NOMINAL.name)]
    assert front(beaten + kept) == tuple(kept)

"""At which acceleration a network runs where none is asked for, what stands beside it, and what cannot be asked."""

import json
from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.chips.acceleration import allowed_accelerations, cheapest
from circuits.chips.speed import largest_acceleration, least_acceleration, speed_notes
from circuits.energy.core import GATING_UNKNOWN
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import circuit_for_tau
from snn.report.console import as_tables

TAU, DT = 20e-3, 10e-3


def network(fan_in=3, dt=DT, event_driven=False) -> ChipNetwork:
    """Two neurons behind so many lines, on the default circuit at 20 ms."""
    one = np.ones(2)
    layer = LayerSpec("hidden", "lif", np.ones((fan_in, 2)), 0 * one, TAU * one, one)
    return ChipNetwork(NetworkSpec("net", dt, (layer,), event_driven=event_driven), circuit_for_tau(TAU))


def report(net: ChipNetwork, *acceleration):
    """At an acceleration, or at what a chip does by itself."""
    counts = {"hidden": np.ones(2)}
    activity = Activity(1, 0.5, counts, {"hidden": np.full(2, 1e-3)}, net.circuit.crowbar_window,
                        np.ones(net.network.n_external))  # fmt: skip
    chip = load_chip("btbt-45rfsoi", net, *map(Operation, acceleration))
    return chip.price(net.network, activity, chip.place(net.network, activity))


def test_a_network_runs_where_it_costs_least_of_what_its_device_allows():
    """Of 100 accelerations from real time to the largest, those without a note."""
    chip = network()
    found, largest = report(chip), largest_acceleration(chip.network, chip.circuit, chip.synapse)
    allowed = [a for a in np.geomspace(1, largest, 100) if not speed_notes(chip, a)]
    assert 1 < len(allowed) < 100
    totals = {a: report(chip, a).ledger.total for a in allowed}
    least = min(totals.values())
    assert least <= found.ledger.total <= 1.01 * least
    tried = allowed_accelerations(chip)
    (slower,) = tried[tried.index(found.acceleration) - 1 :][:1]
    assert report(chip, slower).ledger.total > 1.01 * least
    assert speed_notes(chip, found.acceleration) == ()
    assert (found.chosen, report(chip, found.acceleration).chosen) == ("auto", "given")
    assert found.ledger == report(chip, found.acceleration).ledger


def test_speed_that_saves_nothing_is_not_taken_and_the_floor_is_kept():
    """Three idle lines need the first whole acceleration at which nothing is noted; there all cost the same."""
    chip = network()
    slowest = cheapest(allowed_accelerations(chip), lambda a: 1e-12)
    assert slowest == least_acceleration(chip) > 1
    assert speed_notes(chip, slowest) == ()
    assert speed_notes(chip, slowest - 1) != ()


@pytest.mark.parametrize("dt", [1e-3, 7e-3])
def test_the_slowest_that_the_notes_name_is_the_first_without_any(dt):
    """Also where the factor is a whole number, as near as a float can tell."""
    for chip in (network(fan_in, dt) for fan_in in range(1, 57)):
        slowest = least_acceleration(chip)
        assert speed_notes(chip, slowest) == ()
        assert f"an acceleration of {slowest} or" in speed_notes(chip, slowest - 1)[-1]


@pytest.mark.parametrize("saved", [0.0004, 0.009, 0.011, 0.2])
def test_speed_that_saves_less_than_a_hundredth_is_not_taken(saved):
    """Slow costs 1 / (1 - saved) of the least; the order in which they are tried is no matter."""
    energies = {100.0: 1.0, 10.0: 1 / (1 - saved), 1.0: 2.0}
    assert cheapest(list(energies), energies.__getitem__) == (10.0 if saved < 0.01 else 100.0)


def test_energy_that_has_a_least_in_between_is_found_there():
    """a + 1e4 / a is least at 100."""
    tried = [1.0, 10.0, 50.0, 100.0, 500.0, 1000.0]
    assert cheapest(tried, lambda a: a + 1e4 / a) == 100.0


def test_where_no_acceleration_fits_the_cheapest_is_taken_and_one_remedy_named():
    """A thousand lines in steps that hold a pulse and a reset 8 times: idle leak is too much at all of them."""
    chip = network(fan_in=1000, dt=10e-6)
    chip = replace(chip, circuit=replace(chip.circuit, g_leak=1e3 * chip.circuit.g_leak))
    largest = largest_acceleration(chip.network, chip.circuit, chip.synapse)
    assert least_acceleration(chip) > largest
    found = allowed_accelerations(chip)
    assert (found[0], found[-1]) == (1, int(largest))
    for acceleration in found:
        (*_, last) = notes = speed_notes(chip, acceleration)
        assert sum("would mend" in note for note in notes) == 1
        assert "no acceleration, but a c_mem of" in last


def test_the_ungated_figure_of_real_time_stands_beside_it_with_its_own_notes():
    """Static power lasts the whole clip: `acceleration` times as long."""
    chip = network()
    found, slow = report(chip), report(chip, 1)
    assert found.real_time.ledger == slow.ledger
    assert slow.ledger.static / found.ledger.static == pytest.approx(found.acceleration, rel=1e-12)
    told = found.as_dict()
    assert (told["acceleration"], told["acceleration_chosen"]) == (found.acceleration, "auto")
    assert told["real_time_total_j"] == slow.ledger.total > 2 * told["total_j"]
    assert told["real_time_notes"] == list(speed_notes(chip, 1)) != []
    assert not set(told["real_time_notes"]) & set(told["notes"])
    assert "real time total" in as_tables(told)
    own = slow.as_dict()
    assert own["real_time_total_j"] == own["total_j"]
    assert own["real_time_notes"] == []  # said in its notes
    assert set(speed_notes(chip, 1)) <= set(own["notes"])


@pytest.mark.parametrize(("acceleration", "gated"), [(0.5, False), (1, False), (2, True), (100, True)])
def test_what_switches_the_supply_off_is_unknown_and_never_zero(acceleration, gated):
    ledger = report(network(), acceleration).ledger
    parts = {entry.part for entry in GATING_UNKNOWN.entries}
    assert parts
    assert {entry.part for entry in ledger.unknown} & parts == (parts if gated else set())
    assert any("power gating is ASSUMED" in note for note in report(network(), acceleration).notes) == gated


def test_a_network_in_the_time_of_its_chip_keeps_it():
    chip = network(fan_in=60, event_driven=True)
    found = report(chip)
    assert (found.acceleration, found.chosen, found.real_time) == (1, "auto", None)
    assert {entry.part for entry in GATING_UNKNOWN.entries} < {entry.part for entry in found.ledger.unknown}
    assert json.loads(json.dumps(found.as_dict()))["real_time_total_j"] is None
    assert found.as_dict()["real_time_notes"] == []
    (said,) = [note for note in found.notes if "would mend" in note]
    assert "training with" in said  # --acceleration is refused
    assert "neuron.acceleration or a c_mem" in said


def test_steps_too_short_for_real_time_are_refused_and_not_slowed_down():
    chip = network(dt=1e-6)
    (broken,) = load_chip("btbt-45rfsoi", chip).check(chip.network)
    assert (broken.code, broken.value) == ("acceleration", 1.0)
    assert report(chip, 0.5).real_time is None


@pytest.mark.parametrize("acceleration", [0, -1, float("nan"), float("inf"), "fast", "0", "-inf", "", None, "1e999"])
def test_an_acceleration_that_cannot_be_is_refused_with_value_limit_and_remedy(acceleration):
    with pytest.raises(InputError, match=r"acceleration must be positive and finite, got .*; 1 is real time, auto"):
        Operation(acceleration)


def test_an_acceleration_in_words_is_the_number():
    assert Operation("1e3") == Operation(1000)
    assert Operation("auto") == Operation()

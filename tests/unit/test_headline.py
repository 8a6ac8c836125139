"""The headline is found in the rows: similar area, similar energy, as frugal; never a row of another scope."""

from dataclasses import replace

import pytest

from circuits.literature.compare import compare
from circuits.literature.headline import CLOSE, SIMILAR, headline
from circuits.literature.published import load_published
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.energy_terms import spike_energy

OWN = spike_energy(LIFCircuit()).total
ROWS = compare(OWN)
TOLD = headline(ROWS)
GIVEN = {row.name: row for row in ROWS}


def test_at_similar_area_the_impact_ionisation_neuron_pays_four_orders_of_magnitude_more():
    """35 pJ against some fJ, the claim of the Chavan abstract; 180 F^2 against 781."""
    (row,) = TOLD.at_similar_area
    assert row.name == "Dutta (impact ionisation)"
    assert row.ratio_to_btbt == pytest.approx(35e-12 / OWN)
    assert row.area_ratio == pytest.approx(180 / 781.25)
    times = f"{float(f'{35e-12 / OWN:.2g}'):,.0f}"
    assert f"35 pJ, {times} times ours, 4 orders of magnitude" in TOLD.sentences[0]


def test_at_similar_energy_the_measured_neurons_take_ten_to_fifty_times_the_area():
    measured = {row.name: row.area_ratio for row in TOLD.at_similar_energy if row.measured}
    assert measured == {"Besrour": pytest.approx(55.5, rel=0.01), "Sourikopoulos": pytest.approx(10.6, rel=0.01)}
    assert "measured: Besrour 2024 (55.5 times our area), Sourikopoulos 2017 (10.6 times our area)" in TOLD.sentences[1]


def test_what_is_better_is_not_hidden():
    names = [row.name for row in TOLD.as_frugal]
    assert "Besrour" in names
    assert GIVEN["Besrour"].ratio_to_btbt == pytest.approx(1.61e-15 / OWN)
    better = {row.name for row in ROWS if row.ratio_to_btbt < 1} - {"Chavan (BTBT)"}
    assert better <= set(names)
    assert "1.61 fJ" in TOLD.sentences[2]
    assert "simulated: Larsh" in TOLD.sentences[2]


def test_groups_hold_exactly_the_rows_within_their_factor():
    others = [row for row in ROWS if row.name != "Chavan (BTBT)"]
    sized = [row for row in others if row.area_ratio is not None]
    assert set(TOLD.at_similar_area) == {row for row in sized if 1 / SIMILAR <= row.area_ratio <= SIMILAR}
    assert set(TOLD.at_similar_energy) == {row for row in sized if 1 / SIMILAR <= row.ratio_to_btbt <= SIMILAR}
    assert set(TOLD.as_frugal) == {row for row in others if row.ratio_to_btbt <= CLOSE}


def test_the_neuron_that_ours_reproduces_is_not_compared_with_itself():
    groups = (*TOLD.at_similar_area, *TOLD.at_similar_energy, *TOLD.as_frugal)
    assert "Chavan (BTBT)" in GIVEN
    assert not [row for row in groups if row.name == "Chavan (BTBT)"]


def test_chips_and_nothing_have_no_headline():
    for rows in (compare(OWN, scope="chip"), ()):
        told = headline(rows)
        assert (told.at_similar_area, told.at_similar_energy, told.as_frugal) == ((), (), ())
        assert all("no neuron of known figures" in sentence for sentence in told.sentences)


def test_the_headline_follows_our_figures():
    """A neuron a thousand times dearer is no headline."""
    dear = headline(compare(1000 * OWN))
    assert f"{35e-15 / OWN:.3g} times ours" in dear.sentences[0]
    assert "orders of magnitude" not in dear.sentences[0]
    small = [replace(row, area_m2=None) for row in load_published()]
    assert headline(compare(OWN, small)).at_similar_area == ()

"""Comparison with published neurons: like with like, sorted, ratios the right way up."""

from dataclasses import replace

import pytest

from circuits.literature.compare import compare
from circuits.literature.published import PublishedNeuron, load_published

CELL = PublishedNeuron(
    name="cell",
    year=2020,
    source="doi:10.0/a",
    evidence="abstract",
    technology="CMOS",
    energy_per_spike_j=35e-12,
    scope="neuron",
    measured=True,
    node_m=50e-9,
    area_m2=2e-12,
)
CHIP = replace(CELL, name="chip", scope="chip", energy_per_spike_j=1e-12)


def test_ratio_is_their_energy_over_ours():
    (row,) = compare(7e-15, [CELL])
    assert row.ratio_to_btbt == pytest.approx(5000)
    assert row.area_f2 == pytest.approx(800)
    assert row.reason == ""


def test_rows_are_sorted_by_energy():
    energies = [row.energy_per_spike_j for row in compare(3e-15)]
    assert len(energies) >= 20
    assert energies == sorted(energies)


@pytest.mark.parametrize("scope", ["neuron", "core", "chip", "system"])
def test_scopes_are_never_mixed(scope):
    rows = compare(3e-15, scope=scope)
    assert {row.scope for row in rows} <= {scope}
    assert len(rows) == sum(row.scope == scope for row in load_published())


def test_a_chip_has_no_ratio_to_a_bare_neuron_and_says_why():
    (row,) = compare(7e-15, [CELL, CHIP], scope="chip")
    assert row.name == "chip"
    assert row.ratio_to_btbt is None
    assert "whole chip" in row.reason


def test_area_of_something_else_is_not_normalised():
    """The area of a chip says nothing about the neuron whose energy stands beside it."""
    rows = [replace(CELL, area_scope="chip"), replace(CELL, node_m=None), replace(CELL, area_m2=None)]
    assert [row.area_f2 for row in compare(7e-15, rows)] == [None, None, None]


def test_area_ratio_is_their_squares_over_ours():
    """800 F^2 over 781 of the default, 0.8 um^2 at 32 nm, or over what is given; a chip has none."""
    assert compare(7e-15, [CELL])[0].area_ratio == pytest.approx(800 / 781.25)
    assert compare(7e-15, [CELL], area_f2=200.0)[0].area_ratio == pytest.approx(4)
    assert compare(7e-15, [CHIP], scope="chip")[0].area_ratio is None
    assert compare(7e-15, [CHIP], scope="chip")[0].area_f2 == pytest.approx(800)


def test_our_area_is_that_of_the_neuron_that_ours_reproduces():
    (chavan,) = (row for row in compare(3e-15) if row.name == "Chavan (BTBT)")
    assert chavan.area_ratio == pytest.approx(1)


@pytest.mark.parametrize("area_f2", [0.0, -1.0, float("nan"), float("inf")])
def test_area_that_is_not_positive_is_refused(area_f2):
    with pytest.raises(ValueError, match="area_f2"):
        compare(3e-15, area_f2=area_f2)


@pytest.mark.parametrize("energy", [0.0, -1e-15, float("nan"), float("inf")])
def test_energy_that_is_not_positive_is_refused(energy):
    with pytest.raises(ValueError, match="energy_per_spike_j"):
        compare(energy)


def test_unknown_scope_is_refused():
    with pytest.raises(ValueError, match=r"scope = 'cell'.*neuron, core, chip, system"):
        compare(3e-15, scope="cell")

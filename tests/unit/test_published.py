"""The table of published neurons: complete, sourced, and refused where it is not."""

from collections import Counter
from pathlib import Path

import pytest

from circuits.literature.published import SCOPES, load_published

ROW = """
[[neuron]]
name = "A"
year = 2020
source = "doi:10.0/a"
evidence = "abstract"
technology = "CMOS"
energy_per_spike_j = 2e-12
scope = "neuron"
measured = true
"""


def _load(tmp_path: Path, text: str):
    path = tmp_path / "rows.toml"
    path.write_text(text, encoding="utf-8")
    return load_published(path)


def test_table_has_the_promised_rows_of_each_scope():
    scopes = Counter(row.scope for row in load_published())
    assert scopes["neuron"] >= 20
    assert scopes["core"] + scopes["chip"] + scopes["system"] >= 6
    assert set(scopes) <= set(SCOPES)


def test_names_are_unique_and_every_row_has_a_source():
    rows = load_published()
    assert len({(row.name, row.year) for row in rows}) == len(rows)
    assert all(row.source and row.technology for row in rows)


def test_ratios_of_the_chavan_abstract_follow_from_the_rows():
    """The abstract claims 1e4 in energy (against Dutta's SOI neuron) and 10 in area, here in squares of the node."""
    row = {row.name: row for row in load_published()}
    chavan, dutta, sourikopoulos = row["Chavan (BTBT)"], row["Dutta (impact ionisation)"], row["Sourikopoulos"]
    assert dutta.energy_per_spike_j / chavan.energy_per_spike_j == pytest.approx(1.09e4, rel=0.01)
    f2 = [neuron.area_m2 / neuron.node_m**2 for neuron in (sourikopoulos, chavan)]
    assert f2[0] / f2[1] == pytest.approx(10.6, rel=0.01)


def test_derived_rows_follow_from_what_they_are_derived_from():
    row = {row.name: row for row in load_published()}
    digital, analog = row["Joubert (digital)"], row["Joubert (analog)"]
    assert digital.energy_per_spike_j / analog.energy_per_spike_j == pytest.approx(20)
    assert digital.area_m2 / analog.area_m2 == pytest.approx(5)
    han = row["Han (single MOSFET)"]
    assert han.area_m2 / han.node_m**2 == pytest.approx(6)
    gaa = row["Bhatawdekar (gate-all-around)"]
    assert gaa.energy_per_spike_j == pytest.approx(1.0 * 94e-9 * 52e-9, rel=0.002, abs=0)


def test_figures_lie_between_attojoule_and_nanojoule():
    """A slip of a prefix would stand out."""
    for row in load_published():
        assert 1e-19 < row.energy_per_spike_j < 1e-9, row.name
        assert row.node_m is None or 5e-9 < row.node_m < 1e-6, row.name
        assert row.area_m2 is None or 1e-16 < row.area_m2 < 1e-4, row.name
        assert row.v_dd_v is None or 0.1 < row.v_dd_v < 4, row.name
        assert 2000 < row.year < 2030, row.name


def test_good_row_is_read(tmp_path):
    (row,) = _load(tmp_path, ROW)
    assert (row.energy_per_spike_j, row.scope, row.measured, row.node_m) == (2e-12, "neuron", True, None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "doi:10.0/a"\n', "", r"row 1 of .*\(A\) lacks source"),
        ('scope = "neuron"\n', "", "lacks scope"),
        ('source = "doi:10.0/a"', 'source = " "', "source is empty for 'A'"),
        ('scope = "neuron"', 'scope = "cell"', "scope = 'cell'.*neuron, core, chip, system"),
        ('evidence = "abstract"', 'evidence = "rumour"', "evidence = 'rumour'"),
        ("year = 2020", "year = 2020\nnode_nm = 65", "unknown key 'node_nm' in row 1.*did you mean 'node_m'"),
        ("2e-12", "0.0", "energy_per_spike_j = 0.0"),
        ("2e-12", "nan", "energy_per_spike_j must be finite, got nan"),
        ("2e-12", '"2 pJ"', r"energy_per_spike_j must be a number in J, got '2 pJ'"),
        ("2e-12", "1" * 400, r"row 1 of .*\(A\).*energy_per_spike_j must be finite"),
        ("measured = true", "measured = 1", "measured must be true or false, got 1"),
        ("year = 2020", "year = true", "year must be a whole number, got True"),
        ("year = 2020", "year = 2020\nnote = 7", "note must be text, got 7"),
        ("year = 2020", "year = 2020\nstatic_power_w = 1e-12", "static_power_w and static_source of 'A' come together"),
        ("year = 2020", 'year = 2020\nstatic_source = "b"', "come together; give both or neither"),
        ("year = 2020", 'year = 2020\nstatic_power_w = 0.0\nstatic_source = "b"', "static_power_w = 0.0"),
        ("name = ", "name == ", "not a TOML file"),
        ("[[neuron]]", "[[neurons]]", "neurons"),
    ],
)
def test_bad_row_is_refused_with_its_place(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message):
        _load(tmp_path, ROW.replace(old, new))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.toml"):
        load_published(tmp_path / "absent.toml")

"""Tables for a reader fit the terminal without a broken word; what does not fit is named."""

import pytest

from snn.report.console import as_tables

RECORDS = [
    {"name": f"a neuron with a long name {i}", "total_j": 1e-12 * i, "ratio": 1.5, "verdict": "wins"} for i in (1, 2)
]


@pytest.fixture
def printed(monkeypatch):
    def show(value, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        return as_tables(value)

    return show


def test_columns_that_do_not_fit_are_named_and_no_word_is_broken(printed):
    wide, narrow = printed({"rows": RECORDS}), printed({"rows": RECORDS}, 40)
    assert "verdict" in wide
    assert "wins" in wide
    assert "--json" not in wide
    assert "a neuron with a long name 2  2 pJ" in narrow
    assert "wins" not in narrow
    assert "--json tells ratio, verdict too" in narrow
    assert all(len(line.rstrip()) <= 40 for line in narrow.splitlines())


def test_tables_inside_a_table_stand_by_themselves_with_units_and_shares(printed):
    out = printed({"online": {"test_accuracy": 0.9, "energy_j": {"drive": 1e-15, "static": 3e-15}, "nothing": []}})
    assert "online energy" in out
    assert "3 fJ" in out
    assert "75.0%" in out
    assert "{" not in out
    assert "nothing" not in out


def test_lists_of_numbers_are_one_line_and_lists_of_sentences_many(printed):
    out = printed({"history": [0.123456, 0.5], "notes": ["one", "two"], "none": []})
    assert "0.123, 0.5" in out
    assert out.count("notes") == 2
    assert "none" not in out


def test_no_cell_holds_a_table(printed):
    """Rows inside a table stand by themselves too; a column of tables is named, for --json to tell."""
    rows = [{"corner": "of a warm chip, in a long name", "rate_hz": 1e3, "parts_of_it": {"leak": 1e-18}}] * 2
    shown = printed({"rows": rows, "circuit": {"error": 0.1, "points": [{"current_a": 1e-12, "fitted": True}]}})
    assert "{" not in shown
    assert "--json tells parts of it too" in shown
    assert "circuit points" in shown
    assert "1 pA" in shown

"""The ledger: entries add, scale and group without losing a joule; what has no figure is listed and never zero."""

import csv
import io
import json

import numpy as np
import pytest

from circuits.ledger import Entry, Ledger, ledger_of, require_group, unknown

LEDGER = Ledger(
    (
        Entry("switching", 3.0, 2e-15, source="a", layer="hidden", core=10),
        Entry("leak", 0.5, 4e-15, "static", "second", "b", layer="hidden", core=2),
        Entry("switching", 5.0, 2e-15, source="a", layer="encoder", core=2),
        Entry("switching", 4.0, 1e-15, source="c", layer="encoder", core=2),
        Entry("bias", 0.5, 6e-15, "static", "second", "d", core=10),
        Entry("wires", 7.0, None, source="not published", layer="hidden", core=2),
        Entry("wires", 8.0, None, source="not published", layer="encoder", core=10),
    )
)
TOTAL = (6 + 2 + 10 + 4 + 3) * 1e-15


def exactly(expected):
    return pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("part", {"switching": 20e-15, "leak": 2e-15, "bias": 3e-15}),
        ("layer", {"hidden": 8e-15, "encoder": 14e-15, "shared": 3e-15}),
        ("core", {"2": 16e-15, "10": 9e-15}),
    ],
)
def test_every_grouping_sums_to_the_total(by, expected):
    assert LEDGER.sums(by) == exactly(expected)
    assert list(LEDGER.sums(by)) == list(expected)  # cores by number, what is shared last
    grouped = LEDGER.by(by)
    assert grouped.total == exactly(TOTAL)
    assert grouped.sums(by) == exactly(expected)
    assert sum(row["energy_j"] or 0.0 for row in grouped.rows()) == exactly(TOTAL)
    assert sum(row["share"] or 0.0 for row in grouped.rows()) == exactly(1.0)


def test_alike_entries_merge_into_counts_and_unlike_ones_stay():
    rows = [(e.part, e.count, e.each_j, e.source) for e in LEDGER.by("part").entries]
    assert rows == [
        ("switching", 8.0, 2e-15, "a"), ("switching", 4.0, 1e-15, "c"), ("leak", 0.5, 4e-15, "b"),
        ("bias", 0.5, 6e-15, "d"), ("wires", 15.0, None, "not published"),
    ]  # fmt: skip


def test_static_and_dynamic_are_apart():
    assert LEDGER.static == exactly(5e-15)
    assert LEDGER.dynamic == exactly(20e-15)
    assert LEDGER.static + LEDGER.dynamic == exactly(LEDGER.total)


def test_what_is_not_modelled_is_an_entry_and_never_a_zero():
    (wires,) = LEDGER.unknown
    assert (wires.part, wires.count, wires.energy_j) == ("wires", 15.0, None)
    assert LEDGER["wires"] is None
    assert LEDGER.count("wires") == 15.0
    assert "wires" not in LEDGER.parts
    alone = unknown("routing", "bias_generation")
    assert (alone.dynamic, alone.static, alone.total) == (None, 0, 0)
    assert alone.not_modelled == ["routing", "bias generation"]
    with pytest.raises(KeyError, match="no part 'wire'; there are switching, leak, bias, wires"):
        LEDGER["wire"]


def test_ledgers_add_and_scale():
    both = LEDGER + LEDGER * 3
    assert both.parts == exactly({name: 4 * joules for name, joules in LEDGER.parts.items()})
    assert both.count("wires") == 60.0
    assert Ledger().total == 0


def test_arrays_keep_their_neurons_until_they_are_grouped():
    """Neuron by neuron count and figure differ, so the merged entry pays the mean figure."""
    spikes, each = np.array([2.0, 0.0, 5.0]), np.array([1e-15, 7e-15, 3e-15])
    ledger = Ledger((Entry("control", spikes, each), Entry("static", 2.0, np.full(3, 1e-15), "static")))
    np.testing.assert_allclose(ledger.total, [4e-15, 2e-15, 17e-15], rtol=1e-14)
    merged = ledger.by("part")
    assert merged.parts == exactly({"control": 17e-15, "static": 6e-15})
    assert merged.count("control") == 7.0
    assert merged.total == exactly(float(np.sum(ledger.total)))


def test_what_never_happened_keeps_its_count_of_zero():
    """Two synapses of unlike cost, neither of which carried a spike: no event is made up, and no energy."""
    silent = Ledger((Entry("events", np.zeros(3), 1e-15), Entry("events", 0.0, 2e-15)))
    (merged,) = silent.by("part").entries
    assert (merged.count, merged.energy_j) == (0.0, 0.0)
    assert silent.by("part").count("events") == silent.count("events").sum() == 0.0


def test_the_table_as_csv_and_as_json():
    rows = list(csv.DictReader(io.StringIO(LEDGER.by("layer").csv())))
    known = [row for row in rows if row["energy_j"] != "not modelled"]
    assert sum(float(row["energy_j"]) for row in known) == exactly(TOTAL)
    assert all(float(row["count"]) * float(row["each_j"]) == exactly(float(row["energy_j"])) for row in known)
    assert {(row["layer"], row["part"]) for row in rows if row not in known} == {
        ("hidden", "wires"),
        ("encoder", "wires"),
    }
    assert "core" not in rows[0]
    assert json.loads(json.dumps(LEDGER.by("core").rows(), allow_nan=False)) == LEDGER.by("core").rows()
    assert Ledger().csv() == "part,energy_j\n"


def test_energies_by_part_become_a_ledger():
    ledger = ledger_of({"membrane": 2e-15, "static": 3e-15})
    assert (ledger.dynamic, ledger.static) == (2e-15, 3e-15)


def test_an_unknown_grouping_is_refused():
    assert require_group("core") == "core"
    with pytest.raises(ValueError, match="no ledger by 'neuron'; choose one of part, layer, core"):
        require_group("neuron")

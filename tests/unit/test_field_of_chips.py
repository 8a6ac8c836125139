"""Published chips by performance and power: like with like, derived figures re-derived, and how they are drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from circuits.chips import chip_names, load_chip
from circuits.chips.chip_sources import shipped_chips
from circuits.chips.energy_report import EnergyReport
from circuits.ledger import ledger_of
from circuits.literature.field_of_chips import (
    GOAL_TOPS_PER_W,
    LISTENING_POWER,
    MAC,
    NOT_STATED,
    SILICON_BOUNDARIES,
    SYNAPTIC,
    FieldPoint,
    FieldRow,
    load_field,
)
from circuits.literature.processors import load_processors
from circuits.literature.published import EVIDENCE
from circuits.literature.workloads import load_workload
from circuits.neuron.circuit import LIFCircuit
from snn.report.comparison_figures import OURS
from snn.report.field_figures import COLOURS, figure_field
from snn.report.field_report import field_report, shipped_rows
from snn.studies.chip_in_field import point_of_report

FIELD = load_field()
ROWS = {row.name: row for row in FIELD}
ONE = FieldRow(name="one", year=2020, source="s", evidence="abstract", technology="CMOS", boundary="chip",
               measured=True, ops_per_mac=2, performance_ops=2e12, power_w=1.0)  # fmt: skip


def test_every_row_has_a_boundary_a_source_and_a_word_for_its_evidence():
    assert len(ROWS) == len(FIELD)  # no name twice
    assert {row.boundary for row in FIELD} == set(SILICON_BOUNDARIES)  # each occurs
    assert {row.evidence for row in FIELD} <= set(EVIDENCE)
    assert all(row.source.strip() for row in FIELD)


def test_a_power_of_duty_cycles_meets_no_performance():
    """KAIST: 10.24 GOPS at its peak and 0.62 mW at a frame a second are not of one moment, and never divided."""
    peak, asleep = ROWS["KAIST (peak)"], ROWS["KAIST (a face a second)"]
    assert peak.performance_ops == 1024 * 2 * 5e6
    assert (asleep.power_w, asleep.boundary, asleep.duty_cycled) == (0.62e-3, "system", True)
    assert {peak.efficiency, asleep.efficiency, peak.point, asleep.point} == {None}
    with pytest.raises(ValueError, match="duty_cycled must be of a power alone"):
        replace(asleep, performance_ops=10.24e9)


def test_the_macro_of_7_nm_makes_1024_macs_in_its_cycle():
    """1024 MACs of two operations in 5.5 ns are 372.4e9 a second; 351 TOPS/W of them 1.06 mW, 5.70 fJ a MAC."""
    row = ROWS["Sinangil macro, 0.8 V"]
    assert row.performance_ops == pytest.approx(1024 * row.ops_per_mac / 5.5e-9, rel=1e-3)
    assert row.point.power_w == pytest.approx(1024 * 5.70e-15 / 5.5e-9, rel=2e-3)


def test_the_system_of_ibm_is_at_the_rate_of_its_samples():
    """546.6 samples a second and watt of 12.26e9 operations at 3.57 W."""
    row = ROWS["IBM analog (system, expanded)"]
    assert row.point.performance_ops == pytest.approx(546.6 * 3.57 * 12.26e9, rel=2e-3)
    assert [ROWS[f"IBM analog ({part})"].efficiency for part in ("tile peak", "chip", "system")] == [20.0, 12.4, 6.94]


@pytest.mark.parametrize(("name", "network", "rate"), [("AlexNet", "alexnet-groups", 35), ("VGG-16", "vgg-16", 0.7)])
def test_eyeriss_computes_the_convolutions_of_its_network(name, network, rate):
    macs = sum(layer.macs for layer in load_workload(network).layers if layer.kind == "conv")
    assert ROWS[f"Eyeriss ({name})"].performance_ops == pytest.approx(2 * rate * macs, rel=2e-3)


def test_spiking_processors_are_at_the_rates_of_their_aggregates():
    """TrueNorth 20 Hz on 128 synapses of each neuron; ODIN an operation every other cycle of 75 MHz."""
    chips = {chip.name: chip for chip in load_processors()}
    true, odin = chips["TrueNorth"], chips["ODIN"]
    rates = {"TrueNorth": true.n_neurons * 20 * 128, "ODIN": 75e6 / 2}
    idle = {"TrueNorth": 0.0, "ODIN": odin.idle_j * 75e6}
    for name, chip in chips.items():
        row = ROWS[name]
        power = chip.static_power_w + idle[name] + chip.energy_per_operation_j * rates[name]
        assert row.point.performance_ops == pytest.approx(rates[name], rel=1e-3)
        assert row.point.power_w == pytest.approx(power, rel=2e-3)
        assert (row.operation, row.normalised) == (SYNAPTIC, None)


def test_tpu_peaks_at_two_operations_of_its_macs_each_cycle():
    assert ROWS["TPU v1"].performance_ops == pytest.approx(65_536 * 2 * 702e6, rel=2e-3)


def test_efficiency_is_normalised_to_two_operations_a_mac():
    """2.04 fJ an operation of one a MAC is 490 TOPS/W as published, and 980 counted as the others do."""
    row = ROWS["Yu"]
    assert row.tops_per_w == pytest.approx(1e-12 / 2.04e-15, rel=1e-3)
    assert row.normalised == 2 * row.tops_per_w
    assert ROWS["AnIA"].normalised is None  # nobody says what it counts
    once = replace(ONE, ops_per_mac=1)
    assert (once.efficiency, once.normalised, once.point.performance_ops) == (2.0, 4.0, 4e12)


def test_the_third_figure_follows_from_two():
    expected = FieldPoint("one", "chip", MAC, 2e12, 1.0)
    assert replace(ONE, power_w=None, tops_per_w=2.0).point == expected
    assert replace(ONE, performance_ops=None, tops_per_w=2.0).point == expected
    assert ONE.efficiency == 2.0
    assert replace(ONE, power_w=None).point is None


def test_the_report_has_every_row_and_a_reason_for_each_that_is_not_drawn():
    report = field_report()
    assert len(report["rows"]) == len(FIELD)
    assert (report["record_tops_per_w"], report["goal_tops_per_w"]) == (2900.0, 10_000.0)
    missing = {row["name"]: row["why"] for row in report["not_drawn"]}
    assert missing.keys() == {row.name for row in FIELD if row.point is None}
    assert "mean over sleep" in missing["KAIST (a face a second)"]
    assert "no power published" in missing["TPU v1"]
    assert missing["Conv-SRAM"].startswith("not found: ")
    told = {row["name"]: row for row in report["rows"]}
    assert told["AnIA"]["counts"] == "MAC, not stated how many"
    assert (told["Yu"]["tops_per_w"], told["Yu"]["tops_per_w_normalised"]) == (490.0, 980.0)
    assert told["Sinangil macro, 1 V"]["basis"] == "power_w from the other two"


def test_ours_stands_first_in_the_columns_of_the_others():
    ours, *others = field_report([FieldPoint("ours", "classifier", SYNAPTIC, 1e6, 1e-9)])["rows"]
    assert ours.keys() == others[0].keys()
    assert list(ours) == list(others[0])
    assert (ours["tops_per_w"], ours["tops_per_w_normalised"], ours["evidence"]) == (
        pytest.approx(1e3),
        None,
        "computed",
    )


def energy_report(counts: dict[str, float]) -> EnergyReport:
    return EnergyReport(chip="c", circuit=LIFCircuit(), ledger=ledger_of({"static": 3e-9}), cores_used=1, latency_s=0.5,
                        notes=(), n_neurons=1, counts={"spikes": 1.0} | counts)  # fmt: skip


def test_a_run_is_at_the_rate_and_the_power_of_its_inference():
    """8 operations and 3 nJ in half a second."""
    spiking = point_of_report(energy_report({"synaptic_operations": 8.0}), "run")
    assert spiking == FieldPoint("run", "array", SYNAPTIC, 16.0, 6e-9)
    dense = point_of_report(energy_report({"synaptic_operations": 0.0, "macs": 8.0}), "run")
    assert dense == FieldPoint("run", "array", MAC, 32.0, 6e-9)
    with pytest.raises(ValueError, match="no synapse had a spike"):
        point_of_report(energy_report({"synaptic_operations": 0.0}), "run")


def test_the_picture_has_a_dot_for_each_place_and_a_line_for_each_efficiency():
    ours = FieldPoint("mine", "classifier", SYNAPTIC, 1e6, 1e-9)
    figure = figure_field(FIELD, [ours])
    (axes,) = figure.axes
    marks = {(line.get_xdata()[0], line.get_ydata()[0]): line for line in axes.lines if line.get_marker() != "None"}
    for row in FIELD:
        if row.point is not None:
            drawn = marks[row.point.power_w, row.point.performance_ops]
            assert to_hex(drawn.get_markeredgecolor()).upper() == COLOURS[row.boundary].upper()
            assert drawn.get_marker() == ("o" if row.operation == MAC else "^")
    star = marks[ours.power_w, ours.performance_ops]
    assert (star.get_marker(), to_hex(star.get_markeredgecolor()).upper()) == ("*", OURS.upper())
    slopes = [line.get_ydata() / line.get_xdata() / 1e12 for line in axes.lines if len(line.get_xdata()) == 2
              and np.ptp(line.get_xdata()) > 0]  # fmt: skip
    drawn = [float(slope[0]) for slope in slopes]
    assert all(slope == pytest.approx([slope[0]] * 2) for slope in slopes)
    for efficiency in (20.0, 12.4, 6.94, 980.0, 1050.0, 2900.0, GOAL_TOPS_PER_W, 1.0):
        assert any(one == pytest.approx(efficiency) for one in drawn), efficiency
    assert any(np.all(np.asarray(line.get_xdata()) == LISTENING_POWER) for line in axes.lines)
    assert (0.62e-3, 1e4) in marks  # a power alone, at the lower edge, two decades below ours
    assert any(place[1] == 10.24e9 and place[0] == axes.get_xlim()[1] for place in marks)


def test_the_picture_names_each_row_and_what_it_leaves_out():
    text = "\n".join(found.get_text() for found in figure_field(FIELD).findobj(Text))
    for row in FIELD:
        assert row.name in text, row.name
    assert "no figure found: Conv-SRAM" in text.replace("\n", " ")
    assert "980 (490 at 1 a MAC)" in text
    for boundary in SILICON_BOUNDARIES:
        assert f"boundary: {boundary}" in text


def test_names_of_chips_do_not_cover_one_another():
    figure = figure_field(FIELD)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    names = tuple(row.name for row in FIELD)  # the title's detail, which names one too, begins otherwise
    named = [found for found in axes.texts if found.get_text().startswith(names) and not found.get_rotation()]
    boxes = [found.get_window_extent() for found in named]
    assert len(boxes) == len(FIELD) - 2  # the record lies along its line, Conv-SRAM has no figure
    covering = [
        (a.get_text(), b.get_text())
        for i, a in enumerate(named)
        for j, b in enumerate(named[:i])
        if boxes[i].shrunk(0.98, 0.8).overlaps(boxes[j].shrunk(0.98, 0.8))
    ]
    assert covering == []


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no chip to draw"):
        figure_field([])
    with pytest.raises(ValueError, match="power of mine must be positive"):
        figure_field(FIELD, [FieldPoint("mine", NOT_STATED, MAC, 1.0, 0.0)])


def test_shipped_chips_are_all_that_load_and_their_numbers_all_have_a_source():
    chips = {chip.name: chip for chip in shipped_chips()}
    assert tuple(chips) == chip_names()
    for name, chip in chips.items():
        assert chip.title == load_chip(name).title
        assert sum(chip.evidence.values()) == len(chip.sources) > 0
    btbt = chips["btbt-45rfsoi"]
    assert btbt.sources == load_chip("btbt-45rfsoi").sources
    assert btbt.evidence == {"press": 5, "ASSUMED": 3, "published": 3, "derived": 2}
    assert {row["name"]: row["kind"] for row in shipped_rows()}["btbt-45rfsoi"] == "btbt-core"


ROW = """
[[chip]]
name = "A"
year = 2020
source = "doi:10.0/a"
evidence = "abstract"
technology = "CMOS"
boundary = "chip"
ops_per_mac = 2
performance_ops = 1e12
power_w = 1.0
measured = true
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "doi:10.0/a"\n', "", r"row 1 of .*\(A\) lacks source"),
        ('evidence = "abstract"', 'evidence = "rumour"', "evidence must be one of"),
        ('boundary = "chip"', 'boundary = "die"', "boundary must be one of array, tile, chip, system, not stated"),
        ('boundary = "chip"\n', "", "lacks boundary"),
        ("ops_per_mac = 2", "ops_per_mac = 3", "ops_per_mac must be 1 or 2"),
        ("ops_per_mac = 2", 'ops_per_mac = 2\noperation = "synaptic operation"', "left out where no MAC is counted"),
        (
            "power_w = 1.0",
            "power_w = 1.0\ntops_per_w = 2.0",
            "tops_per_w must be performance_ops over power_w, 1, got 2",
        ),
        ("power_w = 1.0", "power_w = 0.0", "power_w must be positive"),
        ("performance_ops = 1e12\npower_w = 1.0\n", "", "note must be given where no figure is"),
        ("power_w", "power_mw", "unknown key 'power_mw' .* did you mean 'power_w'"),
        ("[[chip]]", "[[spotter]]", r"expected \[\[chip\]\] tables"),
    ],
)
def test_bad_row_is_refused_with_its_place(tmp_path: Path, old, new, message):
    path = tmp_path / "rows.toml"
    path.write_text(ROW, encoding="utf-8")
    assert load_field(path)[0].efficiency == 1.0
    path.write_text(ROW.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_field(path)

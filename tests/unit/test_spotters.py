"""Published keyword spotters: sourced, at a named boundary, consistent in themselves; and ours beside them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from circuits.chips import load_chip
from circuits.energy.boundary import BOUNDARIES
from circuits.literature.processors import load_processors
from circuits.literature.published import EVIDENCE, load_published
from circuits.literature.spotter_table import COMPUTED, SpotterRow, spotter_rows
from circuits.literature.spotters import PublishedSpotter, load_spotters
from snn.report.core_report import core_figures
from snn.studies.one_core import asked_core
from snn.studies.one_spotter import spotter_of_core

ROWS = {row.name: row for row in load_spotters()}
ROW = """
[[spotter]]
name = "A"
year = 2020
source = "doi:10.0/a"
evidence = "abstract"
technology = "CMOS"
boundary = "classifier"
task = "words, 2 classes"
accuracy = 0.9
power_w = 1e-6
measured = true
"""


def test_a_dozen_chips_tell_words_and_every_row_has_a_source():
    answers = [row for row in ROWS.values() if row.boundary not in ("features", "front end")]
    assert len(answers) >= 12
    assert len(ROWS) == len(load_spotters())  # no name twice
    assert {"DeltaKWS", "Xylo Audio 2 (dynamic)", "Loihi (Blouw)", "SpiNNaker2 prototype", "Syntiant NDP120",
            "MAX78000", "Akida AKD1000", "LSTM SoC", "Laika", "AAD-KWS"} <= {row.name for row in answers}  # fmt: skip
    assert {row.boundary for row in ROWS.values()} <= set(BOUNDARIES)


def test_one_word_for_what_somebody_else_states():
    tables = (load_published(), load_processors(), load_spotters())
    assert all({row.evidence for row in rows} <= set(EVIDENCE) for rows in tables)
    assert all("second-hand" in {row.evidence for row in rows} for rows in tables)
    assert [word for word in EVIDENCE if "second" in word] == ["second-hand"]


def test_millijoules_of_loihi_are_its_power_over_its_decisions():
    """0.081 W at 296 decisions a second: second-hand texts are a thousand times lower."""
    row = ROWS["Loihi (Blouw)"]
    assert row.energy_per_decision_j == pytest.approx(row.power_w / 296, rel=0.02, abs=0)


def test_both_figures_of_xylo_are_of_decisions_equally_long():
    dynamic, active = ROWS["Xylo Audio 2 (dynamic)"], ROWS["Xylo Audio 2 (active)"]
    lengths = [row.energy_per_decision_j / row.power_w for row in (dynamic, active)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.06, abs=0)
    assert active.power_w - dynamic.power_w == pytest.approx(216e-6, rel=0.01, abs=0)


def test_a_part_costs_less_than_its_whole():
    for part, whole in (("AAD-KWS (MFCC)", "AAD-KWS"), ("Kim (filter bank)", "Kim (ring oscillators)")):
        assert ROWS[part].power_w < ROWS[whole].power_w
    features, whole = ROWS["In-materia (features)"], ROWS["In-materia processor"]
    assert whole.energy_per_decision_j - features.energy_per_decision_j == pytest.approx(78e-6, rel=1e-9, abs=0)


def test_the_front_end_of_the_chip_is_that_of_the_table():
    costs = load_chip("btbt-45rfsoi").front_end
    assert costs.log_mel == ROWS["AAD-KWS (MFCC)"].power_w
    assert costs.filter_bank == ROWS["Ray"].power_w
    for key, row in (("log_mel_w", "AAD-KWS (MFCC)"), ("filter_bank_w", "Ray")):
        assert ROWS[row].source.removeprefix("doi:") in costs.sources[f"front_end.{key}"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "doi:10.0/a"\n', "", r"row 1 of .*\(A\) lacks source"),
        ('task = "words, 2 classes"', 'task = " "', "task must be given"),
        ('evidence = "abstract"', 'evidence = "second-hand table"', "evidence must be one of abstract, second-hand"),
        ('boundary = "classifier"', 'boundary = "die"', "boundary must be one of features, front end, classifier"),
        ("accuracy = 0.9", "accuracy = 90.0", "accuracy must be above 0 and at most 1, got 90"),
        ("power_w = 1e-6\n", "", "power_w must be given, or energy_per_decision_j"),
        ("1e-6", "0.0", "power_w must be positive, got 0"),
        ("power_w", "power_uw", "unknown key 'power_uw' .* did you mean 'power_w'"),
        ("year = 2020", "year = 1820", "year must be in 1950..2100"),
    ],
)
def test_bad_row_is_refused_with_its_place(tmp_path: Path, old, new, message):
    path = tmp_path / "rows.toml"
    path.write_text(ROW.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_spotters(path)


OURS = SpotterRow(
    name="ours", boundary="classifier", evidence=COMPUTED, energy_per_decision_j=2e-9, power_w=4e-9, accuracy=0.9,
    task="t",
)  # fmt: skip
THEIRS = PublishedSpotter(
    name="theirs", year=2020, source="s", evidence="abstract", technology="CMOS", boundary="classifier", task="t",
    measured=True, energy_per_decision_j=6e-9, power_w=4e-6,
)  # fmt: skip


def _beside(ours: SpotterRow, theirs: PublishedSpotter) -> SpotterRow:
    return next(row for row in spotter_rows((ours,), (theirs,)) if row.name == "theirs")


def test_joules_are_compared_with_joules_and_else_watts_with_watts():
    both, power = _beside(OURS, THEIRS), _beside(OURS, replace(THEIRS, energy_per_decision_j=None))
    assert (both.ratio_at_most, both.basis) == (pytest.approx(3), "energy")
    assert (power.ratio_at_most, power.basis) == (pytest.approx(1000), "power")


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (OURS, replace(THEIRS, boundary="chip"), "no figure for chip: the whole die"),
        (replace(OURS, accuracy=None, note="not trained"), THEIRS, "ours tells no words: not trained"),
    ],
)
def test_what_is_not_alike_has_no_ratio_and_says_why(ours, theirs, reason):
    row = _beside(ours, theirs)
    assert (row.ratio_at_most, row.basis) == (None, "")
    assert re.search(reason, row.reason)


def test_without_a_run_ours_is_the_core_of_its_circuit_and_a_filter_bank_in_real_time():
    """56 neurons at 50 Hz for a second, and 80 nW: the bank listens for the second, however fast the core."""
    alone, whole = spotter_of_core()
    core = asked_core()
    accelerated = core_figures(core)["cores"][-1]  # what `snn core` prints of the core with its encoders
    assert (accelerated["core"], accelerated["acceleration"]) == ("with encoders", core.load.acceleration)
    assert alone.energy_per_decision_j == pytest.approx(accelerated["total_j"], rel=1e-9, abs=0)
    assert (alone.boundary, whole.boundary) == ("classifier", "front end + classifier")
    assert whole.energy_per_decision_j - alone.energy_per_decision_j == pytest.approx(80e-9, rel=1e-9, abs=0)
    assert alone.power_w == pytest.approx(alone.energy_per_decision_j / core.load.duration)
    assert (alone.accuracy, alone.evidence) == (None, "computed")

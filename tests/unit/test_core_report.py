"""`snn core`: rows, sentences and picture follow from the lines; the press's factor is found, not written down."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.energy.core import CoreLoad, core_energy
from circuits.literature.core_table import FAN_OUT, PRESS_FACTOR, core_headline, core_table, reaching
from circuits.literature.published import load_published
from circuits.neuron.circuit import LIFCircuit
from circuits.units import si
from snn.report.core_figures import figure_core_power
from snn.report.core_report import core_figures
from snn.report.pictures import save_figure
from snn.studies.one_core import ACCELERATION, ENCODERS, RESERVOIR, Core, core_load, core_tables

CIRCUIT = LIFCircuit()
LOAD = core_load(50.0, RESERVOIR, 1.0, ACCELERATION)
CORE = Core(CIRCUIT, LOAD)
TABLES = core_tables(CORE)
REAL_TIME, GATED = TABLES
FIGURES = core_figures(CORE)


def row(table, name):
    return next(row for row in table.rows if row.neuron.name == name)


def test_the_factor_of_the_press_is_reached_by_exactly_the_neurons_that_dear():
    """Sped up; in real time none: 373 fJ go into a comparator whose input creeps, and nothing starves it."""
    for table, some in zip(TABLES, (False, True), strict=True):
        least = PRESS_FACTOR * table.ours.neuron.marginal
        dear = {r.name for r in load_published() if r.scope == "neuron" and r.energy_per_spike_j >= least}
        assert {row.neuron.name for row in reaching(table)} == dear
        assert ("Dutta (impact ionisation)" in dear) == bool(dear) == some
    said = core_headline(TABLES)[:2]
    assert said[0].startswith("in real time, per spike, static power apart: 0 of 26 published neurons")
    assert said[1].startswith("sped up 1000 times, then switched off, per spike, static power apart: 5 of 26 published")


def test_the_factor_of_the_press_follows_our_own_energy():
    """Control gates a hundred times larger, and no neuron costs 5000 times ours."""
    simulated = replace(CIRCUIT.control.simulated, c_first=100 * CIRCUIT.c_control)
    heavy = replace(CIRCUIT, control=replace(CIRCUIT.control, simulated=simulated))
    table = core_table(heavy, 20e-3, LOAD)
    assert reaching(table) == ()
    others = sum(row.scope == "neuron" for row in load_published()) - 1  # but the one that ours reproduces
    assert f"0 of {others} published neurons cost at least 5,000 times ours" in core_headline([table])[0]


def test_static_power_takes_the_factor_in_real_time_and_acceleration_gives_it_back():
    real, gated = (row(table, "Dutta (impact ionisation)") for table in TABLES)
    assert real.ratio_dynamic == pytest.approx(35e-12 / REAL_TIME.ours.neuron.marginal)
    dynamic = 50 * REAL_TIME.ours.neuron.marginal
    assert real.ratio_total == pytest.approx(35e-12 * 50 / (CIRCUIT.static_power + dynamic))
    assert real.ratio_total < 0.5 * gated.ratio_total < 0.5 * gated.ratio_dynamic
    sentences = core_headline(TABLES)
    for table, told in zip(TABLES, sentences[2:4], strict=True):
        dear = reaching(table)
        kept = sum(r.reached and r.ratio_total >= PRESS_FACTOR for r in dear)
        said = f"{kept} of {len(dear)} keep 5,000 times" if dear else "none has 5,000 times to keep"
        assert f"at 50 Hz with static power: {said}" in told
        speed, marginal = table.load.acceleration, table.ours.neuron.marginal
        share = CIRCUIT.static_power / (CIRCUIT.static_power + speed * 50 * marginal)
        assert f"below {si(CIRCUIT.static_power / speed / marginal, 'Hz')} ({share:.1%})" in sentences[4]


def test_verdicts_say_what_is_known():
    verdicts = {r.neuron.name: r.verdict for r in REAL_TIME.rows}
    assert verdicts["Wijekoon and Dudek"] == "wins"
    assert verdicts["Sourikopoulos"] == "loses"  # half of what our comparator draws while its input creeps
    assert verdicts["Besrour"] == verdicts["Cruz-Albrecht"] == "open"  # a static power would decide
    assert verdicts["Vuppunuthala"] == "not shown"  # 30 Hz published
    accelerated = {r.neuron.name: r.verdict for r in GATED.rows}
    assert accelerated["Cruz-Albrecht"] == "wins"
    assert accelerated["Sourikopoulos"] == "not shown"  # 26 kHz published, 50 kHz asked
    assert accelerated["sub-threshold twin"] == "even"
    for table in TABLES:
        for r in table.rows:
            assert (r.verdict == "wins") <= (r.wins is not None and r.wins[0] < 50 < r.wins[1])


def test_chips_have_no_ratio_and_no_headline():
    figures = core_figures(CORE, "chip")
    assert figures["headline"] == []
    names = {r["name"]: r for r in figures["real_time"][1:]}
    assert all(r["ratio_total"] is None and r["ours"] == "" for r in names.values())
    assert names["ODIN"]["static_j"] == pytest.approx(27.3e-6, rel=1e-9, abs=0)
    assert names["ODIN"]["dynamic_j"] == pytest.approx(1800 * FAN_OUT * 8.43e-12, rel=1e-9, abs=0)
    assert "TrueNorth" in names
    with pytest.raises(ValueError, match="more than the bare neuron"):
        figure_core_power(core_tables(CORE, "chip"))


def test_the_core_with_its_encoders_costs_56_of_36():
    reservoir, whole = FIGURES["cores"][:2]
    assert (reservoir["n_neurons"], whole["n_neurons"]) == (RESERVOIR, RESERVOIR + ENCODERS)
    for part in ("dynamic_j", "static_j", "total_j", "mean_power_w"):
        assert whole[part] / reservoir[part] == pytest.approx(56 / 36)
    for core in FIGURES["cores"]:
        assert core["dynamic_j"] + core["static_j"] == pytest.approx(core["total_j"], rel=1e-9, abs=0)


def test_measured_rates_count_as_their_sum():
    rates = np.random.default_rng(5).gamma(2.0, 25.0, RESERVOIR)
    measured = core_figures(Core(CIRCUIT, CoreLoad(rates, 0.5, 1000.0)))
    uniform = core_figures(Core(CIRCUIT, core_load(rates.mean(), RESERVOIR, 0.5, 1000.0)))
    assert measured["mean_rate_hz"] == pytest.approx(rates.mean())
    for mine, flat in zip(measured["cores"], uniform["cores"], strict=True):
        assert mine["total_j"] == pytest.approx(flat["total_j"], rel=1e-9, abs=0)


def test_json_holds_no_infinity_and_says_what_is_assumed():
    assert json.loads(json.dumps(FIGURES, allow_nan=False)) == FIGURES
    text = " ".join(FIGURES["assumptions"])
    assert "power gating is ASSUMED ideal" in text
    assert f"a spike costs {si(GATED.ours.neuron.marginal, 'J')}" in text
    assert "at an acceleration of 1 the rheobase of 33.3 fA lies below the device's floor" in FIGURES["notes"][0]
    told = [note for note in FIGURES["notes"] if note.startswith("at an acceleration of 1: ")]
    assert FIGURES["notes"][1:] == told
    assert "the open reset switch alone leaks 342 fA" in told[0]
    (faster,) = re.findall(r"an acceleration of (\d+) would mend both$", "\n".join(FIGURES["notes"]))
    assert core_figures(Core(CIRCUIT, replace(LOAD, acceleration=float(faster))))["notes"] == FIGURES["notes"]
    slower = core_figures(Core(CIRCUIT, replace(LOAD, acceleration=float(faster) - 1)))["notes"]
    assert len(slower) > len(FIGURES["notes"])
    real_time = core_figures(Core(CIRCUIT, replace(LOAD, acceleration=1.0)))
    assert not {"supply switch and waking"} & set(real_time["not_modelled"])
    assert {"supply switch and waking"} <= set(FIGURES["not_modelled"])
    assert "accelerated" not in real_time
    assert "gating" not in " ".join(real_time["assumptions"])


def test_the_picture_shows_our_floor_and_every_other_line():
    axes = figure_core_power(TABLES).axes[0]
    lines = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) > 10]
    least = next(line.get_xdata()[0] for line in axes.lines if len(line.get_ydata()) > 10)
    for table, line in zip(TABLES, lines[-2:], strict=True):
        floor = CIRCUIT.static_power / table.load.acceleration
        assert line[0] == pytest.approx(RESERVOIR * (floor + least * table.ours.neuron.marginal), rel=1e-6, abs=0)
        assert (np.diff(line) > 0).all()
    drawn = [line for line in axes.lines if len(line.get_ydata()) > 2]
    assert len(drawn) == len(REAL_TIME.rows) + 2
    words = [text.get_text() for text in axes.texts]
    below = CIRCUIT.static_power / REAL_TIME.ours.neuron.marginal
    assert f"static decides below {si(below, 'Hz')}" in words
    assert any("Dutta" in word for word in words)


def test_the_picture_is_written_or_refused(tmp_path: Path):
    save_figure(tmp_path / "core.svg", figure_core_power(TABLES))
    assert (tmp_path / "core.svg").read_text(encoding="utf-8").startswith("<?xml")
    with pytest.raises(ValueError, match="a picture ends in"):
        save_figure(tmp_path / "core.txt", figure_core_power(TABLES))
    with pytest.raises(ValueError, match="no table to draw"):
        figure_core_power(())


@pytest.mark.parametrize(
    ("rate", "neurons", "message"),
    [
        (0.0, 36, "rate = 0 Hz"),
        (float("nan"), 36, "rate = nan"),
        (50.0, 0, "neurons = 0"),
        (50.0, 10**12, "1 to 1,048,576"),
    ],
)
def test_no_core_and_no_rate_are_refused(rate, neurons, message):
    with pytest.raises(ValueError, match=message):
        core_load(rate, neurons, 1.0, 1.0)


def test_a_rate_that_our_own_reset_forbids_is_refused():
    with pytest.raises(ValueError, match=r"a rate of 6 kHz at an acceleration of 1000 exceeds the 3.15 MHz"):
        core_figures(Core(CIRCUIT, core_load(6e3, RESERVOIR, 1.0, 1000.0)))
    assert core_figures(Core(CIRCUIT, core_load(3e3, RESERVOIR, 1.0, 1000.0)))["accelerated"]


@pytest.mark.parametrize("table", TABLES, ids=["real time", "accelerated"])
def test_a_neuron_wins_from_the_rate_on_at_which_its_sums_cross_ours(table):
    """At the speed of the table: just below that rate the other core costs less, just above it more."""
    crossing = [r for r in table.rows if r.wins is not None and r.wins[0] > 0]
    assert len(crossing) >= 10
    for r in crossing:
        for factor in (0.999, 1.001):
            load = replace(table.load, rates=np.full(RESERVOIR, factor * r.wins[0]))
            theirs, own = (core_energy(neuron, load).total for neuron in (r.neuron, table.ours.neuron))
            assert (theirs > own) == (factor > 1), r.neuron.name

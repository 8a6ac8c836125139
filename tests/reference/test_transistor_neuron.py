"""The neuron from transistors in ngspice: the device's law, the spike, its energy, and what holds a damaged one."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import DEVICES, arrhenius, btbt_current
from circuits.netlist.ngspice import run_waves
from circuits.transistor import NeuronCell, Size
from circuits.transistor.behavioural import calibrate, scaling
from circuits.transistor.bench import NOMINAL, OPTIONS, simulate, source_at, source_card
from circuits.transistor.corner_run import run_corners
from circuits.transistor.measure import measure, standby
from circuits.transistor.sizing import Search, front, search
from circuits.transistor.sources import MismatchDraws, compare_sources, least_current, with_pmos
from circuits.units import ZERO_CELSIUS, nm, um
from circuits.variation.corners import CORNERS

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
CELL = NeuronCell()
# Deep in tunnelling and no wider than a pMOS: its gate loads the membrane no more, no leak takes a part of its current
DEEP = NeuronCell(source_width=100 * nm, v_gate=-0.8)


@pytest.fixture(scope="module")
def nominal(cards):
    return measure(CELL, cards)


@pytest.mark.parametrize("corner", [CORNERS[0], NOMINAL, CORNERS[-1]], ids=lambda corner: corner.name)
def test_the_tunnelling_card_is_the_law_of_the_device_at_every_corner(tmp_path, corner):
    """All of it leaves through the body: source and membrane see nothing of the drain voltage."""
    device, width = source_at(CELL.device, corner), 0.45 * um
    deck = (
        f"* law\n{source_card(device, 'soi')}\n{OPTIONS}\n.temp {corner.temperature - ZERO_CELSIUS}\n"
        "vd d 0 0.9\nvg g 0 0\nvb b 0 0.2\n"
        f"m1 d g b 0 b soi w={width} l=40n\n.dc vg -1.5 -0.4 0.05\n.save v(g) i(vd) i(vb)\n.end\n"
    )
    (tmp_path / "law.cir").write_text(deck)
    _, waves = run_waves(tmp_path / "law.cir")
    law = btbt_current(0.9 - waves["v(g)"], device, width)
    assert np.sqrt(np.mean(np.log(-waves["i(vd)"] / law) ** 2)) < 1e-6
    assert waves["i(vb)"] == pytest.approx(-waves["i(vd)"], rel=1e-6, abs=0)


def test_tunnelling_grows_with_temperature_as_the_device_says(tmp_path):
    """ngspice adds none of its own: the test above holds at each temperature; the card there is the Arrhenius one."""
    hot = source_at(CELL.device, replace(NOMINAL, temperature=398.15))
    assert hot.prefactor == pytest.approx(arrhenius(DEVICES["32nm-pdsoi"], 398.15).prefactor)
    assert hot.prefactor / source_at(CELL.device, NOMINAL).prefactor == pytest.approx(4.58, rel=0.01)


def test_the_neuron_spikes_from_rail_to_rail_for_a_few_femtojoules(nominal):
    assert nominal.spikes
    assert nominal.swing >= 0.9 * nominal.v_dd
    assert 100e3 < nominal.rate < 150e3  # as published
    assert 1e-15 < nominal.energy.total < 2e-15
    assert all(joules > 0 for joules in nominal.energy.parts.values())


def test_the_branches_sum_to_what_the_supplies_deliver(cards, nominal):
    """Over many periods, start and end included: the sum is that of 40 periods."""
    window = 40 / nominal.rate
    waves = simulate(CELL, cards, window=window)
    supplied = {"drain": CELL.v_drain, "vc": CELL.v_dd, "vo": CELL.v_dd}
    joules = sum(volts * np.trapezoid(waves.into[pin], waves.time) for pin, volts in supplied.items())
    assert joules == pytest.approx(40 * nominal.energy.total, rel=0.01, abs=0)


def test_a_neuron_without_input_stays_silent_and_draws_picowatts(cards):
    power, fires = standby(CELL, cards)
    assert not fires
    assert power < 10e-12


DAMAGED = {
    "no reset": (replace(CELL, reset=None), "reset", "there is no reset"),
    "no feedback": (replace(CELL, c_feedback=0.0, reset=Size()), "feedback", "the output swings only"),
    "a reset that is too strong": (replace(CELL, reset=Size(width=2 * um)), "feedback", "the reset wins"),
    "low-threshold transistors": (replace(CELL, nmos="NMOS_VTL"), "leak", "takes what comes in"),
    "less input than leaks": (replace(CELL, v_gate=-0.42, leak=Size(width=5 * um)), "leak", "takes what comes in"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_neuron_is_told_as_silent_with_the_branch_that_holds_it(cards, name):
    cell, branch, why = DAMAGED[name]
    figures = measure(cell, cards)
    assert not figures.spikes
    assert (figures.rate, figures.energy) == (None, None)
    assert figures.held.branch == branch
    assert figures.held.text.startswith(f"{branch}: ")
    assert why in figures.held.text
    assert f"mem {figures.held.node_v['mem']:.3g} V" in figures.held.text


def test_the_current_that_holds_a_membrane_balances_the_input(cards):
    cell, branch, _ = DAMAGED["less input than leaks"]
    figures = measure(cell, cards)
    out = figures.held.from_membrane_a
    assert sum(out.values()) == pytest.approx(figures.input_current, rel=0.05, abs=0)
    assert out[branch] == max(out.values())


def test_a_higher_threshold_of_the_comparator_slows_the_neuron(cards, nominal):
    slower = measure(CELL, cards, shifts={"comparator_n": 0.05})
    assert slower.v_threshold > nominal.v_threshold + 0.02
    assert slower.rate < 0.95 * nominal.rate


def test_the_behavioural_circuit_is_within_ten_per_cent_at_currents_that_were_not_fitted(cards):
    calibration = calibrate(CELL, cards)
    assert [point.fitted for point in calibration.points] == [True, False, True, False, True]
    assert calibration.worst_error < 0.1
    assert calibration.circuit.c_mem > CELL.c_feedback  # all that hangs on the membrane


def test_a_pmos_at_the_same_current_makes_the_cell_fire_at_nearly_the_same_rate_for_less(cards):
    """For less, because its charge comes from V_DD and that of the tunnelling device from a higher supply."""
    nominal, figures = measure(DEEP, cards), measure(with_pmos(DEEP, cards), cards)
    assert figures.input_current == pytest.approx(nominal.input_current, rel=1e-3, abs=0)
    assert figures.rate == pytest.approx(nominal.rate, rel=0.15)
    saved = 1 - DEEP.v_dd / DEEP.v_drain
    assert figures.energy["membrane"] == pytest.approx((1 - saved) * nominal.energy["membrane"], rel=0.15, abs=0)


def test_a_shift_of_the_source_moves_its_current_by_the_slope_of_its_law(cards):
    """Tunnelling 1 / u + B / u^2 by the device; a pMOS below threshold some 25 to 35 for each volt."""
    slopes = []
    for cell in (CELL, with_pmos(CELL, cards)):
        rise = [np.log(measure(cell, cards, shifts={"source": shift}).input_current) for shift in (0.0, 0.01)]
        slopes.append(abs(rise[1] - rise[0]) / 0.01)
    u = CELL.v_drain - CELL.v_gate - CELL.device.v_onset
    assert slopes[0] == pytest.approx(1 / u + CELL.device.v_slope / u**2, rel=0.05)
    assert 25 < slopes[1] < 35


@pytest.mark.slow
def test_a_tunnelling_source_spreads_less_with_supply_and_mismatch_and_costs_more(cards):
    tunnelling, below = compare_sources(CELL, cards, MismatchDraws(n=30))
    assert below.sigma_ln_current / tunnelling.sigma_ln_current > 3
    assert below.sigma_ln_rate / tunnelling.sigma_ln_rate > 2.5
    assert below.over_supply > 3 * tunnelling.over_supply
    assert tunnelling.energy_per_spike > below.energy_per_spike
    assert least_current(CELL, cards) < 5e-12


@pytest.mark.slow
def test_the_neuron_spikes_from_rail_to_rail_at_all_corners(cards):
    for figures in run_corners(CELL, cards):
        assert figures.spikes, f"{figures.corner.name}: {figures.held.text}"
        assert figures.swing >= 0.9 * figures.v_dd


@pytest.mark.slow
def test_constants_scale_with_supply_and_temperature(cards):
    """Gates switch C V_DD^2 whatever the temperature; the pulse shortens as transistors get warmer and faster."""
    here = [corner for corner in CORNERS if corner.process == "TT"]
    laws = {law.name: law for law in scaling([calibrate(CELL, cards, corner) for corner in here])}
    assert laws["c_reset"].activation_ev == pytest.approx(0, abs=0.01)
    assert laws["c_control"].value == pytest.approx(2.2e-15, rel=0.1, abs=0)
    assert laws["t_refractory"].activation_ev < -0.1


@pytest.mark.slow
def test_a_search_finds_a_cell_that_costs_less_than_the_shipped_one(cards, nominal, tmp_path):
    best = front(search(cards, tmp_path / "search.jsonl", Search(generations=4, population=12)))
    assert best[0].energy_j < nominal.energy.total

"""The control transistors: what follows from them, and the circuits that contradict them, by field and remedy."""

import math
import re
from dataclasses import replace
from functools import partial

import pytest

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit, at_temperature, circuit_at_speed, circuit_for_tau
from circuits.neuron.control import ControlTransistors, contradictions
from circuits.neuron.supply import at_supply
from circuits.variation.corners import CORNERS, corner_circuit

approx = partial(pytest.approx, rel=1e-9, abs=0)

BASE = LIFCircuit()
CONTROL = ControlTransistors(width=0.1e-6, length=50e-9, oxide=2e-9, c_wire=1e-17, i_off=3e-6, i_starve=4e-9)
GATE = 3.9 * 8.8541878128e-12 * 0.1e-6 * 50e-9 / 2e-9


def test_loads_leaks_and_slew_follow_from_one_transistor():
    """Two gates and a wire on the membrane, as many behind the first inverter, one behind the second."""
    circuit = replace(BASE, control=CONTROL)
    assert CONTROL.gate == approx(GATE)
    assert circuit.c_body == approx(0.5e-15 - 2 * GATE - 1e-17)
    assert (circuit.c_control, circuit.c_reset) == (approx(2 * GATE + 1e-17), approx(GATE + 1e-17))
    assert (CONTROL.off, circuit.i_static) == (approx(0.3e-12), approx(0.6e-12))
    assert (circuit.i_crowbar, circuit.v_crowbar) == (4e-9, approx(0.091 / math.log(10)))
    assert CONTROL.slew(0.8) == approx((3 * GATE + 2e-17) * 0.8 / 4e-9)


def test_starving_current_puts_the_first_inverters_threshold_where_the_circuit_has_it():
    """Its lower transistor carries W I_off 10^(V / SS)."""
    at_threshold = BASE.control.off * 10 ** (BASE.v_threshold / BASE.control.subthreshold_swing)
    assert BASE.i_crowbar == approx(at_threshold, rel=0.02)


def test_the_default_circuit_contradicts_itself_nowhere():
    assert contradictions(BASE) == ()
    assert all(contradictions(corner_circuit(BASE, corner)) == () for corner in CORNERS)


GATES_OF_THE_DEVICE = ControlTransistors(width=450e-9, i_off=1.35e-10 / 1e-6, i_starve=250e-12)
CONTRADICTIONS = {
    "c_mem = 190 aF is all that the membrane carries, .* are 196 aF: raise c_mem, or narrow control.width": (
        {"c_mem": 190e-18}, {"c_mem": 200e-18},
    ),
    "200 ns is over before inverters starved to 250 pA .*, 1.11 us: raise control.i_starve to 1.39 nA": (
        {"control": replace(BASE.control, i_starve=250e-12)}, {"control": replace(BASE.control, i_starve=1.4e-9)},
    ),
    "t_refractory = 100 ns is over before inverters starved .* or t_refractory": (
        {"t_refractory": 100e-9}, {"t_refractory": 140e-9},
    ),
    "200 ns is over before the reset switch has drained c_mem = 10 pF": ({"c_mem": 10e-12}, {"c_mem": 5e-12}),
    r"control.i_starve = 2 nA is no more than the 6 nA that .* leaks when off.* lower control.i_off": (
        {"control": replace(BASE.control, i_off=0.1), "g_leak": 1e-6}, {"control": replace(BASE.control, i_off=0.03)},
    ),
    "g_leak = 100 fS lets 40 fA off the membrane .* alone leaks 81 fA: raise g_leak": (
        {"g_leak": 1e-13}, {"g_leak": 3e-13},
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_a_contradiction_is_refused_with_value_limit_and_what_mends_it(said):
    """And what the message names does mend it."""
    broken, mended = CONTRADICTIONS[said]
    with pytest.raises(InputError, match="LIFCircuit contradicts itself") as refused:
        LIFCircuit(**broken)
    assert len(contradictions(replace(BASE, **broken, drawn=False))) == 1
    assert re.search(said, str(refused.value))
    assert contradictions(LIFCircuit(**broken | mended)) == ()


def test_every_contradiction_is_told_at_once():
    """Transistors of the tunnelling device's own size and threshold: load, slew, leak."""
    found = contradictions(replace(BASE, control=GATES_OF_THE_DEVICE, drawn=False))
    assert [line.split(" ")[0] for line in found] == ["c_mem", "t_refractory", "g_leak"]


def test_an_ideal_part_asks_nothing_of_the_transistors():
    ideal = LIFCircuit(g_leak=0.0, t_refractory=0.0, control=replace(BASE.control, i_starve=0.0))
    assert contradictions(ideal) == ()


def test_in_real_time_it_is_told_where_the_starving_current_meets_the_off_current():
    """At 24 ms 3.3 pA starve the inverters of 81 fA; at a second they no longer switch. Nothing is refused."""
    off_at = BASE.i_crowbar / BASE.control.off * BASE.tau_mem
    assert contradictions(circuit_for_tau(0.99 * off_at))[0].startswith("t_refractory")
    assert not any("no inverter switches" in line for line in contradictions(circuit_for_tau(0.99 * off_at)))
    assert any("no inverter switches" in line for line in contradictions(circuit_for_tau(1.01 * off_at)))
    fast = circuit_at_speed(circuit_for_tau(1.01 * off_at), 1e5)
    assert contradictions(fast) == ()


@pytest.mark.parametrize(
    "moved",
    [
        lambda c: circuit_at_speed(c, 0.1),
        lambda c: at_temperature(c, 398.0),
        lambda c: at_supply(c, 1.35),
        lambda c: corner_circuit(c, CORNERS[0]),
    ],
    ids=["speed", "temperature", "supply", "corner"],
)
def test_a_circuit_brought_elsewhere_is_not_refused(moved):
    """One that only just holds as it is drawn; it stays movable, and further changes of it too."""
    least = replace(BASE.control, i_starve=BASE.control.i_starve * BASE.control.slew(0.9) / BASE.t_refractory * 1.001)
    tight = replace(BASE, control=least)
    assert replace(moved(tight), v_gs=-0.6).v_gs == -0.6


def test_heat_moves_leaks_and_the_slope_and_leaves_gates_and_currents():
    hot = CONTROL.at_temperature(398.0, 300.0)
    assert hot.i_off / CONTROL.i_off == approx(math.exp(0.47 / 8.617333262e-5 * (1 / 300 - 1 / 398)), rel=1e-6)
    assert hot.subthreshold_swing == approx(CONTROL.subthreshold_swing * 398 / 300)
    assert replace(hot, i_off=CONTROL.i_off, subthreshold_swing=CONTROL.subthreshold_swing) == CONTROL

"""The control transistors, simulated or by their gates: what follows, what moves, which circuits contradict them."""

import math
import re
from dataclasses import replace
from functools import partial

import pytest

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit, at_temperature, circuit_at_speed, circuit_for_tau
from circuits.neuron.control import ControlTransistors, conflicts, contradictions
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.simulated_control import SimulatedControl
from circuits.neuron.supply import at_supply
from circuits.variation.corners import CORNERS, corner_circuit
from tests.starved import STARVED

approx = partial(pytest.approx, rel=1e-9, abs=0)

BASE = STARVED
SIMULATED = LIFCircuit()
CONTROL = ControlTransistors(
    width=0.1e-6, length=50e-9, oxide=2e-9, c_wire=1e-17, c_feedback=2e-17, i_off=3e-6, i_starve=4e-9, i_on=200.0,
    off_activation_ev=0.47, simulated=None,
)  # fmt: skip
OTHER = SimulatedControl(
    width=0.12e-6, length=60e-9, c_first=3e-16, c_second=7e-17, i_static=5e-12, i_crowbar=2e-10, t_switch=90e-9,
    static_exponent=1.5, crowbar_exponent=7.0, switch_exponent=-4.0,
    static_activation_ev=0.25, crowbar_activation_ev=0.11, switch_activation_ev=-0.13,
)  # fmt: skip
HEAT = (1 / 300 - 1 / 358) / 8.617333262e-5  # 1/eV
GATE = 3.9 * 8.8541878128e-12 * 0.1e-6 * 50e-9 / 2e-9


def test_loads_leaks_and_slew_follow_from_one_transistor():
    """Two gates, wire and feedback on the membrane; gates and wire behind the first inverter, one behind the second."""
    circuit = replace(BASE, control=CONTROL)
    assert CONTROL.gate == approx(GATE)
    assert circuit.c_body == approx(0.5e-15 - 2 * GATE - 3e-17)
    assert (circuit.c_control, circuit.c_reset) == (approx(2 * GATE + 1e-17), approx(GATE + 1e-17))
    assert (CONTROL.off, circuit.i_static) == (approx(0.3e-12), approx(0.6e-12))
    assert (circuit.i_crowbar, circuit.v_crowbar) == (4e-9, approx(0.091 / math.log(10)))
    assert CONTROL.t_switch(0.8) == approx((3 * GATE + 2e-17) * 0.8 / 4e-9)


def test_starving_current_puts_the_first_inverters_threshold_where_the_circuit_has_it():
    """Its lower transistor carries W I_off 10^(V / SS)."""
    at_threshold = BASE.control.off * 10 ** (BASE.v_threshold / BASE.control.subthreshold_swing)
    assert BASE.i_crowbar == approx(at_threshold, rel=0.02)


def test_what_was_simulated_stands_for_what_would_follow_from_the_gates():
    control = ControlTransistors(width=0.12e-6, length=60e-9, i_starve=4e-9, off_activation_ev=0.4, simulated=OTHER)
    circuit = replace(SIMULATED, control=control)
    assert (circuit.c_control, circuit.c_reset) == (3e-16, 7e-17)
    assert (circuit.i_static, circuit.i_crowbar, control.t_switch(0.5)) == (5e-12, 2e-10, 90e-9)
    assert (control.static_activation_ev, replace(control, simulated=None).static_activation_ev) == (0.25, 0.4)
    assert (control.evidence(0.5), CONTROL.evidence(0.5)) == ("simulated in transistors", "transistors ASSUMED")
    assert control.evidence(0.9) == "simulated in transistors at 0.5 V, ASSUMED at 0.9 V"
    assert replace(control, simulated=None).i_crowbar == 4e-9


@pytest.mark.parametrize("size", [{"width": 0.1e-6}, {"length": 50e-9}])
def test_constants_simulated_of_another_size_are_refused(size):
    with pytest.raises(InputError, match="but its constants were simulated of 120 nm by 60 nm; give simulated = None"):
        ControlTransistors(**{"width": 0.12e-6, "length": 60e-9} | size, simulated=OTHER)


def test_supply_moves_the_simulated_by_powers_and_the_gates_not():
    moved = OTHER.moved(supply=0.9)
    assert moved.i_static == approx(5e-12 * 0.9**1.5)
    assert moved.i_crowbar == approx(2e-10 * 0.9**7)
    assert moved.t_switch == approx(90e-9 * 0.9**-4)
    assert moved.supply == approx(0.9)
    assert replace(moved, supply=1.0, i_static=5e-12, i_crowbar=2e-10, t_switch=90e-9) == OTHER
    low = at_supply(SIMULATED, 0.45)
    assert low.control.simulated == SIMULATED.control.simulated.moved(supply=0.9)
    assert replace(low.control, simulated=SIMULATED.control.simulated) == SIMULATED.control
    assert at_supply(STARVED, 0.81).control == STARVED.control


def test_heat_moves_the_simulated_each_by_its_own_activation():
    moved = OTHER.moved(temperature=358.0)
    assert moved.i_static == approx(5e-12 * math.exp(0.25 * HEAT))
    assert moved.i_crowbar == approx(2e-10 * math.exp(0.11 * HEAT))
    assert moved.t_switch == approx(90e-9 * math.exp(-0.13 * HEAT))
    assert moved.temperature == 358.0
    assert replace(moved, temperature=300.0, i_static=5e-12, i_crowbar=2e-10, t_switch=90e-9) == OTHER
    hot = at_temperature(SIMULATED, 358.0).control
    assert hot.i_static == approx(SIMULATED.i_static * math.exp(0.254 * HEAT), rel=1e-6)
    assert hot.i_off == approx(SIMULATED.control.i_off * math.exp(0.345 * HEAT), rel=1e-6)
    assert (hot.c_control, hot.c_reset, hot.gate) == (SIMULATED.c_control, SIMULATED.c_reset, SIMULATED.control.gate)


@pytest.mark.parametrize(
    ("move", "factor"),
    [
        (lambda circuit: at_supply(circuit, 0.9 * circuit.v_dd), 0.9**-5.4),
        (lambda circuit: at_temperature(circuit, 358.0), math.exp(-0.163 * HEAT)),
    ],
    ids=["supply", "temperature"],
)
def test_the_refractory_time_moves_by_its_switching_and_what_is_held_beyond_it_stays(move, factor):
    switching = SIMULATED.control.simulated.t_switch
    held = replace(SIMULATED, t_refractory=switching + 2e-6)
    assert move(held).t_refractory == approx(switching * factor + 2e-6, rel=1e-6)
    assert move(SIMULATED).t_refractory == approx(switching * factor, rel=1e-6)
    assert move(replace(SIMULATED, t_refractory=0.0)).t_refractory == 0  # ideal, here as there
    assert move(STARVED).t_refractory == STARVED.t_refractory  # no law of it is known


def test_speed_leaves_a_simulated_crowbar_current_and_scales_a_starving_one():
    """So the crowbar charge of a spike grows as a simulated neuron slows, and stays of a starved one."""
    simulated, starved = (circuit_at_speed(circuit, 0.1) for circuit in (SIMULATED, STARVED))
    assert simulated.control == SIMULATED.control
    assert starved.i_crowbar == approx(0.1 * STARVED.i_crowbar)
    for slow, circuit, grown in ((simulated, SIMULATED, 10), (starved, STARVED, 1)):
        parts = [spike_energy(c, 3 * c.rheobase)["crowbar"] for c in (slow, circuit)]
        assert parts[0] == approx(grown * parts[1])


@pytest.mark.parametrize("circuit", [SIMULATED, STARVED], ids=["simulated", "starved"])
def test_the_circuit_contradicts_itself_nowhere(circuit):
    """Nor at any corner."""
    assert contradictions(circuit) == ()
    assert all(contradictions(corner_circuit(circuit, corner)) == () for corner in CORNERS)


GATES_OF_THE_DEVICE = replace(STARVED.control, width=450e-9, i_off=1.35e-10 / 1e-6, i_starve=250e-12)
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
        replace(BASE, **broken)
    assert len(contradictions(replace(BASE, **broken, drawn=False))) == 1
    assert re.search(said, str(refused.value))
    assert contradictions(replace(BASE, **broken | mended)) == ()


def test_a_pulse_that_ends_before_the_simulated_inverters_have_switched_is_refused():
    """No speed mends that: they take as long as they take."""
    with pytest.raises(InputError, match="over before the simulated inverters have switched, 318 ns: raise t_refrac"):
        LIFCircuit(t_refractory=300e-9)
    (conflict,) = conflicts(replace(SIMULATED, t_refractory=300e-9, drawn=False))
    assert conflict.speed == 1
    assert contradictions(LIFCircuit(t_refractory=320e-9)) == ()


def test_every_contradiction_is_told_at_once():
    """Transistors of the tunnelling device's own size and threshold: load, slew, leak."""
    found = contradictions(replace(BASE, control=GATES_OF_THE_DEVICE, drawn=False))
    assert [line.split(" ")[0] for line in found] == ["c_mem", "t_refractory", "g_leak"]


def test_an_ideal_part_asks_nothing_of_the_transistors():
    ideal = {"g_leak": 0.0, "t_refractory": 0.0}
    assert contradictions(replace(SIMULATED, **ideal)) == ()
    assert contradictions(replace(BASE, **ideal, control=replace(BASE.control, i_starve=0.0))) == ()


def test_in_real_time_it_is_told_where_the_starving_current_meets_the_off_current():
    """At 24 ms 3.3 pA starve the inverters of 81 fA; at a second they no longer switch. Nothing is refused."""
    off_at = BASE.i_crowbar / BASE.control.off * BASE.tau_mem
    assert contradictions(circuit_for_tau(0.99 * off_at, BASE))[0].startswith("t_refractory")
    assert not any("no inverter switches" in line for line in contradictions(circuit_for_tau(0.99 * off_at, BASE)))
    assert any("no inverter switches" in line for line in contradictions(circuit_for_tau(1.01 * off_at, BASE)))
    fast = circuit_at_speed(circuit_for_tau(1.01 * off_at, BASE), 1e5)
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
    starving = BASE.control.i_starve * BASE.control.t_switch(0.9) / BASE.t_refractory * 1.001
    tight = replace(BASE, control=replace(BASE.control, i_starve=starving))
    for circuit in (tight, SIMULATED):
        assert replace(moved(circuit), v_gs=-0.6).v_gs == -0.6


def test_heat_moves_leaks_and_the_slope_and_leaves_gates_and_currents():
    hot = CONTROL.at_temperature(398.0, 300.0)
    assert hot.i_off / CONTROL.i_off == approx(math.exp(0.47 / 8.617333262e-5 * (1 / 300 - 1 / 398)), rel=1e-6)
    assert hot.subthreshold_swing == approx(CONTROL.subthreshold_swing * 398 / 300)
    assert replace(hot, i_off=CONTROL.i_off, subthreshold_swing=CONTROL.subthreshold_swing) == CONTROL

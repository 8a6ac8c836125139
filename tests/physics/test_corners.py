"""Corners move a circuit by the voltages they state, and the three moves compose in the order they are written."""

import math
from dataclasses import replace
from functools import partial

import pytest

from circuits.device.btbt import DEVICES, arrhenius, btbt_current, kane, log_slope, validity_notes
from circuits.neuron.circuit import LIFCircuit, at_temperature, firing_rate
from circuits.neuron.supply import at_supply
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS, Corner, ProcessShift, corner_circuit

approx = partial(pytest.approx, rel=1e-9, abs=0)

CIRCUIT = LIFCircuit(v_gs=-0.7, v_threshold=0.45, v_dd=1.2, leak_activation_ev=0.3)


def test_twenty_seven_corners_have_distinct_names_that_a_netlist_can_hold():
    assert len({corner.name for corner in CORNERS}) == len(CORNERS) == 27
    assert all(corner.name.replace("_", "").isalnum() for corner in CORNERS)
    assert {corner.process for corner in CORNERS} == {"TT", "FF", "SS"}
    assert "SS_n40C_90pct" in {corner.name for corner in CORNERS}
    assert set(PROCESS_SHIFTS) == {"TT", "FF", "SS", "FS", "SF"}


def test_the_typical_corner_changes_nothing():
    assert corner_circuit(CIRCUIT, Corner("typical", "TT", 1.0, 300)) == CIRCUIT


def test_a_tunnel_shift_is_a_shift_of_the_gate_bias():
    """u rises by the shift, so I(V_GS) of the corner is the nominal I(V_GS - shift), near exp(slope shift)."""
    shifted = corner_circuit(CIRCUIT, Corner("c", "X", 1.0, 300), {"X": ProcessShift(tunnel=0.013)})
    assert shifted.input_current == approx(replace(CIRCUIT, v_gs=-0.713).input_current)
    slope = log_slope(CIRCUIT.device.v_ds + 0.7, CIRCUIT.device)
    assert math.log(shifted.input_current / CIRCUIT.input_current) == approx(0.013 * slope, rel=0.03)


def test_threshold_and_body_of_a_corner_are_shift_and_factor():
    shifted = corner_circuit(CIRCUIT, Corner("c", "X", 1.0, 300), {"X": ProcessShift(threshold=0.03, c_mem=1.1)})
    assert (shifted.v_threshold, shifted.c_mem) == (approx(0.48), approx(1.1 * CIRCUIT.c_mem))
    assert shifted.device == CIRCUIT.device


def test_process_then_supply_then_temperature():
    """Written out: V_th = (0.45 + 0.03) 0.9, V_DS = 0.81 V, and the currents of 398.15 K."""
    shifts = {"X": ProcessShift(tunnel=0.01, threshold=0.03, c_mem=0.9)}
    corner = corner_circuit(CIRCUIT, Corner("c", "X", 0.9, 398.15), shifts)
    assert corner.v_threshold == approx(0.432)
    assert (corner.v_dd, corner.device.v_ds) == (approx(1.08), approx(0.81))
    hot = arrhenius(CIRCUIT.device, 398.15)
    assert corner.input_current == approx(float(btbt_current(0.81 + 0.7 + 0.01, hot, CIRCUIT.width)))
    assert corner_circuit(CIRCUIT, Corner("c", "X", 0.9, 398.15), shifts, kane).input_current < corner.input_current


@pytest.mark.parametrize("temperature", [233.15, 398.15])
@pytest.mark.parametrize("supply", [0.9, 1.1])
def test_fast_fires_before_typical_and_slow_after(supply, temperature):
    """With both mixed corners between, whichever of tunnelling and threshold weighs more."""
    names = ("SS", "SF", "TT", "FS", "FF")
    circuits = {name: corner_circuit(LIFCircuit(g_leak=0.0), Corner(name, name, supply, temperature)) for name in names}
    rate = {name: firing_rate(circuit, circuit.input_current) for name, circuit in circuits.items()}
    assert rate["SS"] < min(rate["SF"], rate["TT"], rate["FS"])
    assert rate["FF"] > max(rate["SF"], rate["TT"], rate["FS"])
    assert rate["SF"] < rate["FS"]  # 20 mV is 40 % of the current here, 5 % of the swing


def test_supply_moves_drain_voltage_and_threshold_in_proportion_and_is_noted():
    low = at_supply(CIRCUIT, 1.02)
    assert (low.v_dd, low.v_threshold, low.device.v_ds) == (approx(1.02), approx(0.3825), approx(0.765))
    assert low.input_current == approx(float(btbt_current(0.765 + 0.7, CIRCUIT.device, CIRCUIT.width)))
    (note,) = validity_notes(low.device, low.v_gs)
    assert note == "V_DS = 0.765 V, 32nm-pdsoi is fitted at 0.9 V: extrapolated"
    back = at_supply(low, 1.2)
    assert (back.v_threshold, back.device.v_ds) == (approx(0.45), approx(0.9))
    assert validity_notes(back.device, back.v_gs) == ()


@pytest.mark.parametrize("v_dd", [0.0, -0.9, math.nan])
def test_a_supply_that_is_not_positive_is_refused(v_dd):
    with pytest.raises(ValueError, match="v_dd must be above 0"):
        at_supply(CIRCUIT, v_dd)


def test_a_supply_that_brings_the_threshold_to_reset_is_refused():
    circuit = LIFCircuit(v_reset=0.3)
    with pytest.raises(ValueError, match="v_threshold must be above v_reset"):
        at_supply(circuit, 0.8 * circuit.v_dd)


@pytest.mark.parametrize("law", [arrhenius, kane])
@pytest.mark.parametrize("name", DEVICES)
def test_two_steps_of_temperature_are_one(name, law):
    """300 to 340 to 398 K is 300 to 398 K, and back again is where it began."""
    circuit = replace(CIRCUIT, device=DEVICES[name])
    once, twice = (at_temperature(at_temperature(circuit, first, law), 398.0, law) for first in (300.0, 340.0))
    back = at_temperature(once, 300.0, law)
    for a, b in ((once, twice), (back, circuit)):
        assert a.input_current == approx(b.input_current)
        assert (a.i_static, a.g_leak) == (approx(b.i_static), approx(b.g_leak))
        assert (a.device.i_floor, a.device.temperature) == (approx(b.device.i_floor), b.device.temperature)


def test_leak_follows_its_activation():
    """exp(-0.3 eV / k (1/398 - 1/300)) = 17.4; with none it stays."""
    expected = math.exp(0.3 / 8.617333e-5 * (1 / 300 - 1 / 398))
    assert at_temperature(CIRCUIT, 398).g_leak / CIRCUIT.g_leak == approx(expected, rel=1e-6)
    assert expected == pytest.approx(17.4, rel=0.01)
    constant = replace(CIRCUIT, leak_activation_ev=0.0)
    assert at_temperature(constant, 398).g_leak == CIRCUIT.g_leak


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: corner_circuit(CIRCUIT, Corner("c", "FFF", 1, 300)), "unknown process 'FFF'; did you mean 'FF'"),
     (lambda: corner_circuit(CIRCUIT, Corner("c", "TT", 1, 20)), r"200\.\.450 K"),
     (lambda: Corner("c", "TT", 0, 300), "Corner.supply must be positive"),
     (lambda: Corner("c", "TT", 1, math.nan), "Corner.temperature must be finite"),
     (lambda: Corner("c", "TT", math.nan, 300), "Corner.supply must be positive"),
     (lambda: ProcessShift(c_mem=-1), "ProcessShift.c_mem must be positive"),
     (lambda: ProcessShift(tunnel=math.inf), "ProcessShift.tunnel must be finite")],
)  # fmt: skip
def test_impossible_corners_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

"""SI floats inside, prefixes outside, quantities accepted at the door and nowhere mistaken."""

import math
from dataclasses import dataclass, fields, replace
from functools import partial

import brian2
import numpy as np
import pytest
import torch

from circuits import units
from circuits.device.btbt import DEVICES
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import ControlTransistors
from circuits.neuron.simulated_control import SimulatedControl
from circuits.neuron.synapse import SynapseKernel
from circuits.units import AmperesPerMetre, Farads, Volts, freeze_si, quantity, require_plausible, si, si_float
from circuits.variation.mismatch import Spread

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these


@dataclass(frozen=True)
class Cell:
    v_threshold: Volts
    c_mem: Farads = 0.5e-15
    i_off: AmperesPerMetre | None = None
    label: str = "cell"

    def __post_init__(self):
        freeze_si(self)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3.2e-15, "J", "3.2 fJ"),
        (27e-12, "A", "27 pA"),
        (139.7e3, "Hz", "140 kHz"),
        (0.999, "V", "999 mV"),
        (1.0, "V", "1 V"),
        (999.96, "V", "1 kV"),
        (-0.0005, "V", "-500 uV"),
        (2e-21, "J", "0.002 aJ"),
        (5e12, "Hz", "5000 GHz"),
        (0.0, "J", "0 J"),
        (math.inf, "s", "inf s"),
        (None, "J", "not modelled"),
    ],
)
def test_si_prints_with_the_prefix_that_leaves_one_to_three_digits(value, unit, text):
    """Past the last prefix the number itself grows."""
    assert si(value, unit) == text


@pytest.mark.parametrize("exponent", range(-18, 12))
def test_si_loses_nothing_but_the_digits_asked_for(exponent):
    """Reading the text back gives the value to half a unit of the third digit."""
    value = 4.567 * 10.0**exponent
    number, unit = si(value, "J").split()
    scale = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}
    assert float(number) * 10.0 ** scale[unit.removesuffix("J")] == approx(value, rel=5e-3 / 4.567)
    assert 1 <= float(number) < 1000


def test_prefixes_are_powers_of_a_thousand():
    assert (units.fF, units.pF, units.pS, units.nA, units.mV, units.ns, units.um, units.kHz) == (
        1e-15, 1e-12, 1e-12, 1e-9, 1e-3, 1e-9, 1e-6, 1e3
    )  # fmt: skip


def test_fields_with_a_unit_become_floats_and_others_stay():
    cell = Cell(np.float32(0.5), 1, 2, label="x")
    assert (type(cell.v_threshold), type(cell.c_mem), type(cell.i_off), cell.label) == (float, float, float, "x")
    assert (cell.v_threshold, cell.c_mem, cell.i_off) == (0.5, 1.0, 2.0)


def test_field_that_may_be_unknown_keeps_none_and_others_do_not():
    assert Cell(0.4).i_off is None
    with pytest.raises(TypeError, match=r"Cell\.v_threshold"):
        Cell(None)


def test_brian2_quantities_are_accepted_with_their_prefix():
    circuit = LIFCircuit(
        c_mem=0.002 * brian2.pfarad,
        v_threshold=300 * brian2.mvolt,
        t_refractory=1 * brian2.usecond,
        g_leak=3 * brian2.psiemens,
    )
    assert (circuit.c_mem, circuit.v_threshold) == approx((2e-15, 0.3))
    assert (circuit.t_refractory, circuit.g_leak) == approx((1e-6, 3e-12))
    assert type(circuit.c_mem) is float


BRIAN2 = {
    "V": brian2.volt, "A": brian2.amp, "A/m": brian2.amp / brian2.metre,
    "A/m/V": brian2.amp / brian2.metre / brian2.volt, "F": brian2.farad, "S": brian2.siemens, "s": brian2.second,
    "Hz": brian2.hertz, "J": brian2.joule, "W": brian2.watt, "m": brian2.metre, "K": brian2.kelvin, "C": brian2.coulomb,
}  # fmt: skip


@pytest.mark.parametrize("unit", BRIAN2)
def test_each_unit_takes_its_own_dimension_alone(unit):
    """Brian2 keeps the dimensions; of all 13 units exactly one fits."""
    assert si_float(2 * BRIAN2[unit], unit, "x") == 2.0
    for other in set(BRIAN2) - {unit}:
        with pytest.raises(ValueError, match=f"x must be in {unit}, got 2"):
            si_float(2 * BRIAN2[other], unit, "x")


def test_a_volt_per_mole_is_not_a_volt():
    with pytest.raises(ValueError, match="must be in V"):
        si_float(1 * brian2.volt / brian2.mole, "V", "x")


def test_wrong_dimension_names_class_and_field():
    with pytest.raises(ValueError, match=r"LIFCircuit\.c_mem must be in F, got 1\. V"):
        LIFCircuit(c_mem=1 * brian2.volt)


def test_a_scalar_torch_tensor_is_a_number():
    """A tensor has a method named `dim`, which is no dimension."""
    assert Cell(torch.tensor(0.5)).v_threshold == 0.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan"), math.nan * brian2.volt])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match=r"Cell\.v_threshold must be finite"):
        Cell(value)


def test_not_finite_is_refused_where_the_field_may_be_none():
    with pytest.raises(ValueError, match=r"Cell\.i_off must be finite"):
        Cell(0.4, i_off=math.nan)


@pytest.mark.parametrize("value", ["0.4", True, None, [0.4, 0.5], np.array([0.4, 0.5]), 1j, object()])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(TypeError, match=r"Cell\.v_threshold must be a number in V"):
        Cell(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("c_mem", -1e-15), ("v_dd", 0), ("g_leak", -1e-12), ("t_refractory", -1e-9), ("v_threshold", 0.0),
     ("leak_activation_ev", -0.1)],
)  # fmt: skip
def test_circuit_outside_its_limits_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"LIFCircuit\.{field} must be .*got {float(value)}"):
        LIFCircuit(**{field: value})


@pytest.mark.parametrize("field", [field.name for field in fields(ControlTransistors)])
def test_control_transistors_outside_their_limits_are_refused_by_name(field):
    with pytest.raises(ValueError, match=rf"ControlTransistors\.{field} must be .*got -1\.0"):
        ControlTransistors(**{field: -1.0})


@pytest.mark.parametrize("field", ["width", "length", "c_first", "c_second", "i_static", "i_crowbar", "t_switch"])
def test_simulated_control_outside_its_limits_is_refused_by_name(field):
    with pytest.raises(ValueError, match=rf"SimulatedControl\.{field} must be .*got -1\.0"):
        SimulatedControl(**{field: -1.0})


def test_boltzmann_constant_and_electron_volt_give_the_thermal_voltage():
    """kT/q at 300 K is 25.852 mV."""
    assert units.BOLTZMANN * 300 / units.eV == approx(25.852e-3, rel=1e-5)
    assert all(device.i_floor > 0 for device in DEVICES.values())


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("50kHz", "Hz", 5e4), ("50 kHz", "Hz", 50e3), ("20ms", "s", 0.02), ("0.5 fF", "F", 0.5e-15), ("-500mV", "V", -0.5),
     ("1e-3", "s", 1e-3), ("1e3 us", "s", 1e-3), ("450nm", "m", 450e-9), ("3 m", "m", 3.0), ("3mm", "m", 3e-3),
     ("10 \u00b5s", "s", 1e-5), ("10 \u03bcs", "s", 1e-5), (".5 V", "V", 0.5), ("+2", "V", 2.0), (" 7 MHz ", "Hz", 7e6),
     ("2 pA/m", "A/m", 2e-12), ("300 K", "K", 300.0), ("5E-1 V", "V", 0.5)],
)  # fmt: skip
def test_a_quantity_is_the_float_that_its_digits_say(text, unit, value):
    """Exactly: 20 ms is the float 0.02, whatever 20 times the float 0.001 is."""
    assert quantity(text, unit, "x") == value


@pytest.mark.parametrize("exponent", [-15, -12, -9, -6, -3, 3, 6, 9])
def test_what_si_prints_is_read_back(exponent):
    value = float(f"4.56e{exponent}")
    assert quantity(si(value, "J"), "J", "x") == value


@pytest.mark.parametrize("text", ["50 kV", "fast", "", "5 5 Hz", "5 hz", "5 xHz", "Hz", "5,5 Hz", "5 Hz s"])
def test_what_is_no_quantity_of_the_unit_is_refused_with_name_and_example(text):
    with pytest.raises(InputError, match="rate must be a number in Hz") as caught:
        quantity(text, "Hz", "rate")
    assert "100 kHz" in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("1 min", "60 s"), ("1.5min", "90 s"), ("2 h", "7200 s")])
def test_minutes_and_hours_are_refused_with_the_seconds_to_write(text, seconds):
    with pytest.raises(InputError, match=rf"got '{text}'; write {seconds}$"):
        quantity(text, "s", "duration_s")


def test_nan_and_infinity_are_left_to_whoever_takes_the_number():
    assert math.isnan(quantity("nan", "s", "x"))
    assert quantity("inf", "s", "x") == math.inf


@pytest.mark.parametrize(
    ("make", "meant"),
    [(lambda: LIFCircuit(c_mem=0.5), "0.5 fF"), (lambda: LIFCircuit(width=0.45), "0.45 um"),
     (lambda: LIFCircuit(g_leak=12.5), "12.5 pS"), (lambda: ControlTransistors(i_starve=250), "250 pA"),
     (lambda: LIFCircuit(v_threshold=400), "400 mV"), (lambda: LIFCircuit(t_refractory=200), "200 ms"),
     (lambda: replace(DEVICES["32nm-pdsoi"], v_slope=3630), "3630 mV"),
     (lambda: SynapseKernel(1, tau_exc=800, tau_inh=4e-3), "800 us"), (lambda: Spread(sigma_tunnel=1000), "1000 mV")],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_a_magnitude_that_no_circuit_has_is_named_with_the_unit_that_was_meant(make, meant):
    with pytest.raises(InputError, match=f"was {meant} meant"):
        make()


def test_celsius_taken_for_kelvin_is_named():
    with pytest.raises(InputError, match=r"27 C is 300\.15 K"):
        replace(DEVICES["32nm-pdsoi"], temperature=27)


@pytest.mark.parametrize("unit", ["s", "F", "m", "V", "A", "S"])
def test_every_decade_between_the_limits_is_plausible_and_beyond_them_none(unit):
    least, most, usual = units._PLAUSIBLE[unit]
    for value in (0.0, least, usual, most, -usual):
        require_plausible(value, unit, "x")
    for value in (0.99 * least, 1.01 * most):
        with pytest.raises(InputError, match=r"x = .* is not plausible"):
            require_plausible(value, unit, "x")

"""The default circuit is the twin of the neuron in transistors: its constants, its laws, and what they leave out."""

import shutil
from dataclasses import replace

import pytest

from circuits.neuron.circuit import LIFCircuit, interval
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.simulated_control import SimulatedControl
from circuits.neuron.supply import at_condition
from circuits.transistor import NeuronCell
from circuits.transistor.behavioural import CONDITIONS, calibrate, scaling
from circuits.transistor.measure import measure
from circuits.units import ZERO_CELSIUS, nm

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
CELL, CIRCUIT = NeuronCell(), LIFCircuit()
LEAKLESS = replace(CIRCUIT, g_leak=0.0, drawn=False)  # the transistors have no leak of 40 us
HOT_AND_LOW = next(corner for corner in CONDITIONS if corner.name == "TT_125C_90pct")
WITHIN = 0.13  # rms errors of the laws are 0.18 (crowbar) and 0.14 (switching)


def there(corner):
    return at_condition(LEAKLESS, corner.temperature, corner.supply * LEAKLESS.v_dd)


def test_the_default_constants_are_those_of_the_calibrated_transistors(cards):
    fitted = calibrate(CELL, cards).circuit
    for name in ("width", "v_gs", "c_mem", "swing", "t_refractory", "v_dd"):
        assert getattr(CIRCUIT, name) == pytest.approx(getattr(fitted, name), rel=1e-3, abs=0), name
    own, control = SimulatedControl(), fitted.control.simulated
    assert CIRCUIT.control.simulated == own
    assert own.t_switch == pytest.approx(fitted.t_refractory, rel=1e-3, abs=0)
    for name in ("c_first", "c_second", "i_static", "i_crowbar"):
        assert getattr(own, name) == pytest.approx(getattr(control, name), rel=1e-3, abs=0), name


@pytest.mark.parametrize("corner", [c for c in CONDITIONS if c != HOT_AND_LOW], ids=lambda corner: corner.name)
def test_moved_by_its_laws_it_does_and_costs_what_the_transistors_do(cards, corner):
    figures, circuit = measure(CELL, cards, corner), there(corner)
    assert 1 / interval(circuit) == pytest.approx(figures.rate, rel=WITHIN)
    assert spike_energy(circuit).total == pytest.approx(figures.energy.total, rel=WITHIN, abs=0)


def test_hot_and_at_low_supply_the_transistors_cost_more_since_one_of_them_leaks_a_third_of_the_input(cards):
    """The leak transistor: without it the rate is that of the circuit. It draws out the rise, the comparator pays."""
    circuit = there(HOT_AND_LOW)
    with_leak, without = (measure(cell, cards, HOT_AND_LOW) for cell in (CELL, replace(CELL, leak=None)))
    kept = circuit.charge_per_weight / with_leak.input_current / (1 / with_leak.rate - circuit.t_refractory)
    assert kept < 2 / 3
    assert 1 / interval(circuit) == pytest.approx(without.rate, rel=WITHIN)
    assert with_leak.energy.total > 1.5 * spike_energy(circuit).total
    assert with_leak.energy["comparator"] > 0.5 * with_leak.energy.total


@pytest.mark.slow
def test_the_laws_are_those_of_a_source_deep_in_tunnelling(cards):
    """At 200 pA no leak of a transistor shows at any condition, so all that moves is the control circuit.

    The static current is that of 27 C and warmer, where it matters: colder, leaking gates keep it up.
    """
    deep = NeuronCell(source_width=100 * nm, v_gate=-0.8)
    found = [calibrate(deep, cards, corner) for corner in CONDITIONS]
    warm = [one for one in found if one.corner.temperature >= 27 + ZERO_CELSIUS]
    laws, of_warm = ({law.name: law for law in scaling(some)} for some in (found, warm))
    laws["i_static"] = of_warm["i_static"]
    own = SimulatedControl()
    for name, constant in (("static", "i_static"), ("crowbar", "i_crowbar"), ("switch", "t_refractory")):
        law = laws[constant]
        assert getattr(own, f"{name}_exponent") == pytest.approx(law.supply_exponent, rel=0.02), name
        assert getattr(own, f"{name}_activation_ev") == pytest.approx(law.activation_ev, rel=0.02), name
    for gates in ("c_control", "c_reset", "c_mem"):  # which do not move
        assert laws[gates].residual < 0.03
        assert abs(laws[gates].activation_ev) < 0.01

"""A formula is dimensionally right if it survives a change of ruler: every base unit rescaled by another factor."""

import math
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import get_args, get_type_hints

import numpy as np
import pint
import pytest

from circuits.chips.btbt_core import BTBTCore
from circuits.chips.inference_ledger import CoreCosts
from circuits.chips.operation import Operation
from circuits.device.ageing import aged
from circuits.device.btbt import (
    DEVICES,
    arrhenius,
    bias_for_current,
    btbt_current,
    drain_leak,
    kane,
    log_slope,
    mismatch,
    validity_notes,
)
from circuits.device.fit import fit_device
from circuits.mapping import CoreLimits
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.area import AreaRules, neuron_area
from circuits.neuron.bias import bias_drive, current_for_drive
from circuits.neuron.circuit import LIFCircuit, at_temperature, firing_rate, period
from circuits.neuron.conventional import conventional_sources, source_comparison
from circuits.neuron.currents import device_currents
from circuits.neuron.design import current_for_rate, design_neuron
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.supply import at_supply
from circuits.transient import Connections, SpikeInput, population, simulate
from circuits.variation.corners import PROCESS_SHIFTS, Corner, corner_circuit
from circuits.variation.mismatch import Spread, current_spread, sample, static_spread

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

UNIT = pint.UnitRegistry()
RULER = {"[length]": 3.0, "[mass]": 7.0, "[time]": 11.0, "[current]": 13.0}
RULER["[temperature]"] = 1.0  # the laws of temperature hold constants of nature, k and E_g(T), in kelvin
CIRCUIT = LIFCircuit(c_mem=0.8e-15, v_threshold=0.45, v_reset=0.1, v_dd=1.1, t_refractory=0.4e-6, width=0.6e-6)


def rescale(value, unit: str):
    """The same quantity in the other system of base units."""
    return value * math.prod(RULER[d] ** float(n) for d, n in UNIT(unit).dimensionality.items())


def rescaled(record):
    """Each field with a unit in the other system, nested records too; numbers without a unit stay."""
    hints, changes = get_type_hints(type(record), include_extras=True), {}
    for field in fields(record):
        value, hint = getattr(record, field.name), hints[field.name]
        units = [part.__metadata__[0] for part in (hint, *get_args(hint)) if getattr(part, "__metadata__", None)]
        if is_dataclass(value):
            changes[field.name] = rescaled(value)
        elif units and value is not None:
            changes[field.name] = rescale(value, units[0])
    return replace(record, **changes)


def test_the_ruler_really_changes():
    """1 V = 1 kg m^2 / s^3 / A."""
    assert rescale(1.0, "V") == approx(7 * 3**2 / 11**3 / 13)
    assert rescaled(CIRCUIT).device.prefactor == approx(rescale(CIRCUIT.device.prefactor, "A/m/V"))
    assert rescaled(CIRCUIT).device.i_off == approx(rescale(CIRCUIT.device.i_off, "A/m"))


@pytest.mark.parametrize("name", DEVICES)
def test_device_survives(name):
    device, other = DEVICES[name], rescaled(DEVICES[name])
    v_dg, width = np.linspace(0.2, 2.4, 23), 0.45e-6
    above = v_dg[v_dg > device.v_onset]
    current = btbt_current(v_dg, device, width)
    np.testing.assert_allclose(
        btbt_current(rescale(v_dg, "V"), other, rescale(width, "m")), rescale(current, "A"), rtol=1e-9
    )
    junction, body = replace(device, drain_body=0.3), 0.4
    through = btbt_current(rescale(v_dg, "V"), rescaled(junction), rescale(width, "m"), rescale(body, "V"))
    np.testing.assert_allclose(through, rescale(btbt_current(v_dg, junction, width, body), "A"), rtol=1e-9)
    np.testing.assert_allclose(
        log_slope(rescale(above, "V"), other), rescale(log_slope(above, device), "1/V"), rtol=1e-9
    )
    wanted = np.logspace(-16, -8, 17)
    np.testing.assert_allclose(
        bias_for_current(rescale(wanted, "A"), other, rescale(width, "m")),
        rescale(bias_for_current(wanted, device, width), "V"),
        rtol=1e-9,
    )


def test_drain_leak_survives():
    device = DEVICES["32nm-pdsoi"]
    leak = drain_leak(rescale(-0.3, "V"), rescaled(device), rescale(0.7e-6, "m"))
    assert leak == approx(rescale(drain_leak(-0.3, device, 0.7e-6), "A"))


@pytest.mark.parametrize("i_in", [22e-12, 31e-12, 2e-9])
def test_period_rate_and_energy_parts_survive(i_in):
    other, i_other = rescaled(CIRCUIT), rescale(i_in, "A")
    assert period(other, i_other) == approx(rescale(period(CIRCUIT, i_in), "s"))
    assert firing_rate(other, i_other) == approx(rescale(firing_rate(CIRCUIT, i_in), "Hz"))
    expected = {name: rescale(part, "J") for name, part in spike_energy(CIRCUIT, i_in).parts.items()}
    assert spike_energy(other, i_other).parts == approx(expected)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("tau_mem", "s"), ("charge_per_weight", "C"), ("rheobase", "A"), ("static_power", "W"), ("input_current", "A"),
     ("swing", "V")],
)  # fmt: skip
def test_derived_property_of_the_circuit_survives_in_its_unit(name, unit):
    assert getattr(rescaled(CIRCUIT), name) == approx(rescale(getattr(CIRCUIT, name), unit))


def assert_alike(record, expected):
    """Equal field by field to 1e-9, nested records too."""
    for field in fields(expected):
        value, wanted = getattr(record, field.name), getattr(expected, field.name)
        if is_dataclass(wanted):
            assert_alike(value, wanted)
        else:
            assert value == (approx(wanted) if isinstance(wanted, float) else wanted), field.name


@pytest.mark.parametrize("change", [
    lambda c, scale: at_supply(c, scale(0.97, "V")),
    lambda c, scale: at_temperature(c, 351.0),
    lambda c, scale: at_temperature(c, 351.0, kane),
    lambda c, scale: replace(c, device=aged(c.device, 7.0)),
    lambda c, scale: corner_circuit(c, Corner("c", "FF", 0.9, 398.15), _process(scale)),
    lambda c, scale: corner_circuit(c, Corner("c", "SF", 1.1, 233.15), _process(scale), kane),
], ids=["supply", "arrhenius", "kane", "aged", "fast corner", "mixed corner"])  # fmt: skip
def test_a_moved_circuit_survives(change):
    circuit = replace(CIRCUIT, leak_activation_ev=0.3)
    moved = change(circuit, lambda value, unit: value)
    assert moved != circuit
    assert_alike(change(rescaled(circuit), rescale), rescaled(moved))


def _process(scale):
    return {
        name: replace(shift, tunnel=scale(shift.tunnel, "V"), threshold=scale(shift.threshold, "V"))
        for name, shift in PROCESS_SHIFTS.items()
    }


@pytest.mark.parametrize("name", DEVICES)
def test_fit_survives(name):
    """Points with an error, so that the residual is not zero; the starts are in spans of the voltages."""
    device = DEVICES[name]
    v_dg = device.v_ds - np.linspace(device.v_gs_min, device.v_gs_max, 8)
    i = btbt_current(v_dg, device, 0.45e-6) * np.exp(0.05 * np.cos(np.arange(8)))
    fitted = fit_device(v_dg, i, 0.45e-6, name=name, i_floor=i.min() / 3, v_ds=0.9)
    other = fit_device(
        rescale(v_dg, "V"), rescale(i, "A"), rescale(0.45e-6, "m"), name=name,
        i_floor=rescale(i.min() / 3, "A"), v_ds=rescale(0.9, "V"),
    )  # fmt: skip
    assert fitted.residual > 0.01
    expected = rescaled(fitted)
    for field in ("prefactor", "v_slope", "v_onset", "residual", "i_floor", "v_gs_min", "v_gs_max", "v_ds_fit"):
        assert getattr(other, field) == approx(getattr(expected, field), rel=1e-6), field


def test_spread_and_draws_survive():
    spread, units = (
        Spread(0.012, 0.015, 0.008, 0.03),
        {"tunnel_shift": "V", "i_static": "A", "v_threshold": "V", "c_mem": "F"},
    )
    draw, other = (
        sample(c, s, 9, np.random.default_rng(1)) for c, s in ((CIRCUIT, spread), (rescaled(CIRCUIT), rescaled(spread)))
    )
    for name, unit in units.items():
        np.testing.assert_allclose(other[name], rescale(draw[name], unit), rtol=1e-9)
    for formula in (current_spread, static_spread):
        assert formula(rescaled(CIRCUIT), rescaled(spread)) == approx(formula(CIRCUIT, spread))
    v_dg, device = np.array([1.4, 1.9]), CIRCUIT.device
    factors = mismatch(v_dg, device, 0.012, np.random.default_rng(1))
    again = mismatch(rescale(v_dg, "V"), rescaled(device), rescale(0.012, "V"), np.random.default_rng(1))
    np.testing.assert_allclose(again, factors, rtol=1e-9)


def test_the_three_currents_survive():
    circuit = replace(CIRCUIT, body_factor=0.2)
    currents, other = device_currents(circuit, 0.3), device_currents(rescaled(circuit), rescale(0.3, "V"))
    for name in ("tunnelling", "body_leak", "drain_leak", "net"):
        assert getattr(other, name) == approx(rescale(getattr(currents, name), "A"))


def test_what_is_extrapolated_does_not_depend_on_the_ruler():
    device = arrhenius(replace(CIRCUIT.device, v_ds=1.0), 350)
    for v_gs, n in ((-1.49, 1), (-0.4, 1), (-0.3, 2)):
        assert len(validity_notes(device, v_gs)) == n
        assert len(validity_notes(rescaled(device), rescale(v_gs, "V"))) == n


def test_a_simulation_survives():
    """Spike times, energy by part and the final potential, with a current that follows the body, and with a synapse."""
    circuit = replace(CIRCUIT, body_factor=0.2, v_gs=-0.8)
    synapse = Connections([0], [0], [3e-17], n_channels=1, delay=0.2e-6, t_pulse=0.9e-6)
    spikes = SpikeInput([1e-6, 2e-6], [0, 0], 1)
    run = simulate(population(circuit), 5e-6, connections=synapse, spikes_in=spikes, biased=True)
    scaled = {"delay": rescale(0.2e-6, "s"), "t_pulse": rescale(0.9e-6, "s"), "n_channels": 1}
    other = simulate(
        population(rescaled(circuit)), rescale(5e-6, "s"), biased=True,
        connections=Connections([0], [0], [rescale(3e-17, "C")], **scaled),
        spikes_in=SpikeInput(rescale(np.array([1e-6, 2e-6]), "s"), [0, 0], 1),
    )  # fmt: skip
    assert run.counts[0] > 3
    assert other.spike_times == approx(rescale(run.spike_times, "s"))
    assert other.v == approx(rescale(run.v, "V"))
    for name, part in run.energy.parts.items():
        assert other.energy[name] == approx(rescale(part, "J")), name


def _network(circuit: LIFCircuit, tau_mem: np.ndarray, dt: float) -> ChipNetwork:
    one = np.ones(2)
    weights, loops = np.array([[1.0, -2.0], [0.5, 0.0]]), np.array([[0.0, 1.0], [0.3, 0.0]])
    encoder = LayerSpec("encoder", "encoder", weights, 0.1 * one, tau_mem, one)
    hidden = LayerSpec("hidden", "lif", weights, -0.2 * one, tau_mem, one, recurrent=loops)
    readout = LayerSpec("readout", "readout", weights, 0.3 * one, tau_mem, one)
    return ChipNetwork(NetworkSpec("n", dt, (encoder, hidden, readout)), circuit)


def _chip(trained: ChipNetwork, scale) -> BTBTCore:
    """Two neurons to a core, so that spikes cross, and every constant known."""
    costs = CoreCosts(scale(2e-15, "J"), scale(3e-16, "J"), scale(4e-9, "W"), scale(5e-10, "W"))
    limits = CoreLimits(cores=1, input_neurons=1, neurons=2, lines=4, synapses=9, weight_bits=1)
    node, speed = scale(45e-9, "m"), Operation(1.0)
    return BTBTCore("c", "c", node, limits, trained.circuit, costs, trained=trained, operation=speed)


def _report(circuit: LIFCircuit, scale):
    tau, spikes = np.full(2, 20e-3), {"encoder": np.array([3.0, 4.0]), "hidden": np.array([5.0, 2.0])}
    near = {name: scale(0.025 * count, "s") for name, count in spikes.items()}
    net = _network(circuit, scale(tau, "s"), scale(10e-3, "s"))
    activity = Activity(1, scale(1.0, "s"), spikes, near, circuit.crowbar_window, encoder_charge=np.array([6.0, 7.0]))
    chip = _chip(net, scale)
    return chip.price(net.network, activity, chip.place(net.network, activity))


def test_energy_report_survives():
    report, other = _report(CIRCUIT, lambda value, unit: value), _report(rescaled(CIRCUIT), rescale)
    assert len(report.ledger.parts) == 8
    assert all(part > 0 for part in report.ledger.parts.values())
    assert other.ledger.parts == approx({name: rescale(part, "J") for name, part in report.ledger.parts.items()})
    assert other.latency_s == approx(rescale(report.latency_s, "s"))
    assert other.energy_per_spike_j == approx(rescale(report.energy_per_spike_j, "J"))
    assert other.counts == approx(report.counts)


@pytest.mark.parametrize("rate", [20e3, 170e3])
def test_current_for_a_rate_survives(rate):
    other = current_for_rate(rescaled(CIRCUIT), rescale(rate, "Hz"))
    assert other == approx(rescale(current_for_rate(CIRCUIT, rate), "A"))


def test_design_survives():
    """A capacitor that is requested, so that no choice is rounded to three digits of either system."""
    request = [(3e-3, "s"), (900.0, "Hz"), (0.35, "V")]
    mine = design_neuron(*(value for value, _ in request), CIRCUIT, c_mem=90e-15, width=0.7e-6).circuit
    sizes = {"c_mem": rescale(90e-15, "F"), "width": rescale(0.7e-6, "m")}
    other = design_neuron(*(rescale(*figure) for figure in request), rescaled(CIRCUIT), **sizes).circuit
    for name, unit in (("v_gs", "V"), ("g_leak", "S"), ("v_threshold", "V"), ("i_crowbar", "A"), ("c_mem", "F")):
        assert getattr(other, name) == approx(rescale(getattr(mine, name), unit)), name


def test_sources_area_and_their_energy_survive():
    rules, sources = rescaled(AreaRules()), tuple(rescaled(source) for source in conventional_sources())
    mine, others = source_comparison(CIRCUIT), source_comparison(rescaled(CIRCUIT), sources, rules)
    for neuron, other in zip(mine, others, strict=True):
        assert other.input_current == approx(rescale(neuron.input_current, "A"))
        assert other.circuit.c_mem == approx(rescale(neuron.circuit.c_mem, "F"))
        assert other.area(rules) == approx(rescale(neuron.area(), "m^2"))
        assert other.energy.parts == approx({name: rescale(part, "J") for name, part in neuron.energy.parts.items()})
    assert neuron_area(rescaled(CIRCUIT), rules) == approx(rescale(neuron_area(CIRCUIT), "m^2"))


def test_drive_of_a_bias_device_survives():
    """A drive has no unit, the current that it stands for has."""
    v_gs, width, tau = np.array([-0.5, -0.8]), np.array([0.4e-6, 2e-6]), np.array([0.02, 0.05])
    drive = bias_drive(v_gs, width, tau, CIRCUIT, 700.0)
    other = rescaled(CIRCUIT)
    moved = rescale(v_gs, "V"), rescale(width, "m"), rescale(tau, "s")
    np.testing.assert_allclose(bias_drive(*moved, other, 700.0), drive, rtol=1e-9)
    current = rescale(current_for_drive(drive, tau, CIRCUIT, 700.0), "A")
    np.testing.assert_allclose(current_for_drive(drive, moved[2], other, 700.0), current, rtol=1e-9)

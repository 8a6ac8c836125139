"""The designer's inverse: what comes out does what was requested, and every remedy that a refusal names works."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.device.btbt import DEVICES, arrhenius, validity_notes
from circuits.neuron.circuit import LIFCircuit, at_temperature, firing_rate, period
from circuits.neuron.design import DesignError, current_for_rate, design_neuron
from circuits.neuron.request import current_range
from circuits.units import si
from tests.starved import STARVED

approx = partial(pytest.approx, rel=1e-9, abs=0)
BASE = STARVED
FDX = replace(BASE, device=DEVICES["22nm-fdx"])


def _end(v_gs: float, width: float, device=BASE.device) -> float:
    """W A u exp(-B / u) at the end of a fitted range, with V_DS = 0.9 V (A)."""
    u = 0.9 - v_gs - device.v_onset
    return width * device.prefactor * u * math.exp(-device.v_slope / u)


WEAKEST, STRONGEST, FDX_STRONGEST = _end(-0.4, 0.45e-6), _end(-1.49, 1e-6), _end(-1.49, 0.45e-6, FDX.device)
RAISED = replace(BASE, v_reset=0.1, v_threshold=0.5, t_refractory=1e-6, width=0.8e-6)


REQUESTS = {"fast": (40e-6, 140e3, 0.4), "speech": (20e-3, 100.0, 0.3), "between": (5e-3, 7e3, 0.65)}
TOO_FAST = {("22nm-fdx", "fast"), ("22nm-fdx", "between")}  # 2.6 pA at most


@pytest.mark.parametrize(("device", "asked"), [(d, w) for d in DEVICES for w in REQUESTS if (d, w) not in TOO_FAST])
def test_the_design_fires_at_the_wished_rate_with_the_wished_leak(device, asked):
    tau_mem, rate, swing = REQUESTS[asked]
    circuit = design_neuron(tau_mem, rate, swing, replace(BASE, device=DEVICES[device])).circuit
    assert period(circuit, circuit.input_current) == approx(1 / rate)
    assert circuit.tau_mem == approx(tau_mem)
    assert circuit.swing == approx(swing)
    assert validity_notes(circuit.device, circuit.v_gs) == ()


@pytest.mark.parametrize(
    "circuit",
    [
        BASE,
        RAISED,
        replace(RAISED, v_reset=-0.2, v_sink=-0.2),
        replace(RAISED, g_leak=0.0),
        replace(BASE, g_leak=1e-22, control=replace(BASE.control, i_off=0.0)),
    ],
)
@pytest.mark.parametrize("rate", [31e3, 150e3, 900e3])
def test_the_current_is_the_inverse_of_the_f_i_curve(circuit, rate):
    assert firing_rate(circuit, current_for_rate(circuit, rate)) == approx(rate)


def test_without_leak_the_current_is_charge_times_rate():
    """0.5 fF x 0.4 V / (10 us - 0.2 us) = 20.4 pA."""
    assert current_for_rate(replace(BASE, g_leak=0.0), 100e3) == approx(0.2e-15 / 9.8e-6)


def test_the_default_point_is_its_own_design():
    default = LIFCircuit()
    circuit = design_neuron(default.tau_mem, firing_rate(default, default.input_current), default.swing).circuit
    for name in ("v_gs", "width", "c_mem", "g_leak", "i_crowbar", "v_threshold"):
        assert getattr(circuit, name) == approx(getattr(default, name)), name


def test_the_capacitor_grows_only_where_the_body_needs_too_little_current():
    """100 kHz: the body. 100 Hz and 20 ms: C = W I(-0.4 V) / s, s = V / tau / (1 - exp(-T / tau)), rounded up."""
    assert design_neuron(40e-6, 100e3, 0.4, BASE).circuit.c_mem == approx(0.5e-15)
    design = design_neuron(20e-3, 100.0, 0.4, BASE)
    slope = 0.4 / 20e-3 / -math.expm1(-(10e-3 - 0.2e-6) / 20e-3)
    assert 1 < design.circuit.c_mem / (WEAKEST / slope) < 1.01
    assert f"the body alone needs 25.4 fA, 32nm-pdsoi controls {si(WEAKEST, 'A')} or more" in design.notes


def test_a_given_capacitor_chooses_the_nearest_width():
    """The own one where it works, no wider than the body fits, no narrower than the current needs."""
    assert design_neuron(40e-6, 100e3, 0.4, BASE, c_mem=2e-15).circuit.width == BASE.width
    load = BASE.control.c_membrane
    fits = 0.45e-6 * (0.3e-15 - load) / (0.5e-15 - load)
    assert design_neuron(40e-6, 100e3, 0.4, BASE, c_mem=0.3e-15).circuit.width == approx(fits, rel=0.01)
    wide = design_neuron(40e-6, 100e3, 0.4, BASE, c_mem=1e-12).circuit
    assert wide.input_current / wide.width == approx(current_range(wide.device)[1], rel=0.01)


def test_another_capacitor_leaves_the_control_circuit_alone():
    small, large = (design_neuron(40e-6, 100e3, 0.4, BASE, c_mem=c).circuit for c in (1e-15, 8e-15))
    assert large.i_crowbar == approx(small.i_crowbar)
    assert large.input_current == approx(8 * small.input_current)


def test_a_share_of_the_floor_is_told():
    weak = replace(DEVICES["32nm-pdsoi-nsd3e19"], v_gs_max=-0.4)
    design = design_neuron(20e-3, 100.0, 0.4, replace(BASE, device=weak))
    assert design.notes == ("the least drain current, 13.5 fA, is 53% of the input",)


UNMET = {
    f"below the {si(WEAKEST, 'A')} of -0.4 V, the weakest fitted bias": (
        (20e-3, 100.0, 0.4),
        {"c_mem": 0.5e-15, "width": 0.45e-6},
    ),
    "below the 6 fA of the floor of 32nm-pdsoi-nsd3e19": (
        (2.0, 1.0, 0.4, replace(BASE, device=replace(DEVICES["32nm-pdsoi-nsd3e19"], v_gs_max=-0.3))),
        {"c_mem": 0.5e-15, "width": 0.2e-6},
    ),
    f"above the {si(FDX_STRONGEST, 'A')} of -1.49 V, the strongest fitted bias": ((40e-6, 100e3, 0.4, FDX), {}),
    f"above the {si(STRONGEST, 'A')}": ((40e-6, 100e3, 0.4), {"c_mem": 1e-12, "width": 1e-6}),
    "below the 500 aF of the body": ((40e-6, 100e3, 0.4), {"c_mem": 1e-16, "width": 0.45e-6}),
    "below the 90 nm that can be drawn": ((40e-6, 100e3, 0.4), {"width": 0.045e-6}),
    "leaves no time to rise beside t_refractory = 200 ns": ((40e-6, 6e6, 0.4), {}),
    "exceeds the 0.9 V between v_reset and the supply": ((40e-6, 100e3, 1.4), {}),
    "below the 39.5 mV in which the first inverter turns": ((40e-6, 100e3, 0.01), {}),
    "is 100 tau_mem: the current would have to stay within 1% of the rheobase": ((1e-3, 10.0, 0.4), {}),
    "the leak alone fires faster than 10 Hz": ((1e-3, 10.0, 0.1, replace(BASE, v_reset=-0.2, v_sink=-0.2)), {}),
}


@pytest.mark.parametrize("why", UNMET)
def test_a_refusal_says_why_and_every_remedy_works_as_typed(why):
    asked, sizes = UNMET[why]
    given = {"circuit": BASE} | dict(zip(("tau_mem", "rate", "swing", "circuit"), asked, strict=False)) | sizes
    with pytest.raises(DesignError) as refused:
        design_neuron(**given)
    assert why in str(refused.value)
    assert refused.value.remedies
    for remedy in refused.value.remedies:
        assert remedy.text in str(refused.value)
        changed = given | remedy.change
        assert design_neuron(**changed).rate == approx(changed["rate"])


@pytest.mark.parametrize("v_reset", [0.0, 0.1])
def test_the_slowest_neuron_stays_one_per_cent_above_rheobase(v_reset):
    with pytest.raises(DesignError) as refused:
        design_neuron(1e-3, 10.0, 0.4, replace(BASE, v_reset=v_reset))
    changes = {next(iter(remedy.change)): remedy.change for remedy in refused.value.remedies}
    assert changes.keys() == {"tau_mem", "rate"}
    for change in changes.values():
        asked = {"tau_mem": 1e-3, "rate": 10.0, "swing": 0.4, "circuit": replace(BASE, v_reset=v_reset)} | change
        circuit = design_neuron(**asked).circuit
        assert circuit.input_current / circuit.rheobase == approx(1.01, rel=1e-3)


def test_below_the_floor_capacitor_device_and_acceleration_are_offered():
    """By how much the weakest bias of 450 nm exceeds the 25.4 fA of 0.5 fF, to three digits."""
    slope = 0.4 / 20e-3 / -math.expm1(-(10e-3 - 0.2e-6) / 20e-3)
    factor = WEAKEST / (0.5e-15 * slope)
    with pytest.raises(DesignError) as refused:
        design_neuron(20e-3, 100.0, 0.4, BASE, c_mem=0.5e-15, width=0.45e-6)
    text = str(refused.value)
    larger = f"c_mem = {factor * 0.5e-15 * 1.00001:.3g} F"
    assert f"{larger} or device 22nm-fdx or time run {math.ceil(factor)} times" in text
    assert [remedy.change.keys() for remedy in refused.value.remedies] == [
        {"c_mem"}, {"circuit"}, {"tau_mem", "rate"},
    ]  # fmt: skip


def test_random_wishes_are_met_or_refused_with_remedies_that_work():
    rng, met, remedied, refused = np.random.default_rng(5), 0, 0, 0
    for _ in range(250):
        asked = dict(zip(("tau_mem", "rate", "swing"), 10 ** rng.uniform((-6, 0, -1.3), (-1, 6, 0.1)), strict=True))
        asked["circuit"] = replace(BASE, device=list(DEVICES.values())[rng.integers(5)], v_reset=rng.choice([0.0, 0.1]))
        asked |= {"c_mem": 10 ** rng.uniform(-16, -12)} if rng.random() < 0.5 else {}
        asked |= {"width": 10 ** rng.uniform(-7.2, -5.5)} if rng.random() < 0.3 else {}
        try:
            assert design_neuron(**asked).rate == approx(asked["rate"])
            met += 1
        except DesignError as error:
            refused, remedied = refused + 1, remedied + bool(error.remedies)
            for remedy in error.remedies:
                assert design_neuron(**asked | remedy.change).rate == approx((asked | remedy.change)["rate"])
    assert met > 30
    assert remedied > 0.95 * refused > 95


def test_two_faults_are_cured_together():
    """Too large a swing and too small a body: neither change alone is enough."""
    with pytest.raises(DesignError, match=r"swing = 0\.899 V with c_mem = 5\.01e-16 F") as refused:
        design_neuron(40e-6, 100e3, 1.4, BASE, c_mem=1e-16, width=0.45e-6)
    assert all(len(remedy.change) == 2 for remedy in refused.value.remedies)


def test_heated_devices_are_designed_with_but_none_of_300_kelvin_is_offered():
    hot = at_temperature(BASE, 358)
    assert design_neuron(40e-6, 100e3, 0.4, hot).circuit.device == arrhenius(BASE.device, 358)
    with pytest.raises(DesignError) as refused:
        design_neuron(20e-3, 100.0, 0.4, hot, c_mem=0.5e-15, width=0.45e-6)
    assert "device 22nm" not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"rate": 0.0}, r"rate must be positive, got 0\.0"),
        ({"rate": math.nan}, "rate must be finite"),
        ({"tau_mem": -1e-3}, "tau_mem must be positive"),
        ({"swing": math.inf}, "swing must be finite"),
        ({"c_mem": 0.0}, "c_mem must be positive"),
        ({"width": 1e300}, "width must be within"),
        ({"rate": "fast"}, "rate must be a number in Hz"),
        ({"circuit": replace(BASE, body_factor=0.3)}, "body_factor = 0.3 and .* have no closed form"),
        ({"circuit": replace(BASE, device=replace(BASE.device, drain_body=0.5))}, r"drain_body = 0\.5 V.* no closed"),
    ],
)
def test_senseless_wishes_are_refused_by_name(asked, message):
    with pytest.raises((ValueError, TypeError), match=message):
        design_neuron(**{"tau_mem": 40e-6, "rate": 100e3, "swing": 0.4} | asked)


def test_a_rate_without_time_to_rise_has_no_current():
    with pytest.raises(ValueError, match=r"rate = 5e\+06 Hz leaves no time"):
        current_for_rate(BASE, 5e6)

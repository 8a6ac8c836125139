"""`snn neuron`: its assumptions are those of the circuit shown, and no bias breaks the oxide."""

import re
from dataclasses import replace

import pytest

from circuits.device.btbt import DEVICES
from circuits.neuron.circuit import LIFCircuit, firing_rate
from circuits.neuron.control import contradictions
from circuits.units import VACUUM_PERMITTIVITY, si
from circuits.variation.monte_carlo import monte_carlo
from snn.report.corner_report import corner_figures
from snn.report.neuron_report import (
    assumptions,
    comparison,
    design_figures,
    device_rows,
    neuron_figures,
)
from snn.studies.one_neuron import DesignRequest, compare_neuron, neuron_circuit, neuron_design

BASE = neuron_circuit("32nm-pdsoi", None, 300.0)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("temperature", [300.0, 358.0])
def test_assumptions_state_the_leak_and_currents_of_the_circuit_shown(device, temperature):
    circuit = neuron_circuit(device, -1.0, temperature)
    text = " ".join(neuron_figures(circuit, temperature)["assumptions"])
    assert DEVICES[device].source in text
    for value, unit in ((circuit.g_leak, "S"), (circuit.i_crowbar, "A"), (circuit.i_static, "A"), (circuit.c_mem, "F")):
        assert f" {si(value, unit)}" in text
    assert f"leak {circuit.leak_activation_ev:g} eV ASSUMED" in text


def test_assumptions_follow_every_field_they_mention():
    base = LIFCircuit()
    control = replace(base.control, width=80e-9, i_starve=3e-9, i_off=2e-6, simulated=None)
    changed = replace(base, c_mem=1e-15, v_threshold=0.3, g_leak=1e-12, v_dd=0.7, control=control)
    changed = replace(changed, device=replace(changed.device, activation_ev=0.2), leak_activation_ev=0.3)
    for circuit, said in (
        (
            base,
            r"1\.84 fF, .* swing 361 mV, leak 46\.1 pS.* 90 nm wide.* at 0\.5 V: simulated.* 1\.48 nA .* 342 fA; 8 pA "
            r"of static current per neuron: simulated.*0\.16 eV.*leak 0\.47 eV",
        ),
        (
            changed,
            r"1 fF, .* swing 300 mV, leak 1 pS.* 80 nm wide.* at 0\.7 V: transistors ASSUMED.* 3 nA .* 160 fA; 320 fA "
            r"of static current per neuron: transistors ASSUMED.*0\.2 eV.*leak 0\.3 eV",
        ),
    ):
        text = " ".join(assumptions(circuit))
        assert re.search(said, text)
        parts = (circuit.c_body, circuit.control.c_membrane, circuit.c_control, circuit.c_reset)
        assert all(si(farads, "F") in text for farads in parts)


@pytest.mark.parametrize("v_gs", [-3.01, 3.01, -1e9])
def test_a_bias_that_breaks_the_oxide_is_refused(v_gs):
    with pytest.raises(ValueError, match=r"breaks the gate oxide; keep it within 3 V"):
        neuron_circuit("32nm-pdsoi", v_gs, 300.0)
    assert neuron_circuit("32nm-pdsoi", -3.0, 300.0).v_gs == -3.0


def test_a_bias_outside_the_fit_is_noted():
    assert "extrapolated" in neuron_figures(neuron_circuit("32nm-pdsoi", -2.5, 300.0), 300.0)["notes"][0]
    assert neuron_figures(neuron_circuit("32nm-pdsoi", -1.0, 300.0), 300.0)["notes"] == []


def test_a_misspelt_device_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean '22nm-fdx'"):
        neuron_circuit("22nm-fxd", -0.5, 300.0)


def test_without_a_request_there_is_no_design():
    assert neuron_design(BASE, DesignRequest(), -0.5) is None


def test_a_rate_alone_keeps_time_constant_and_swing():
    circuit = neuron_design(BASE, DesignRequest(rate=90e3)).circuit
    assert (circuit.tau_mem, circuit.swing) == pytest.approx((BASE.tau_mem, BASE.swing), rel=1e-9, abs=0)
    assert firing_rate(circuit, circuit.input_current) == pytest.approx(90e3)


@pytest.mark.parametrize(
    ("v_gs", "asked", "message"),
    [
        (None, {"tau_mem": 1e-3}, "tau_mem without a rate: a design starts from --rate"),
        (None, {"width": 1e-6, "c_mem": 1e-15}, "width, c_mem without a rate"),
        (-0.5, {"rate": 1e5}, "v_gs = -0.5 V and rate = 100000 Hz: the bias follows from the rate"),
        (None, {"rate": 1e5, "swing": 2.0}, "exceeds the 0.5 V .* what meets it: swing = 0.499 V"),
    ],
)
def test_half_a_request_is_refused(v_gs, asked, message):
    with pytest.raises(ValueError, match=message):
        neuron_design(BASE, DesignRequest(**asked), v_gs)


@pytest.mark.parametrize(("device", "temperature"), [("32nm-pdsoi", 300.0), ("32nm-pdsoi-nsd3e19", 358.0)])
def test_a_design_tells_its_choice_and_its_conventional_twins(device, temperature):
    design = neuron_design(neuron_circuit(device, None, temperature), DesignRequest(rate=100.0, tau_mem=20e-3))
    told, circuit = design_figures(design, temperature), design.circuit
    assert (told["v_gs_v"], told["width_m"], told["c_mem_f"]) == (circuit.v_gs, circuit.width, circuit.c_mem)
    assert told["rate_hz"] == pytest.approx(100)
    assert told["notes"] == [*design.notes, *contradictions(circuit)]
    own, subthreshold, on = told["sources"]
    assert own["energy_per_spike_j"] == told["energy_per_spike_j"]
    assert own["parts_j"] == told["parts_j"]
    for row in told["sources"]:
        assert sum(row["parts_j"].values()) == pytest.approx(row["energy_per_spike_j"], rel=1e-9, abs=0)
        power = row["static_power_w"] + 100 * row["marginal_energy_j"]
        assert 100 * row["energy_per_spike_j"] == pytest.approx(power, rel=1e-9, abs=0)
        assert row["reason"]
    assert own["area_um2"] < subthreshold["area_um2"] < on["area_um2"]
    assert subthreshold["input_current_a"] == pytest.approx(
        60.75e-12 * (18.6 if temperature > 300 else 1), rel=0.05, abs=0
    )
    assert any("as requested" in line for line in told["assumptions"])


def test_the_comparison_counts_the_drawn_capacitor_as_area():
    plain = comparison(compare_neuron(neuron_circuit("32nm-pdsoi", None, 300.0), "neuron"))
    assert plain["area_f2"] == pytest.approx(781.25)
    assert len(plain["rows"]) >= 20
    assert len(plain["headline"]) == 3
    slow = neuron_design(BASE, DesignRequest(rate=100.0, tau_mem=20e-3)).circuit
    drawn = (slow.c_mem - BASE.c_mem) / (3.9 * VACUUM_PERMITTIVITY / 1e-9)  # m^2, a gate oxide of 1 nm
    told = comparison(compare_neuron(slow, "neuron"))
    assert told["area_f2"] / plain["area_f2"] == pytest.approx((0.8e-12 + drawn) / 0.8e-12)
    assert comparison(compare_neuron(LIFCircuit(), "chip"))["headline"] == []


def test_supply_and_years_reach_the_figures():
    """At 10 % more supply V_DS, V_DD and threshold grow alike; ten years take 17 % of the current."""
    circuit = neuron_circuit("32nm-pdsoi", -0.6, 300.0, supply=0.55, years=10.0)
    fresh = neuron_circuit("32nm-pdsoi", -0.6, 300.0, supply=0.55)
    assert (circuit.v_dd, circuit.device.v_ds, circuit.v_threshold) == pytest.approx(
        (0.55, 0.99, 1.1 * BASE.v_threshold)
    )
    assert circuit.input_current == pytest.approx(0.83 * fresh.input_current, rel=1e-9, abs=0)
    assert neuron_figures(circuit, 300.0)["years_of_use"] == 10.0


def test_corners_are_one_row_each():
    figures = corner_figures(BASE, monte_carlo(BASE, 20, seed=3))
    assert (len(figures["rows"]), figures["neurons"]) == (27, 20)
    assert figures["rows"] == corner_figures(BASE, monte_carlo(BASE, 20, seed=3, n_jobs=1))["rows"]
    assert figures["rows"] != corner_figures(BASE, monte_carlo(BASE, 20, seed=4))["rows"]


def test_every_named_device_lies_within_twelve_per_cent_of_its_points():
    rows = device_rows()
    assert len(rows) == 5
    assert all(row["residual"] < 0.12 and row["v_gs_min"] < row["v_gs_max"] for row in rows)


def test_a_design_has_the_width_and_the_capacitor_that_were_asked_for(snn_json):
    told = snn_json("neuron", "--rate", 100e3, "--width", 1e-6, "--c-mem", 4e-15, "--swing", 0.3, "--tau-mem", 60e-6)
    assert (told["width_m"], told["c_mem_f"], told["swing_v"]) == (1e-6, 4e-15, pytest.approx(0.3))
    assert (told["rate_hz"], told["tau_mem_s"]) == pytest.approx((100e3, 60e-6), rel=1e-9, abs=0)


def test_the_seed_draws_the_neurons_of_the_corners(snn_json):
    rows = [snn_json("corners", "--n", 20, "--seed", seed)["rows"] for seed in (0, 0, 1)]
    assert rows[0] == rows[1]
    rates = [[row["rate_hz"] for row in table if row["silent"] == 0] for table in (rows[0], rows[2])]
    assert len(rates[0]) > 10
    assert not set(rates[0]) & set(rates[1])


def test_every_part_of_the_energy_says_how_it_is_known():
    figures = neuron_figures(neuron_circuit("32nm-pdsoi", None, 300.0), 300.0)
    assert figures["evidence"].keys() == figures["parts_j"].keys()
    ways = ("simulated", "fitted", "ASSUMED")
    assert all(any(way in said for way in ways) for said in figures["evidence"].values())

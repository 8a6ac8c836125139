"""ngspice, an independent simulator, gives the period, current and energy of the closed forms."""

import shutil
import time
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import BSIM_DRAIN_BODY, DEVICES, bias_for_current, btbt_current
from circuits.netlist.ngspice import run_ngspice
from circuits.netlist.spice import neuron_netlist, subcircuit_name, write_spice
from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau, interval, period
from circuits.neuron.energy_terms import spike_energy

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


def _driven(circuit: LIFCircuit, i_in: float) -> LIFCircuit:
    return replace(circuit, v_gs=float(bias_for_current(i_in, circuit.device, circuit.width)))


def _without_leak(interval: float, refractory_part: float) -> LIFCircuit:
    """A circuit whose whole interval is wanted: I = C dV / rise, no leak."""
    circuit = LIFCircuit(g_leak=0.0, t_refractory=refractory_part * interval, drawn=False)
    return _driven(circuit, circuit.charge_per_weight / ((1 - refractory_part) * interval))


CIRCUITS = {
    "default": LIFCircuit(),
    "speech rate, 50 fA and 92 fS": _driven(circuit_for_tau(20e-3), 5e-14),
    "1 nA into 10 fF": _driven(
        LIFCircuit(c_mem=10e-15, v_threshold=0.4, v_reset=0.05, g_leak=0.0, t_refractory=0.0), 1e-9
    ),
    "10 ns": _without_leak(10e-9, 0.1),
    "100 ms": _without_leak(0.1, 1e-6),
    "mostly refractory": _without_leak(1e-3, 0.9),
    "1 % above rheobase": _driven(LIFCircuit(), 1.01 * LIFCircuit().rheobase),
    "reset below ground": LIFCircuit(v_reset=-0.2, v_sink=-0.3, v_dd=0.5),
    "another device": _driven(LIFCircuit(device=DEVICES["22nm-fdx"], g_leak=1e-14, width=2e-6, drawn=False), 1e-13),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_simulated_period_and_membrane_energy_match_the_closed_form(tmp_path, name):
    """The switches find threshold and end of the pulse; both supplies deliver what the closed form says."""
    circuit = CIRCUITS[name]
    measured = run_ngspice(write_spice(tmp_path, {name: circuit})[1])
    assert measured["period"] == pytest.approx(period(circuit, circuit.input_current), rel=3e-4, abs=0)
    energy = spike_energy(circuit)
    leak = circuit.drain_leak * circuit.v_ds * period(circuit, circuit.input_current)  # the drain supply pays for it
    membrane = energy["membrane_charge"] + energy["membrane_leak"] + leak
    assert measured["membrane_j"] == pytest.approx(membrane, rel=3e-4, abs=0)
    window = 5e-3 * energy["crowbar"]  # of a nanoampere the switches find its start half a step late
    assert measured["logic_j"] == pytest.approx(energy.total - membrane, rel=3e-4, abs=window)
    assert measured["pass"] == 1


def test_one_nanoampere_into_ten_femtofarad_takes_three_and_a_half_microseconds(tmp_path):
    """C dV / I = 10 fF x 0.35 V / 1 nA."""
    measured = run_ngspice(write_spice(tmp_path, {"a": CIRCUITS["1 nA into 10 fF"]})[1])
    assert measured["period"] == pytest.approx(3.5e-6, rel=2.5e-3, abs=0)


@pytest.mark.parametrize("body_factor", [0.0, 0.05])
def test_the_drain_body_factor_slows_the_netlist_as_it_slows_the_closed_form(tmp_path, body_factor):
    device = replace(DEVICES["32nm-pdsoi"], drain_body=BSIM_DRAIN_BODY)
    circuit = LIFCircuit(device=device, body_factor=body_factor)
    measured = run_ngspice(write_spice(tmp_path, {"a": circuit})[1])
    assert measured["period"] == pytest.approx(interval(circuit), rel=3e-4, abs=0)
    assert measured["period"] > 1.5 * interval(LIFCircuit())


def test_bench_fails_a_netlist_that_was_changed(tmp_path):
    circuit = LIFCircuit()
    larger = replace(circuit, c_mem=1.04 * circuit.c_mem)
    library, deck, _ = write_spice(tmp_path, {"a": circuit})
    body, heavier = (f"+ cmem={spice_number(one.c_mem)}\n" for one in (circuit, larger))
    assert body in library.read_text()
    library.write_text(library.read_text().replace(body, heavier))
    measured = run_ngspice(deck)
    assert measured["pass"] == 0
    assert measured["period_error"] == pytest.approx(interval(larger) / interval(circuit) - 1, rel=0.02)


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_tunnelling_source_is_the_device_equation(tmp_path, device):
    """The body tied to ground, the gate swept: the supply current is the device's, and its off-current below onset."""
    circuit = LIFCircuit(device=device)
    onset = device.v_ds - device.v_onset
    points = [-1.4, -0.9, -0.5, onset + 0.05]
    measures = [f".meas dc i{number} find i(Vdrain) at={v_gs:.9g}\n" for number, v_gs in enumerate(points)]
    deck = tmp_path / "sweep.cir"
    deck.write_text(
        f"* sweep\n{neuron_netlist(circuit)}Vdrain vdd 0 {device.v_ds}\nVlogic logic 0 {circuit.v_dd}\n"
        f"Vgate gate 0 0\nVbody mem 0 0\nX1 mem spk gate vdd 0 logic {subcircuit_name(circuit)}\n.temp 26.85\n"
        f".options reltol=1e-9 abstol=1e-24 gmin=1e-30\n"
        f".dc Vgate -1.5 0.7 0.01\n{''.join(measures)}.end\n"
    )
    measured = run_ngspice(deck)
    current = np.array([-measured[f"i{number}"] for number in range(len(points))])
    expected = btbt_current(device.v_ds - np.array(points), device, circuit.width)
    assert expected[-1] == 0
    np.testing.assert_allclose(current, expected + circuit.drain_leak, rtol=1e-5, atol=1e-24)


def test_bench_runs_from_another_folder(tmp_path, monkeypatch):
    folder = tmp_path / "a folder é"
    deck = write_spice(folder, {"a": LIFCircuit()})[1]
    monkeypatch.chdir(tmp_path)
    assert run_ngspice(deck.relative_to(tmp_path))["pass"] == 1


@pytest.mark.parametrize(
    ("line", "trouble"),
    [("R1 a 0 {nothing}", "nothing"), (".include 'absent.lib'", r"absent\.lib"), ("X9 a 0 unknown", "unknown")],
)
def test_a_broken_deck_raises_with_the_last_lines(tmp_path, line, trouble):
    deck = tmp_path / "a.cir"
    deck.write_text(f"* broken\nV1 a 0 1\nR0 a 0 1k\n{line}\n.tran 1n 10n\n.meas tran v find v(a) at=5n\n.end\n")
    with pytest.raises(RuntimeError, match=trouble):
        run_ngspice(deck)


def test_a_failed_measurement_raises(tmp_path):
    deck = tmp_path / "a.cir"
    deck.write_text("* t\nV1 a 0 1\nR0 a 0 1k\n.tran 1n 10n\n.meas tran t when v(a)=2 rise=1\n.end\n")
    with pytest.raises(RuntimeError, match="failed"):
        run_ngspice(deck)


def test_a_run_that_takes_too_long_is_stopped(tmp_path):
    deck = tmp_path / "a.cir"
    deck.write_text("* t\nV1 a 0 sin(0 1 1k)\nR0 a 0 1k\n.tran 1n 10\n.meas tran v max v(a)\n.end\n")
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"took longer than 0\.3 s"):
        run_ngspice(deck, timeout_s=0.3)
    assert time.monotonic() - start < 10

"""The bias device of a neuron: drive in closed form, range of the device, and what lies out of its reach."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from circuits.device.btbt import DEVICES, bias_for_current, btbt_current
from circuits.neuron.bias import WIDTHS, bias_drive, current_for_drive, current_range, gate_range, require_reach
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed, circuit_for_tau, period
from circuits.units import um

SPEED, TAU = 800.0, 0.015
CIRCUIT = circuit_for_tau(TAU, LIFCircuit(c_mem=1.7e-15, v_threshold=0.35))


def test_a_drive_above_one_fires_the_chip_at_the_period_of_its_current():
    """T = t_refractory + tau/N ln(d / (d - 1)): the drive alone knows the period."""
    width, v_gs = np.array([0.3 * um, 0.9 * um]), np.array([-0.55, -0.48])
    drive = bias_drive(v_gs, width, np.full(2, TAU), CIRCUIT, SPEED)
    chip = circuit_at_speed(CIRCUIT, SPEED)
    current = btbt_current(chip.device.v_ds - v_gs, chip.device, width)
    expected = chip.t_refractory + TAU / SPEED * np.log(drive / (drive - 1))
    np.testing.assert_allclose([period(chip, i) for i in current], expected, rtol=1e-9)
    np.testing.assert_allclose(current_for_drive(drive, TAU, CIRCUIT, SPEED), current, rtol=1e-12)


def test_the_same_drive_on_a_torch_tensor_has_the_slope_of_the_device():
    """d ln drive / dV_GS = -(1/u + B/u^2), and d drive / d width = drive / width."""
    v_gs = torch.tensor([-0.9, -0.5], dtype=torch.float64, requires_grad=True)
    width = torch.tensor([0.3e-6, 1.1e-6], dtype=torch.float64, requires_grad=True)
    drive = bias_drive(v_gs, width, torch.full((2,), TAU, dtype=torch.float64), CIRCUIT, SPEED)
    of_gate, of_width = torch.autograd.grad(drive.sum(), (v_gs, width))
    u = (CIRCUIT.device.v_ds - v_gs - CIRCUIT.device.v_onset).detach()
    slope = 1 / u + CIRCUIT.device.v_slope / u**2
    torch.testing.assert_close(of_gate, -drive.detach() * slope, rtol=1e-12, atol=0)
    torch.testing.assert_close(of_width, (drive / width).detach(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_every_bias_in_the_range_is_fitted_and_above_the_floor(device):
    low, high = gate_range(device)
    assert device.v_gs_min == low < high <= device.v_gs_max
    least, largest = current_range(device)
    assert least >= device.i_floor * WIDTHS[0] * (1 - 1e-9)
    assert float(bias_for_current(least, device, WIDTHS[0])) == pytest.approx(high)
    assert float(bias_for_current(largest, device, WIDTHS[1])) == pytest.approx(low)


@pytest.mark.parametrize(("speed", "end"), [(1.0, "least"), (1e9, "most")])
def test_speech_in_real_time_lies_below_the_floor_and_the_remedies_mend_it(speed, end):
    span = (0.01, 0.06)
    with pytest.raises(ValueError, match=rf"acceleration of {re.escape(f'{speed:g}')} a neuron .* at {end} ") as error:
        require_reach(CIRCUIT, span, speed)
    said = re.search(r"acceleration of at \w+ ([\d.e+]+), or a c_mem of at \w+ ([\d.e+-]+) ([fa])F", str(error.value))
    require_reach(CIRCUIT, span, float(said[1]))
    require_reach(replace(CIRCUIT, c_mem=float(said[2]) * {"f": 1e-15, "a": 1e-18}[said[3]]), span, speed)


def test_the_reach_ends_where_a_current_of_the_device_is_the_rheobase():
    """The slowest neuron needs q N / tau above the least current: N above i tau / q."""
    least, largest = current_range(CIRCUIT.device)
    lowest = least * 0.06 / CIRCUIT.charge_per_weight
    highest = largest * 0.01 / CIRCUIT.charge_per_weight
    for inside, outside in ((lowest * 1.001, lowest * 0.999), (highest * 0.999, highest * 1.001)):
        require_reach(CIRCUIT, (0.01, 0.06), inside)
        with pytest.raises(ValueError, match="choose an acceleration"):
            require_reach(CIRCUIT, (0.01, 0.06), outside)


@pytest.mark.parametrize("speed", [0.0, -3.0, np.nan, np.inf])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(ValueError, match="acceleration must be positive and finite"):
        require_reach(CIRCUIT, (0.01, 0.06), speed)


def test_a_neuron_without_leak_is_refused():
    with pytest.raises(ValueError, match="set g_leak above 0 S"):
        require_reach(CIRCUIT, (0.01, np.inf), 1.0)

"""The compiled exponential and phi against those of the standard library."""

import math

import llvmlite.binding
import numba
import numpy as np
import pytest

from circuits.compile import ordered_jit, widest_vectors
from circuits.device.btbt import DEVICES, btbt_current, log_slope
from circuits.transient.passage import LARGEST_DECAY, phi_wide
from circuits.transient.step import LARGEST_Z, fast_exp, overdrive, phi, time_to, tunnelling


@ordered_jit
def _exponentials(x):
    y = np.empty(x.size)
    for j in range(x.size):
        y[j] = fast_exp(x[j])
    return y


@numba.njit  # without the cache, from which no assembly comes
def _sum_up(x, y):
    widest_vectors()
    for j in range(x.size):
        y[j] += x[j]


def test_a_loop_that_asks_for_the_widest_vectors_gets_them():
    _sum_up(np.ones(8), np.ones(8))
    (assembly,) = _sum_up.inspect_asm().values()
    assert ("zmm" in assembly) == bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))


def test_exponential_is_right_to_one_part_in_a_hundred_thousand_million():
    x = np.concatenate((np.linspace(-700, 0, 100_001), -np.logspace(-12, 0, 100)))
    np.testing.assert_allclose(_exponentials(x), np.exp(x), rtol=1e-11)


def test_phi_is_right_up_to_its_largest_argument():
    for z in (-LARGEST_Z, -1e-3, -1e-9, 0.0, 1e-9, LARGEST_Z):
        assert phi(z) == pytest.approx(math.expm1(z) / z if z else 1.0, rel=2e-11)


def test_the_wider_phi_is_right_up_to_its_own():
    for z in (-LARGEST_DECAY, -1e-3, 0.0, 1e-9, LARGEST_DECAY):
        assert phi_wide(z) == pytest.approx(math.expm1(z) / z if z else 1.0, rel=5e-13)


def test_the_reciprocal_is_the_division_to_fourteen_digits():
    for u in np.geomspace(0.008, 40.0, 1001):
        assert overdrive(0.0, u, 0.1, 3.6)[1] == pytest.approx(3.6 / u, rel=1e-14)


def test_tunnelling_slope_and_its_derivative_are_those_of_the_device():
    device, width, c_mem, k = DEVICES["32nm-pdsoi"], 0.45e-6, 0.5e-15, 0.3
    for v in (-0.2, 0.0, 0.4):
        v_dg = 1.7 - k * v
        slope, derivative = tunnelling(v, 1.7 - device.v_onset, k, device.v_slope, width * device.prefactor / c_mem)
        current = float(btbt_current(v_dg, device, width))
        assert slope == pytest.approx(current / c_mem, rel=1e-11)
        assert derivative == pytest.approx(-k * current * log_slope(v_dg, device) / c_mem, rel=1e-11)


def test_below_onset_nothing_tunnels():
    assert tunnelling(0.0, -0.3, 0.2, 3.6, 1e3) == pytest.approx((0.0, 0.0), abs=1e-200)


@pytest.mark.parametrize(("level", "slope"), [(0.4, -1.0), (-0.4, 1.0), (0.4, 0.0)])
def test_a_level_on_the_other_side_is_never_reached(level, slope):
    assert time_to(level, 0.0, slope, -1.0) == math.inf


def test_time_to_a_level_is_the_logarithm():
    """dV/dt = 2 - 3 V from 0: V reaches 0.5 after ln(4) / 3, and 2/3 never."""
    assert time_to(0.5, 0.0, 2.0, -3.0) == pytest.approx(math.log(4) / 3, rel=1e-14)
    assert time_to(2 / 3 + 1e-9, 0.0, 2.0, -3.0) == math.inf
    assert time_to(0.5, 0.0, 2.0, 0.0) == 0.25

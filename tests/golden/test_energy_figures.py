"""Figures that others printed, from our laws: arithmetic, memories, hops, counted operations, dies, one chip."""

import math
from functools import partial

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.cost.die import Wafer, dies_by_area, gross_dies, square_die
from circuits.cost.price import die_cost
from circuits.cost.yield_models import mean_defects, murphy, negative_binomial, poisson, seeds
from circuits.energy.memory_levels import DRAM_BIT, EYERISS, integer_add, integer_multiply, level_access, sram_bit
from circuits.energy.network_hops import hop_ledger
from circuits.energy.operation_counts import (
    OperationCounts,
    counted_ledger,
    mac_energy,
    peak_operations,
    platform_ledger,
)
from circuits.energy.sram_area import CELLS, memory_area
from circuits.energy.voltage_laws import dynamic_scale

close = partial(pytest.approx, abs=0)
KIB = 2**10 * 8  # bits


@pytest.mark.parametrize(
    ("joules", "picojoules"),
    [(integer_add(8), 0.025), (integer_add(32), 0.1), (integer_multiply(8), 0.2), (integer_multiply(32), 3.1)],
)
def test_integer_arithmetic_of_horowitz(joules, picojoules):
    assert joules == close(picojoules * 1e-12, rel=5e-3)


@pytest.mark.parametrize(("size", "picojoules"), [(8 * KIB, 10), (32 * KIB, 20), (1024 * KIB, 100)])
def test_memories_of_horowitz(size, picojoules):
    assert 64 * sram_bit(size) == close(picojoules * 1e-12, rel=1e-3)


def test_dram_of_horowitz():
    assert close(1300e-12, rel=1e-3) == 64 * DRAM_BIT


def test_levels_of_eyeriss():
    assert tuple(EYERISS.values()) == (1, 2, 6, 200)
    assert level_access("dram", 2e-12) == close(400e-12, rel=1e-9)


def test_syops_of_residual_networks():
    dense, spiking = OperationCounts(0, 1.82e9), OperationCounts(0.10e9, 0.14e9)
    assert counted_ledger(dense).total == close(8.372e-3, rel=1e-3)
    assert counted_ledger(spiking).total == close(0.734e-3, rel=1e-3)


def test_keras_spiking_of_a_dense_layer():
    assert platform_ledger("cpu", 784 * 128, 128).total == close(8.64e-4, rel=1e-3)
    assert platform_ledger("loihi", 1, 0).total == close(27.1e-12, rel=1e-9)


def test_a_hop_of_32_bits_over_a_millimetre():
    ledger = hop_ledger(1)
    assert ledger.total == close(3.08e-12, rel=1e-3)
    assert sum(ledger.parts.values()) == close(ledger.total, rel=1e-12)


def test_macro_of_7_nm():
    assert peak_operations(1024, 1 / 5.5e-9) == close(372.4e9, rel=1e-3)
    assert mac_energy(351e12) == close(5.70e-15, rel=1e-3)
    assert mac_energy(351e12, operations_per_mac=1) == close(2.85e-15, rel=1e-3)


def test_macro_of_7_nm_over_its_supply():
    measured = {0.65: 5.109, 0.70: 5.875, 0.75: 6.797, 0.80: 7.8125, 0.85: 9.031, 0.90: 10.25, 0.95: 11.75, 1.0: 13.125}
    for v_dd, energy in measured.items():
        assert 13.125 * dynamic_scale(v_dd, 1.0) == close(energy, rel=0.1)
    slope = np.polyfit(np.log(list(measured)), np.log(list(measured.values())), 1)[0]
    assert slope == close(2.22, rel=5e-3)
    assert 13.125 * dynamic_scale(0.65, 1.0, 2.22) == close(measured[0.65], rel=0.02)


def test_processor_near_threshold_by_its_description():
    body = load_chip("near-threshold").body
    assert (body.array.macs, body.point.clock, body.point.v_dd) == (1024, 5e6, 0.46)
    assert body.peak_operations == 10.24e9
    assert body.bits_per_cycle == 8192
    assert body.measured.frame == 0.62e-3
    assert body.measured.boundary == "system"


def test_tpu_and_truenorth_by_their_description():
    assert peak_operations(65_536, 702e6) == close(92e12, rel=5e-3)


def test_dies_of_a_calculator():
    die = square_die(100e-6)  # 10 mm, 10.1 mm with its lane
    assert gross_dies(Wafer(edge=5e-3, scribe=0.1e-3), die) == close(583.7, rel=1e-3)


def test_yields_of_a_calculator():
    m = mean_defects(0.081e4, 1e-4)  # 0.081 per cm^2, 1 cm^2
    assert m == close(0.081, rel=1e-9)
    found = [100 * model(m) for model in (poisson, murphy, negative_binomial, seeds)]
    assert found == close([92.2, 92.3, 92.3, 92.5], rel=1e-3)


def test_die_of_the_article():
    """12 inches, 1000 dollars, 100 mm^2, 95 %: 706 dies, 670 of them good, a dollar and a half each."""
    wafer, die = Wafer(), square_die(100e-6)
    cost = die_cost(1000, dies_by_area(wafer, die), 0.95)
    assert (cost.dies, cost.good_dies) == (706, 670)
    assert cost.each == close(1.5, rel=6e-3)
    real = die_cost(1000, gross_dies(wafer, die), 0.95)  # what rim and saw leave
    assert (real.dies, real.good_dies) == (600, 570)
    assert real.each == close(1.754, rel=1e-3)


def test_cells_of_alexnet():
    memory = memory_area(62_000_000, 8, CELLS["neurosim-22nm"])
    assert (memory.cells, memory.transistors) == (496_000_000, 2_976_000_000)
    assert memory.area == close(222e-6, rel=2e-3)


def test_whole_dies_by_laying_them_out():
    """An independent count: the best of many offsets of a grid, against the closed form."""
    wafer, die = Wafer(), square_die(100e-6)
    pitch, radius = die.width + wafer.scribe, wafer.usable / 2
    grid = np.arange(-16, 17)
    most = 0
    for dx in np.linspace(0, 1, 8):
        for dy in np.linspace(0, 1, 8):
            x, y = np.abs((grid + dx) * pitch) + die.width / 2, np.abs((grid + dy) * pitch) + die.height / 2
            most = max(most, int((np.hypot.outer(x, y) <= radius).sum()))
    assert gross_dies(wafer, die) == close(most, rel=0.03)
    assert most < math.floor(dies_by_area(wafer, die))

"""Dies, yields, prices and batteries: laws in closed form, orders, and what is refused."""

import math
from functools import partial

import pytest

from circuits.cost.battery import CR2032, Battery, battery_life
from circuits.cost.die import Die, Wafer, dies_by_area, gross_dies, square_die
from circuits.cost.price import die_cost
from circuits.cost.yield_models import YIELDS, bose_einstein, mean_defects, murphy, negative_binomial, poisson, seeds
from circuits.energy.memory_levels import at_other_supply, integer_add, level_access, sram_bit
from circuits.energy.network_hops import hop_ledger
from circuits.energy.operation_counts import OperationCounts, mac_energy, peak_operations, platform_ledger
from circuits.energy.sram_area import memory_area
from circuits.errors import InputError
from circuits.units import YEAR

close = partial(pytest.approx, abs=0)


def test_few_defects_are_alike_in_every_model():
    for name, model in YIELDS.items():
        layers = 10 if name == "bose_einstein" else 1  # a mean of m in each of ten layers
        assert model(0.0) == 1
        assert 1 - model(1e-6) == close(layers * 1e-6, rel=1e-4)


def test_clustered_defects_spare_dies():
    for m in (0.3, 1.0, 3.0):
        assert poisson(m) < murphy(m) < negative_binomial(m) < seeds(m)
    assert negative_binomial(1.0, 1e6) == close(poisson(1.0), rel=1e-5)
    assert negative_binomial(1.0, 1.0) == seeds(1.0)
    assert bose_einstein(0.5, 1) == seeds(0.5)


def test_rim_and_saw_cost_dies():
    die = square_die(25e-6)
    free = gross_dies(Wafer(edge=0.0, scribe=0.0), die)
    assert free == close(dies_by_area(Wafer(), die) - math.pi * 0.3 / math.sqrt(2 * 25e-6), rel=1e-9)
    assert gross_dies(Wafer(), die) < free < dies_by_area(Wafer(), die)
    assert gross_dies(Wafer(), Die(2.5e-3, 10e-3)) < gross_dies(Wafer(), die)  # a longer lane


def test_whole_numbers_are_whole():
    assert die_cost(10, 100, 0.29).good_dies == 29  # 100 x 0.29 is 28.999999999999996
    assert die_cost(10, 100, 1.0).each == 0.1


def test_battery_without_self_discharge_is_a_quotient():
    ideal = Battery("ideal", 792.0, 3.0, 0.0)
    assert battery_life(ideal, 1e-3) == close(792 * 3 / 1e-3, rel=1e-12)


def test_battery_follows_its_equation():
    """Small steps of dQ/dt = -P/V - r Q end at the life of the closed form."""
    power = 20e-6
    life = battery_life(CR2032, power)
    charge, step = CR2032.charge, life / 20_000
    for _ in range(20_000):
        charge -= step * (power / CR2032.voltage + CR2032.loss_rate * charge)
    assert abs(charge) < 1e-3 * CR2032.charge
    assert 3.6 * YEAR < life < 3.8 * YEAR
    assert life < CR2032.charge * CR2032.voltage / power


def test_a_shelf_of_a_year_leaves_99_percent():
    assert math.exp(-CR2032.loss_rate * YEAR) == close(0.99, rel=1e-12)
    assert CR2032.charge == close(792.0, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: gross_dies(Wafer(), Die(0.25, 0.25)), "diagonal"),
        (lambda: dies_by_area(Wafer(0.1), Die(0.09, 0.09)), "larger wafer"),
        (lambda: square_die(0.0), "positive"),
        (lambda: square_die(math.nan), "positive"),
        (lambda: Die(1e-3, math.nan), "finite"),
        (lambda: Die(0.0, 1e-3), "positive"),
        (lambda: Wafer(12), "12 inches"),
        (lambda: Wafer(edge=0.2), "diameter"),
        (lambda: Wafer(scribe=-1e-4), "zero or positive"),
        (lambda: poisson(-1), "zero or positive"),
        (lambda: seeds(math.nan), "zero or positive"),
        (lambda: murphy(math.inf), "zero or positive"),
        (lambda: negative_binomial(1, 0), "clustering"),
        (lambda: bose_einstein(1, 0), "whole number"),
        (lambda: mean_defects(-1, 1e-4), "density"),
        (lambda: mean_defects(1e3, 0), "area"),
        (lambda: die_cost(1000, 700, 1.2), "at most 1"),
        (lambda: die_cost(1000, 700, 0), "above 0"),
        (lambda: die_cost(1000, 700, math.nan), "above 0"),
        (lambda: die_cost(0, 700, 0.9), "wafer must cost"),
        (lambda: die_cost(1000, 1, 0.9), "no good one"),
        (lambda: die_cost(1000, math.nan, 0.9), "zero or more"),
        (lambda: Battery("x", -1.0, 3.0, 0.0), "positive"),
        (lambda: Battery("x", 1.0, 3.0, 1.0), "less than 1"),
        (lambda: battery_life(CR2032, 0.0), "positive"),
        (lambda: battery_life(CR2032, math.nan), "positive"),
        (lambda: memory_area(0, 8, 1e-12), "at least 1"),
        (lambda: memory_area(10, 8, 0.0), "area of a cell"),
        (lambda: sram_bit(2**10), "8 kB to 1 MB"),
        (lambda: sram_bit(math.nan), "8 kB to 1 MB"),
        (lambda: integer_add(0), "1 to 64"),
        (lambda: integer_add(8.5), "1 to 64"),
        (lambda: level_access("l3", 1e-12), "unknown level"),
        (lambda: at_other_supply(1e-12, -1.0), "positive"),
        (lambda: hop_ledger(-1), "hops"),
        (lambda: hop_ledger(1, bits=0), "bits"),
        (lambda: platform_ledger("abacus", 1, 1), "unknown platform"),
        (lambda: OperationCounts(-1, 0), "zero or positive"),
        (lambda: mac_energy(0.0), "positive"),
        (lambda: peak_operations(10, 1.0, 3), "1 or 2"),
    ],
)
def test_what_cannot_be_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()

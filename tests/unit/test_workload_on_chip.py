"""Well-known networks on the digital chip: the table's products, bounds by hand, the same as with weights, refusals."""

import numpy as np
import pytest

from circuits.accelerator.layer_work import works_of_shapes, works_of_spec
from circuits.chips import load_chip
from circuits.errors import InputError
from circuits.literature.workload_on_chip import workloads_on
from circuits.literature.workload_table import workload_rows
from circuits.literature.workloads import load_workload
from circuits.network.activity import Activity
from circuits.network.convolution import Convolution
from circuits.network.layer_shape import LayerShape
from circuits.network.spec import LayerSpec, NetworkSpec

CHIP = "digital-systolic"
LENET = load_workload("lenet-5")
MACS = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10  # LeCun et al. 1998, layers C1 to F7
WEIGHTS = 150 + 2400 + 48_000 + 10_080 + 840


def with_weights() -> NetworkSpec:
    """The same shapes as a trained network would have them."""
    layers = []
    for shape in LENET.layers:
        if shape.convolution is None:
            weights, bias = np.ones((shape.fan_in, shape.n_out)), np.zeros(shape.n_out)
        elif shape.kind == "conv":
            weights, bias = np.ones(shape.convolution.weight_shape(shape.n_out)), np.zeros(shape.n_out)
        else:
            weights, bias = np.zeros((shape.n_out, 0)), np.zeros(0)
        relu = shape.relu if shape.kind in ("conv", "dense") else True
        layers.append(LayerSpec(shape.name, shape.kind, weights, bias, convolution=shape.convolution, relu=relu))
    return NetworkSpec("lenet-5", 0.01, tuple(layers))


def test_lenet_costs_what_the_chip_charges_for_the_same_network_with_weights():
    chip, net = load_chip(CHIP), with_weights()
    priced = chip.price(net, Activity(1, 1.0, {}, {}, 0.0), chip.place(net))
    cost = workloads_on(CHIP).cost(LENET)
    assert priced.counts["macs"] == LENET.macs == MACS == 416_520
    assert cost.cycles == priced.cycles
    assert cost.energy_j == pytest.approx(priced.ledger.total, rel=1e-12, abs=0)
    assert cost.latency_s == pytest.approx(cost.cycles / 200e6, rel=1e-6, abs=0)


def test_shapes_alone_and_with_weights_are_the_same_layers():
    """Signs too: what comes out of a rectifier has none."""
    assert works_of_shapes(LENET.layers) == works_of_spec(with_weights())
    assert [work.signed_input for work in works_of_shapes(LENET.layers)] == [True, *[False] * (len(LENET.layers) - 1)]


def test_a_pool_keeps_the_sign_of_what_it_hears():
    grid = Convolution((2, 4, 4), (2, 2), (2, 2), (0, 0))
    pool = LayerShape(name="pool", kind="max_pool", fan_in=32, n_out=2, convolution=grid)
    (work,) = works_of_shapes([pool])
    assert (work.signed_input, work.signed_output) == (True, True)


def test_lenet_costs_no_less_than_its_products_and_its_bytes():
    """256 products a cycle, 8 bytes a cycle; 0.3 pJ for a product, 1300 pJ for 8 bytes of DRAM."""
    cost = workloads_on(CHIP).cost(LENET)
    assert max(MACS / 256, WEIGHTS / 8) < cost.cycles < 10 * (MACS / 256 + WEIGHTS / 8)
    least = MACS * 0.3e-12 + WEIGHTS * 1300e-12 / 8
    assert least < cost.energy_j < 10 * least


def test_a_row_of_the_table_has_the_chips_figures():
    chip = workloads_on(CHIP)
    (row,) = workload_rows(chip, networks=[LENET])
    cost = chip.cost(LENET)
    assert (row.chip, row.cycles, row.latency_s, row.energy_j) == (CHIP, cost.cycles, cost.latency_s, cost.energy_j)


@pytest.mark.parametrize(
    ("chip", "said"),
    [
        ("btbt-45rfsoi", "btbt-45rfsoi runs no program, and needs trained weights; give --chip digital-systolic"),
        ("near-threshold", "near-threshold runs no program"),
        ("digital-sistolic", "unknown chip 'digital-sistolic'; did you mean 'digital-systolic'"),
    ],
)
def test_a_chip_without_programs_is_refused(chip, said):
    with pytest.raises(InputError, match=said):
        workloads_on(chip)

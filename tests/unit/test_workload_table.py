"""Well-known networks side by side: memory, transistors, what fits, what a chip adds, and refusals."""

from pathlib import Path

import pytest

from circuits.literature.layer_tables import LayerLine
from circuits.literature.workload_table import WorkloadCost, workload_rows
from circuits.literature.workloads import load_workload, load_workloads
from circuits.network.convolution import Convolution
from circuits.network.layer_shape import LayerShape

ROWS = {row.name: row for row in workload_rows()}


def test_alexnet_at_eight_bits_takes_496_million_cells_and_three_billion_transistors():
    """62 MB x 8 bits x 6 transistors, in the literature of 62 million weights; to the weight it is 0.6 % more."""
    row = ROWS["alexnet"]
    assert row.sram_bytes == row.parameters == 62_378_344
    assert row.cells == pytest.approx(496e6, rel=0.01)
    assert row.transistors == pytest.approx(2.976e9, rel=0.01)
    assert row.transistors == 6 * row.cells == 48 * row.parameters


def test_bits_scale_the_memory_and_nothing_else():
    (one,) = workload_rows(bits=3, networks=[load_workload("lenet-5")])
    assert (one.cells, one.sram_bytes) == (3 * 61_706, 23_140)  # 23139.75 bytes
    assert one.macs == ROWS["lenet-5"].macs


def test_a_network_fits_with_its_largest_tensor_beside_its_weights():
    network = load_workload("lenet-5")
    least = network.n_parameters + network.largest_activation  # bytes at 8 bits
    assert network.largest_activation == 6 * 28 * 28
    assert network.fits(least)
    assert not network.fits(least - 1)
    assert network.fits(least / 2, bits=4)
    on_chip = {row.name for row in workload_rows(sram_bytes=28 * 2**20) if row.fits}  # the memory of TPU v1
    assert on_chip == {"lenet-5", "mobilenet-v2-1.4"}
    assert {row.fits for row in ROWS.values()} == {None}


def test_what_no_compiler_here_does_is_told():
    assert ROWS["mobilenet-v2-1.4"].lacks == "302,624 residual additions; activations stop at 6 (ReLU6)"
    assert "local response normalisation" in ROWS["alexnet"].lacks
    assert (ROWS["vgg-16"].lacks, ROWS["vgg-16"].additions) == ("", 0)


def test_cycles_and_energy_come_from_a_chip_and_are_unknown_without_one():
    class Chip:
        name = "one MAC a cycle"

        def cost(self, network):
            return WorkloadCost(cycles=network.macs, energy_j=network.macs * 1e-12)

    priced = {row.name: row for row in workload_rows(Chip())}
    assert priced["vgg-16"].cycles == 15_470_264_320
    assert priced["vgg-16"].energy_j == pytest.approx(15.47e-3, rel=1e-4)
    assert (priced["vgg-16"].latency_s, priced["vgg-16"].chip) == (None, "one MAC a cycle")
    assert {(row.cycles, row.energy_j, row.chip) for row in ROWS.values()} == {(None, None, "")}


NETWORK = """
[[network]]
name = "a"
title = "A"
source = "somebody"
shape_in = [1, 8, 8]
lines = [
  { name = "c", kind = "conv", n_out = 2, kernel = 3 },
  { name = "p", kind = "max_pool", kernel = 2, stride = 2 },
]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "somebody"\n', "", r"row 1 of .*\(a\) lacks source"),
        ('"somebody"', '" "', "source must be given"),
        ('kind = "conv"', 'kind = "transformer"', "lines\\[0\\].*kind must be one of conv, dense"),
        ("kernel = 3", "kernel = 9", "kernel .* is larger than its padded input"),
        ("kernel = 3", "kernel = 3, groups = 3", "groups must divide 1 channels"),
        ("n_out = 2, ", "", "n_out must be 0 for a pool, else at least 1"),
        ("stride = 2", "stride = 2, padding = 1", "without padding in a pool"),
        ("kernel = 3", "kernel = 3, repeat = 2", "repeat must be 1, or more of inverted_residual"),
        ("kernel = 3", "kernal = 3", "unknown key 'kernal' .* did you mean 'kernel'"),
    ],
)
def test_bad_network_is_refused_with_its_place(tmp_path: Path, old, new, message):
    path = tmp_path / "networks.toml"
    path.write_text(NETWORK, encoding="utf-8")
    assert load_workloads(path)["a"].n_parameters == 20
    path.write_text(NETWORK.replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_workloads(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: workload_rows(bits=0), "bits = 0; a weight has 1 to 64"),
        (lambda: workload_rows(sram_bytes=0.0), "sram = 0 B holds nothing; give a size"),
        (lambda: load_workload("alexnett"), "unknown network 'alexnett'; did you mean 'alexnet'"),
        (lambda: load_workload("vgg-16").at_width(0.0), "width must be above 0"),
    ],
)
def test_what_cannot_be_counted_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_block_adds_what_came_in_only_where_it_leaves_in_the_same_shape():
    """8 channels to 8 on a grid of 4 x 4: at a stride of 2 the grid is another, however many channels."""
    block = {"name": "b", "kind": "inverted_residual", "n_out": 8, "kernel": 3, "padding": 1, "expansion": 6}
    added = {
        stride: [layer.additions for layer in LayerLine(**block, stride=stride, repeat=2).shapes((8, 4, 4), 1.0)]
        for stride in (1, 2)
    }
    assert added == {1: [0, 0, 128, 0, 0, 128], 2: [0, 0, 0, 0, 0, 32]}


GRID = Convolution((2, 4, 4), (2, 2), (2, 2), (0, 0))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"kind": "dense", "fan_in": 3, "n_out": 2, "convolution": GRID}, "convolution must be left out of a dense"),
        (
            {"kind": "conv", "fan_in": 31, "n_out": 2, "convolution": GRID},
            "fan_in must be at least 1, and on a grid 32",
        ),
        ({"kind": "max_pool", "fan_in": 32, "n_out": 3, "convolution": GRID}, "as many channels as come in"),
        ({"kind": "conv", "fan_in": 32, "n_out": 2, "convolution": GRID, "additions": 7}, "one for each output"),
        ({"kind": "lif", "fan_in": 3, "n_out": 2}, "kind must be one of conv, dense"),
    ],
)
def test_a_shape_that_contradicts_itself_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        LayerShape(name="x", **shape)

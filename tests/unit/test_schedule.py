"""Cycles: closed forms, and a machine that is stepped cycle by cycle."""

import numpy as np
import pytest

from circuits.accelerator.accesses import banks
from circuits.accelerator.compiler import compile_network, compile_works
from circuits.accelerator.cycles import MOVES, schedule, work_of
from circuits.accelerator.instructions import End, Mac
from circuits.accelerator.layer_counts import layer_counts
from circuits.accelerator.layer_work import LayerWork
from tests.machines import machine, over_a_picture, over_time, spiking


def stepped(program) -> int:
    """Cycles of a program, counted one by one with two units that are told only to begin and tick down."""
    left, held = {True: 0, False: 0}, {True: 0, False: 0}
    cycle = 0
    for one in program.instructions:
        while True:
            unit = isinstance(one, MOVES)
            if isinstance(one, End):
                begins = not any(left.values())
            else:
                others = held[not unit] if left[not unit] else 0
                begins = not left[unit] and not others & banks(type(one), one, program.machine)
            if begins and isinstance(one, End):
                return cycle
            if begins:
                left[unit], held[unit] = (
                    work_of(type(one), one, program.machine) + 1,
                    banks(type(one), one, program.machine),
                )
            left = {name: max(n - 1, 0) for name, n in left.items()}
            cycle += 1
            if begins:
                break
    raise AssertionError("no END")


@pytest.mark.parametrize("sizes", [{}, {"activations": 2048}, {"weights": 128, "activations": 1400}, {"dram_width": 1}])
@pytest.mark.parametrize("build", [over_time, over_a_picture, spiking])
def test_cycles_are_those_of_a_machine_that_is_stepped(build, sizes):
    program = compile_network(build(np.random.default_rng(0)), machine(**sizes), n_steps=40)
    assert schedule(program).cycles == stepped(program)


def test_one_tile_by_hand():
    """LOAD of 80 inputs, 64 weights, parameters; MAC; ACT; STORE: nothing overlaps but LOADs with nothing."""
    program = compile_works("tile", [LayerWork("tile", "dense", (1, 10), 8, 8)], machine())
    load_x, load_w, load_p = 1 + 10 + 80 // 8, 1 + 10 + 64 // 8, 1 + 10 + 64 // 8
    mac, act, store = 1 + 8 + 8 + 10 + 8 - 2, 1 + 10 + 3, 1 + 10 + 80 // 8
    assert schedule(program).cycles == load_x + load_w + load_p + mac + act + store


def test_loads_hide_behind_products_and_products_behind_loads():
    """Many tiles under many inputs take what their MACs take; under one input, what their bytes take."""
    program = compile_works("m", [LayerWork("m", "dense", (1, 100), 400, 8)], machine(activations=1 << 17, weights=128))
    alone = sum(work_of(type(one), one, program.machine) + 1 for one in program.instructions if isinstance(one, Mac))
    first = work_of(type(program.instructions[0]), program.instructions[0], program.machine)
    assert alone == 50 * 123
    assert alone < schedule(program).cycles - first < 1.1 * alone
    bytes_bound = compile_works("b", [LayerWork("b", "dense", (1, 1), 800, 80)], machine(dram_width=1))
    assert 64_000 < schedule(bytes_bound).cycles < 1.2 * 64_000


def test_counts_of_layers_add_up():
    program = compile_network(over_time(np.random.default_rng(0)), machine(activations=2048))
    times = schedule(program)
    counts = layer_counts(program, times)
    assert sum(one.cycles for one in counts) == times.cycles
    assert sum(one.computing for one in counts) <= times.cycles
    assert all(one.stalls >= 0 and 0 <= one.utilisation(program.machine) < 1 for one in counts)
    busy = sum(
        work_of(type(one), one, program.machine) + 1 for one in program.instructions[:-1] if not isinstance(one, MOVES)
    )
    assert sum(one.computing for one in counts) == busy


def test_bytes_by_hand():
    """A dense layer of one tile: 10 vectors of 8 bytes in, 64 weights, 8 columns of 8 bytes, 80 bytes out."""
    program = compile_works("tile", [LayerWork("tile", "dense", (1, 10), 8, 8)], machine())
    (counts,) = layer_counts(program, schedule(program))
    assert counts.read == {"dram": 80 + 64 + 64, "weights": 64, "activations": 80 + 80, "sums": 320, "parameters": 64}
    assert counts.written == {"activations": 80 + 80, "weights": 64, "parameters": 64, "sums": 320, "dram": 80}
    assert (counts.macs, counts.products, counts.vector) == (640, 640, 80)

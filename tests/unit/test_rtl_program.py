"""Small programs by hand on an array of 4 x 4 in RTL: outputs from NumPy, cycles counted from the rules."""

import numpy as np
import pytest

from circuits.accelerator.encoding import encode
from circuits.accelerator.instructions import Act, Add, End, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.rtl.bench_of_program import BenchRun
from circuits.accelerator.rtl.program_run import run_rtl
from circuits.quantised.integers import MembraneLayer, ValueLayer, at_rest, membrane_step, requantised

LATENCY = 5
MACHINE = Machine(rows=4, columns=4, activations=512, weights=256, parameters=512, state=64, sums=32, dram=1 << 16,
                  dram_width=4, dram_latency=LATENCY)  # fmt: skip
OUT = 600  # of DRAM, where programs leave what is compared
A, W, P, S = Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS, Memory.STATE
NONE8 = np.zeros((0, 0), np.int8)


def dram(rng, *tables: tuple[int, np.ndarray]) -> np.ndarray:
    image = rng.integers(0, 256, 800).astype(np.uint8)
    for address, words in tables:
        data = words.astype("<i4").reshape(-1).view(np.uint8)
        image[address : address + len(data)] = data
    return image


def ran(program, image, expected, cycles):
    data = np.ascontiguousarray(expected).reshape(-1).view(np.uint8)
    result = run_rtl(BenchRun(MACHINE, encode(program), image, OUT, data, cycles))
    assert result.cycles == cycles, result.text
    np.testing.assert_array_equal(result.output, data)
    assert result.passed


def in_turn(*works: int) -> int:
    """Cycles of instructions that wait for each other: a cycle to begin, then their work."""
    return sum(work + 1 for work in works)


def moved(n_bytes: int, rows: int = 1) -> int:
    return LATENCY + rows * -(-n_bytes // 4)


def test_products_in_two_tiles_become_bytes():
    """Six inputs of int8 by three columns, as four rows and two rows that are added; positions on a grid of 2 x 3."""
    rng = np.random.default_rng(1)
    words = np.stack([rng.integers(-900, 900, 3), [700, 65536, 2048]], 1)
    image = dram(rng, (200, words))
    program = [
        Load(A, 0, 9, 1, 60, 0, 0),
        Load(W, 64, 0, 1, 24, 0, 0),
        Load(P, 200, 16, 1, 24, 0, 0),
        Mac(False, True, 0, 9, 3, 4, 3, 3, 2, 7, 20),
        Mac(True, True, 16, 13, 3, 2, 3, 3, 2, 7, 20),
        Act(False, 3, 16, 300, 3, 3, 2, 3, 9),
        Store(OUT, 300, 1, 18, 0, 0),
        End(),
    ]
    x = np.stack([image[20 * o + 7 * i :][:6] for o in range(2) for i in range(3)]).view(np.int8).astype(np.int64)
    weights = image[64:88].view(np.int8).reshape(6, 4)[:, :3].astype(np.int64)
    kind = ValueLayer("a", "dense", NONE8, np.zeros(3, np.int32), words[:, 1].astype(np.int32), True, True, 1.0)
    expected = requantised(x @ weights + words[:, 0], kind).astype(np.uint8)
    mac = 4 + (4 + 6 + 4 - 2)
    # The first MAC begins beside the parameters' LOAD, in the cycle behind that one's begin, and hides it.
    cycles = in_turn(moved(60), moved(24)) + 1 + in_turn(mac, mac, 6 + 3, moved(18))
    ran(program, image, expected, cycles)


@pytest.mark.parametrize("kind", [Max, Add])
@pytest.mark.parametrize("signed", [True, False])
def test_the_largest_and_the_sum_of_two_vectors(kind, signed):
    rng = np.random.default_rng(2)
    image = dram(rng, (200, np.array([[0, 32768]] * 4)))
    program = [
        Load(A, 0, 0, 1, 64, 0, 0),
        Load(P, 200, 0, 1, 32, 0, 0),
        kind(False, signed, 1, 7, 4, 5, 1, 6, 0),
        kind(True, signed, 33, 7, 4, 5, 1, 6, 0),
        Act(signed, 7, 0, 256, 4, 5, 1, 4, 0),
        Store(OUT, 256, 1, 20, 0, 0),
        End(),
    ]
    take = np.int8 if signed else np.uint8
    one, other = (np.stack([image[a + 6 * i :][:4] for i in range(5)]).view(take).astype(np.int64) for a in (1, 33))
    joined = np.maximum(one, other) if kind is Max else one + other
    layer = ValueLayer("a", "dense", NONE8, np.zeros(4, np.int32), np.full(4, 32768, np.int32), not signed, True, 1.0)
    expected = requantised(joined, layer).astype(take)
    # Both hide behind the LOAD of parameters that ACT must wait for, 14 cycles from its begin on.
    cycles = in_turn(moved(64)) + max(in_turn(moved(32)), 1 + 2 * in_turn(5 + 1)) + in_turn(5 + 3, moved(20))
    ran(program, image, expected, cycles)


@pytest.mark.parametrize("kind", ["adaptive_lif", "readout"])
def test_membranes_step_through_rows_of_sums(kind):
    """Two steps of five neurons' worth of state: each continues where the last stopped; state begins at rest."""
    rng, n, steps = np.random.default_rng(3), 3, 6
    words = [rng.integers(-500, 3000, n), [40000, 65536, 0], rng.integers(2000, 9000, n), [-3000, -9000, -100],
             [60000, 100, 65536], [30000, -9000, 70000], [900, 5000, 0], [0, 0, 0]]  # fmt: skip
    words = np.array(words).T
    image = dram(rng, (200, words))
    program = [
        Load(P, 200, 256, 1, 96, 0, 0),
        Load(A, 0, 0, 1, 48, 0, 0),
        Load(W, 64, 0, 1, 16, 0, 0),
        Pad(S, 8, 2, 8, 16),
        Mac(False, False, 0, 0, 0, 4, 3, steps, 2, 4, 24),
        Lif(kind == "readout", 0, 256, 8, 300, n, steps, 13),
        Lif(kind == "readout", steps, 256, 8, 400, n, steps, 13),
        Store(OUT, 300, steps, 13, 13, 13),
        Store(OUT + 13 * steps, 400, steps, 13, 13, 13),
        End(),
    ]
    x = image[:48].reshape(12, 4).astype(np.int64)
    drive = x @ image[64:80].view(np.int8).reshape(4, 4)[:, :n].astype(np.int64)
    layer = MembraneLayer("m", kind, NONE8, None, *words[:, :7].T.astype(np.int32), unit=np.ones(n))
    state, rows = at_rest(1, n), np.zeros((2 * steps, 13), np.uint8)
    for t in range(2 * steps):
        out, state = membrane_step(drive[None, t], state, layer)
        data = out.astype("<i4" if kind == "readout" else np.uint8).view(np.uint8).reshape(-1)
        rows[t, : len(data)] = data
    lif = 2 * steps + 10
    # PAD runs beside MAC; the last bytes of each row were never written: zeros of a memory that was just switched on.
    loads = in_turn(moved(96), moved(48), moved(16))
    mac = 4 + (4 + 12 + 4 - 2)
    cycles = loads + 1 + in_turn(mac, lif, lif) + in_turn(moved(13, steps), moved(13, steps))
    ran(program, image, rows, cycles)


def test_a_unit_waits_for_banks_of_the_other_and_not_for_others():
    """A LOAD into the half that is computed from waits for the MAC's end; into the other half it runs beside it."""
    image = dram(np.random.default_rng(4))
    mac = Mac(False, False, 0, 0, 0, 4, 4, 20, 1, 4, 0)
    start, work = [Load(A, 0, 0, 1, 80, 0, 0), Load(W, 64, 0, 1, 16, 0, 0)], 4 + (4 + 20 + 4 - 2)
    for address, cycles in ((256, 1 + work), (0, 1 + work + in_turn(moved(40)))):
        program = [*start, mac, Load(A, 100, address, 1, 40, 0, 0), Store(OUT, address, 1, 40, 0, 0), End()]
        beside = in_turn(moved(40)) + 1 if address else 0
        end = max(cycles, beside + in_turn(moved(40))) if address else cycles + in_turn(moved(40))
        ran(program, image, image[100:140], in_turn(moved(80), moved(16)) + end)


def test_zeros_are_written_into_the_middle_of_what_was_loaded():
    image = dram(np.random.default_rng(5))
    program = [Load(A, 0, 250, 1, 40, 0, 0), Pad(A, 253, 3, 5, 11), Store(OUT, 250, 1, 40, 0, 0), End()]
    expected = image[:40].copy()
    for row in range(3):
        expected[3 + 11 * row : 8 + 11 * row] = 0
    ran(program, image, expected, in_turn(moved(40), 3 * 2, moved(40)))


def test_a_product_right_behind_a_maximum_leaves_it_alone():
    """What the array still holds must not follow into the columns of the rows that MAX wrote last."""
    image = dram(np.random.default_rng(6), (200, np.array([[0, 65536]] * 4)))
    product = Mac(False, False, 0, 0, 8, 4, 4, 5, 1, 4, 0)
    program = [
        Load(A, 0, 0, 1, 64, 0, 0),
        Load(W, 64, 0, 1, 16, 0, 0),
        Load(P, 200, 0, 1, 32, 0, 0),
        product,
        Max(False, False, 16, 0, 4, 5, 1, 4, 0),
        product,
        Act(False, 0, 0, 256, 4, 5, 1, 4, 0),
        Store(OUT, 256, 1, 20, 0, 0),
        End(),
    ]
    mac = 4 + (4 + 5 + 4 - 2)
    cycles = in_turn(moved(64), moved(16)) + 1 + in_turn(mac, 5 + 1, mac, 5 + 3, moved(20))
    ran(program, image, image[16:36], cycles)

"""Single instructions by hand: their bits in the book's order, cycles, the banks that they hold, what they move."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.accelerator.accesses import banks, require_inside
from circuits.accelerator.assembler import assemble, disassemble
from circuits.accelerator.compiler import compile_works
from circuits.accelerator.cycles import schedule, work_of
from circuits.accelerator.encoding import encode
from circuits.accelerator.executor import execute
from circuits.accelerator.instructions import Act, Add, End, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.layer_counts import layer_counts
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Memory
from circuits.accelerator.program import Program, Region
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from tests.machines import machine

A, W, P, S = Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS, Memory.STATE
ACCUMULATE, SIGNED, POTENTIAL = 1 << 8, 1 << 9, 1 << 10  # flags of the first word
TALL = machine(rows=16, columns=4, activations=256, weights=256, parameters=256, state=64, sums=32)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Load(S, 1, 2, 3, 4, 5, 6), [3 << 12 | 1, 1, 2, 3, 4, 5, 6]),
        (Store(1, 2, 3, 4, 5, 6), [2, 1, 2, 3, 4, 5, 6]),
        (Pad(W, 2, 3, 4, 5), [1 << 12 | 3, 2, 3, 4, 5]),
        (Mac(False, True, 1, 2, 3, 4, 5, 6, 7, 8, 9), [SIGNED | 4, 1, 2, 3, 5 << 16 | 4, 7 << 16 | 6, 8, 9]),
        (Max(True, False, 1, 2, 3, 4, 5, 6, 7), [ACCUMULATE | 5, 1, 2, 3, 5 << 16 | 4, 6, 7]),
        (Act(True, 1, 2, 3, 4, 5, 6, 7, 8), [SIGNED | 6, 1, 2, 3, 4, 6 << 16 | 5, 7, 8]),
        (Lif(True, 1, 2, 3, 4, 5, 6, 7), [POTENTIAL | 7, 1, 2, 3, 4, 5, 6, 7]),
        (End(), [8]),
        (Add(True, True, 1, 2, 3, 4, 5, 6, 7), [ACCUMULATE | SIGNED | 9, 1, 2, 3, 5 << 16 | 4, 6, 7]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_every_field_has_its_place(one, words):
    assert encode([one]) == b"".join(word.to_bytes(4, "little") for word in [*words, *[0] * (8 - len(words))])


def test_text_takes_hexadecimal_and_small_letters_and_keeps_remarks():
    text = "load memory=weights dram=0x40 address=0 rows=1 row_bytes=0x10 dram_step=0 step=0 ; tiles\n\nEND"
    program = assemble(text)
    assert program == (Load(W, 64, 0, 1, 16, 0, 0), End())
    assert disassemble(program, ["tiles", ""]).splitlines()[0].endswith("step=0   ; tiles")


WALK = {"inner_count": 3, "outer_count": 2, "inner_step": 5, "outer_step": 20}
CYCLES = [  # on 16 rows and 4 columns, 8 bytes a cycle after 10 cycles
    (Load(A, 0, 0, 3, 9, 9, 9), 10 + 3 * 2),  # each row begins anew
    (Store(0, 0, 3, 16, 16, 16), 10 + 3 * 2),
    (Pad(A, 0, 3, 9, 9), 3 * 3),  # a row of the columns a cycle
    (Mac(False, False, 0, 0, 0, 2, 2, **WALK), 16 + 16 + 6 + 4 - 2),
    (Max(False, False, 0, 0, 2, **WALK), 6 + 1),
    (Add(False, False, 0, 0, 2, **WALK), 6 + 1),
    (Act(False, 0, 0, 0, 2, **WALK), 6 + 3),
    (Lif(False, 0, 0, 0, 0, 2, 6, 5), 2 * 6 + 8 + 2),
    (End(), 0),
]


@pytest.mark.parametrize(("one", "cycles"), CYCLES, ids=[type(one).__name__ for one, _ in CYCLES])
def test_cycles_of_each_instruction(one, cycles):
    assert work_of(type(one), one, TALL) == cycles


def program_of(*instructions, chip=TALL) -> Program:
    work = LayerWork("it", "dense", (1, 1), 8, 8)
    return Program("it", chip, (*instructions, End()), np.zeros(len(instructions) + 1, np.int32), (work,),
                   Region(0, (8,), "uint8"), Region(64, (8,), "uint8"), 4096, 512, np.zeros(512, np.uint8))  # fmt: skip


def test_end_waits_for_both_units():
    """A long LOAD of weights behind a short MAX, and a long MAX behind a short LOAD."""
    load, most = Load(W, 0, 0, 1, 80, 0, 0), Max(False, False, 0, 0, 2, 6, 1, 1, 0)
    assert schedule(program_of(most, load)).cycles == 1 + 10 + 10 + 1
    assert schedule(program_of(Load(W, 0, 0, 1, 1, 0, 0), replace(most, inner_count=40))).cycles == 1 + 40 + 1 + 1
    assert schedule(program_of(load, load)).cycles == 2 * (10 + 10 + 1)


def bits(*held: tuple[Memory, int]) -> int:
    return sum(1 << 2 * memory + half for memory, half in held)


BANKS = [  # halves at 128 bytes of activations, weights and parameters, 32 of state, 16 rows of sums
    (Load(A, 0, 120, 2, 4, 4, 4), [(A, 0)]),  # its last byte is 127
    (Load(A, 0, 120, 2, 5, 4, 4), [(A, 0), (A, 1)]),
    (Load(P, 0, 128, 1, 4, 4, 4), [(P, 1)]),
    (Store(0, 127, 1, 2, 2, 2), [(A, 0), (A, 1)]),
    (Pad(S, 24, 1, 8, 8), [(S, 0)]),
    (Pad(S, 24, 1, 9, 9), [(S, 0), (S, 1)]),
    (Mac(False, False, 96, 0, 0, 8, 1, 1, 1, 0, 0), [(W, 0), (A, 0), (Memory.SUMS, 0)]),  # rows of all 4 columns
    (Mac(False, False, 100, 121, 16, 8, 1, 1, 1, 0, 0), [(W, 0), (W, 1), (A, 0), (A, 1), (Memory.SUMS, 1)]),
    (Max(False, False, 126, 15, 3, 1, 1, 0, 0), [(A, 0), (A, 1), (Memory.SUMS, 0)]),
    (Max(False, False, 0, 15, 3, 2, 1, 1, 0), [(A, 0), (Memory.SUMS, 0), (Memory.SUMS, 1)]),
    (Act(False, 0, 104, 100, 3, 5, 1, 5, 0), [(Memory.SUMS, 0), (P, 0), (A, 0)]),
    (Act(False, 0, 112, 100, 3, 6, 1, 5, 0), [(Memory.SUMS, 0), (P, 0), (P, 1), (A, 0)]),
    (Act(False, 0, 0, 100, 4, 2, 2, 5, 20), [(Memory.SUMS, 0), (P, 0), (A, 0), (A, 1)]),  # 100 + 25 + 4 = 129
    (Lif(False, 0, 64, 16, 120, 2, 4, 2), [(Memory.SUMS, 0), (P, 0), (S, 0), (A, 0)]),
    (Lif(False, 13, 64, 24, 120, 3, 4, 3),
     [(Memory.SUMS, 0), (Memory.SUMS, 1), (P, 0), (P, 1), (S, 0), (S, 1), (A, 0), (A, 1)]),
    (Lif(True, 0, 0, 0, 120, 2, 1, 0), [(Memory.SUMS, 0), (P, 0), (S, 0), (A, 0)]),
    (Lif(True, 0, 0, 0, 120, 3, 1, 0), [(Memory.SUMS, 0), (P, 0), (S, 0), (A, 0), (A, 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "held"), BANKS)
def test_the_halves_that_an_instruction_holds(one, held):
    assert int(banks(type(one), one, TALL)) == bits(*held)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Load(A, 0, 250, 2, 4, 4, 3), "LOAD: it reaches byte or row 256 of activations, which ends at 255"),
        (Store(4094, 250, 1, 3, 3, 3), None),
        (Store(0, 254, 1, 3, 3, 3), "STORE: it reaches byte or row 256 of activations"),
        (Store(4606, 0, 1, 3, 3, 3), "STORE: it reaches byte or row 4,608 of DRAM, which ends at 4,607"),
        (Pad(S, 60, 1, 5, 5), "PAD: it reaches byte or row 64 of state"),
        (Pad(Memory.SUMS, 0, 1, 5, 5), "PAD: it names the sums, which nothing loads"),
        (Pad(S, 0, 0, 5, 5), "PAD: it touches nothing of state"),
        (Mac(False, False, 192, 0, 0, 16, 1, 1, 1, 0, 0), None),
        (Mac(False, False, 193, 0, 0, 16, 1, 1, 1, 0, 0), "MAC: it reaches byte or row 256 of weights"),
        (Mac(False, False, 0, 0, 0, 16, 5, 1, 1, 0, 0), "MAC: it asks for 5 columns, the array has 4"),
        (Lif(True, 0, 0, 0, 241, 4, 1, 0), "LIF: it reaches byte or row 256 of activations"),
        (Lif(False, 0, 0, 33, 0, 4, 1, 0), "LIF: it reaches byte or row 64 of state"),
        (Lif(False, 0, 129, 0, 0, 4, 1, 0), "LIF: it reaches byte or row 256 of parameters"),
        (Lif(False, 31, 0, 0, 0, 4, 2, 4), "LIF: it reaches byte or row 32 of sums"),
        (Act(False, 0, 225, 0, 4, 1, 1, 0, 0), "ACT: it reaches byte or row 256 of parameters"),
        (Max(False, False, 253, 0, 4, 1, 1, 0, 0), "MAX: it reaches byte or row 256 of activations"),
    ],
)
def test_a_byte_beyond_a_memory_is_refused_the_last_one_is_not(one, said):
    program = program_of(Load(A, 0, 0, 1, 8, 8, 8), one)
    if said is None:
        return require_inside(program.instructions, TALL, program.dram_bytes)
    with pytest.raises(InputError, match=f"instruction 1, {said}"):
        require_inside(program.instructions, TALL, program.dram_bytes)


def test_the_first_of_many_wrong_instructions_is_named():
    bad = Store(0, 256, 1, 1, 1, 1)
    with pytest.raises(InputError, match="instruction 1, PAD"):
        require_inside(
            [Load(A, 0, 0, 1, 8, 8, 8), Pad(S, 64, 1, 1, 1), bad, replace(bad, address=999), End()], TALL, 4096
        )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Store(4090, 0, 1, 7, 7, 7), "a STORE at 4090 writes over constants, from 4096 on"),
        (Store(4000, 0, 2, 7, 90, 7), "a STORE at 4000 writes over constants"),
        (Load(A, 4090, 0, 1, 7, 7, 7), "a LOAD of 7 bytes at 4090 reads tensors and constants at once; split it"),
    ],
)
def test_constants_are_neither_written_nor_read_across_their_edge(one, said):
    with pytest.raises(InputError, match=said):
        execute(program_of(one), np.zeros((1, 8)))
    within = replace(one, dram=one.dram - 200)
    execute(program_of(within), np.zeros((1, 8)))


def test_a_program_of_shapes_alone_cannot_run():
    program = compile_works("shapes", [LayerWork("it", "dense", (1, 1), 8, 8)], machine())
    with pytest.raises(InputError, match="shapes was compiled from shapes alone; compile it from a network"):
        execute(program, np.zeros((1, 8)))


def counted(*instructions):
    program = program_of(*instructions)
    (found,) = layer_counts(program, schedule(program))
    return found


def test_bytes_of_each_instruction():
    """Words of 4 bytes in sums and parameters; a tile is read in whole rows of 4 columns; PAD reads no DRAM."""
    mac = Mac(True, False, 0, 0, 0, 5, 3, 2, 3, 1, 1)
    added = {"weights": 5 * 4, "activations": 6 * 5, "sums": 6 * 3 * 4}
    assert (counted(mac).read, counted(mac).written) == (added, {"sums": 72})
    assert (counted(mac).products, counted(mac).vector) == (6 * 3 * 5, 0)
    begun = counted(replace(mac, accumulate=False))
    assert (begun.read, begun.written) == ({"weights": 20, "activations": 30}, {"sums": 72})
    most = counted(Max(True, False, 0, 0, 3, 2, 3, 1, 1))
    assert (most.read, most.written, most.vector) == ({"activations": 18, "sums": 72}, {"sums": 72}, 18)
    act = counted(Act(False, 0, 0, 0, 3, 2, 3, 1, 1))
    assert (act.read, act.written, act.vector) == ({"sums": 72, "parameters": 24}, {"activations": 18}, 18)
    for potential, size in ((False, 1), (True, 4)):
        lif = counted(Lif(potential, 0, 0, 0, 0, 3, 6, 0))
        assert lif.read == {"sums": 72, "parameters": 3 * 32, "state": 3 * 8}
        assert (lif.written, lif.vector) == ({"activations": 18 * size, "state": 24}, 18)
    pad = counted(Pad(S, 0, 2, 5, 5))
    assert (pad.read, pad.written) == ({}, {"state": 10})
    load, store = counted(Load(W, 0, 0, 2, 5, 5, 5)), counted(Store(0, 0, 2, 5, 5, 5))
    assert (load.read, load.written) == ({"dram": 10}, {"weights": 10})
    assert (store.read, store.written) == ({"activations": 10}, {"dram": 10})
    assert (store.computing, store.moving, store.cycles) == (0, 13, 13)


def test_stalls_are_cycles_without_products_and_utilisation_is_of_the_layers_own():
    """A tile of 8 x 3 products, of which the layer needs 7 x 3, behind one LOAD: 80 bytes, 8 a cycle."""
    work = LayerWork("it", "dense", (1, 1), 7, 3)
    program = replace(
        program_of(Load(A, 0, 0, 1, 80, 80, 80), Mac(False, False, 0, 0, 0, 8, 3, 1, 1, 0, 0)), works=(work,)
    )
    (found,) = layer_counts(program, schedule(program))
    load, mac = 1 + 10 + 10, 1 + 16 + 16 + 1 + 4 - 2
    assert (found.cycles, found.computing, found.moving, found.stalls) == (load + mac, mac, load, load)
    assert found.utilisation(TALL) == pytest.approx(21 / ((load + mac) * 16 * 4))


def test_cycles_of_each_layer_end_with_its_last_instruction():
    most = Max(False, False, 0, 0, 3, 9, 1, 1, 1)
    program = program_of(Load(A, 0, 0, 1, 80, 80, 80), most, most, most)
    two = replace(program, layer_of=np.array([0, 0, 1, 1, 1], np.int32), works=program.works * 2)
    first, second = layer_counts(two, schedule(two))
    assert (first.cycles, second.cycles) == (21 + 11, 22)


PRODUCTS = [
    (LayerWork("dense", "dense", (1, 5), 7, 3), 5 * 7 * 3, 21),
    (
        LayerWork("groups", "conv", (6, 7), 8, 4, kernel=(3, 2), stride=(1, 2), padding=(1, 0), groups=2),
        6 * 3 * 4 * 24,
        96,
    ),
    (LayerWork("pool", "max_pool", (6, 6), 8, 8, kernel=(2, 2), stride=(2, 2), groups=8), 0, 0),
    (LayerWork("loops", "lif", (1, 9), 7, 3, finish="spikes", recurrent=True), 9 * 3 * 10, 30),
]


@pytest.mark.parametrize(("work", "macs", "weights"), PRODUCTS, ids=[work.name for work, *_ in PRODUCTS])
def test_products_and_weights_of_a_layer(work, macs, weights):
    assert (work.n_macs, work.n_weights) == (macs, weights)


LIMITS = [
    ("weights", 128, LayerWork("it", "dense", (1, 1), 8, 8)),  # two tiles of 8 x 8
    ("parameters", 128, LayerWork("it", "dense", (1, 1), 8, 8)),  # two of 8 columns of 8 bytes
    ("parameters", 512, LayerWork("it", "lif", (1, 1), 8, 8, finish="spikes")),  # 32 bytes of a membrane
    ("state", 96, LayerWork("it", "lif", (1, 1), 8, 12, finish="spikes")),
    ("dram", 256, LayerWork("it", "dense", (1, 1), 8, 8)),  # 64 input, 64 output, 64 weights, 64 parameters
]


@pytest.mark.parametrize(("memory", "least", "work"), LIMITS)
def test_what_just_fits_is_compiled_and_two_bytes_less_are_told(memory, least, work):
    compile_works("it", [work], machine(**{memory: least}))
    with pytest.raises(MappingError) as error:
        compile_works("it", [work], machine(**{memory: least - 2}))
    (broken,) = error.value.broken
    assert (broken.value, broken.limit) == (least, least - 2)

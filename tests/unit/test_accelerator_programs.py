"""Instructions as bytes and as text, and programs that no machine can run."""

from dataclasses import fields, replace

import numpy as np
import pytest

from circuits.accelerator.assembler import assemble, disassemble
from circuits.accelerator.compiler import compile_network, compile_works
from circuits.accelerator.encoding import decode, encode, slots
from circuits.accelerator.executor import execute
from circuits.accelerator.instructions import BY_OPCODE, BYTES, Act, Load, Mac, Max, Store
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Machine, Memory
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from tests.machines import SMALL, inputs, machine, over_time, spiking

KINDS = list(BY_OPCODE.values())


def drawn(kind, rng):
    """An instruction of random operands, the largest among them."""
    values = {}
    for name, slot in slots(kind).items():
        value = int(rng.choice([0, 2**slot.bits - 1, rng.integers(2**slot.bits)]))
        hint = next(field.type for field in fields(kind) if field.name == name)
        values[name] = Memory(value % len(Memory)) if name == "memory" else bool(value & 1) if hint is bool else value
    return kind(**values)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_instruction_survives_bytes_and_text(kind):
    rng = np.random.default_rng(1)
    program = tuple(drawn(kind, rng) for _ in range(50))
    assert len(encode(program)) == 50 * BYTES
    assert decode(encode(program)) == program
    assert assemble(disassemble(program)) == program


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_two_fields_share_a_bit(kind):
    used = [(slot.word, bit) for slot in slots(kind).values() for bit in range(slot.shift, slot.shift + slot.bits)]
    assert len(used) == len(set(used))
    assert all(word < 8 and bit < 32 and (word or bit > 7) for word, bit in used)


def test_bytes_are_as_the_book_has_them():
    """Written out by hand: opcode, flags, then words; two counts share a word, the second in the upper half."""
    one = Mac(True, False, 0x11, 0x22, 0x33, 8, 5, 7, 6, 0x44, 0x55)
    words = [0x0104, 0x11, 0x22, 0x33, 5 << 16 | 8, 6 << 16 | 7, 0x44, 0x55]
    assert encode([one]) == b"".join(word.to_bytes(4, "little") for word in words)
    load = Load(Memory.STATE, 1, 2, 3, 4, 5, 6)
    assert encode([load])[:4] == (3 << 12 | 1).to_bytes(4, "little")


def damaged(change) -> bytes:
    data = bytearray(encode(compile_network(over_time(np.random.default_rng(0)), machine()).instructions))
    change(data)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: damaged(lambda d: d.__setitem__(64, 99)), "instruction 2: opcode 99 is unknown; known: 1 LOAD"),
        (lambda: damaged(lambda d: d.__setitem__(0, 0)), "instruction 0: opcode 0 is unknown"),
        (lambda: damaged(lambda d: d.__setitem__(3, 1)), "instruction 0, .*: bits are set that mean nothing"),
        (lambda: damaged(lambda d: d.__setitem__(1, 0x70)), "memory 7 is unknown; known: 0 to 4"),
        (lambda: damaged(lambda d: d.pop()), f"whole instructions of {BYTES} bytes, got"),
    ],
)
def test_damaged_bytes_are_refused(data, said):
    with pytest.raises(InputError, match=said):
        decode(data())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LOAF rows=1", "line 1: unknown instruction 'LOAF'; did you mean 'LOAD'"),
        ("END\nLOAD memory=weight", "line 2: memory must be one of activations, weights"),
        ("PAD memory=state address=x rows=1 row_bytes=1 step=1", "address must be a whole number from 0 on, got 'x'"),
        ("PAD memory=state rows=1 row_bytes=1 step=1", "line 1, PAD: address missing; it takes memory=..."),
        ("MAC accumulate=1", "'accumulate=1' is no operand"),
        ("MAC accumulate accumulate", "'accumulate' is no operand"),
        ("END quickly", "'quickly' is no operand"),
        ("PAD memory=state address=-1 rows=1 row_bytes=1 step=1", "address must be a whole number from 0 on, got '-1'"),
    ],
)
def test_wrong_text_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        assemble(text)


def test_an_operand_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="instruction 0, MAX: columns must be 0 to 65535, got 65536"):
        encode([Max(False, False, 0, 0, 65536, 1, 1, 1, 1)])


def changed(kind, **change):
    """A program whose first instruction of a kind is another."""
    program = compile_network(over_time(np.random.default_rng(0)), machine())
    at = next(i for i, one in enumerate(program.instructions) if isinstance(one, kind))
    instructions = [*program.instructions]
    instructions[at] = replace(instructions[at], **change)
    return replace(program, instructions=tuple(instructions))


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        (Load, {"address": 1 << 20}, r"LOAD: it reaches byte or row 1,.* of activations, which ends at 65,535"),
        (Load, {"dram": 1 << 20}, "of DRAM, which ends at"),
        (Load, {"memory": Memory.SUMS, "address": 0}, "names the sums, which nothing loads|of sums"),
        (Mac, {"weights": 1 << 14}, "of weights, which ends at 16,383"),
        (Mac, {"inner_count": 0}, "touches nothing of"),
        (Mac, {"rows": 9}, "asks for 9 rows, the array has 8"),
        (Act, {"parameters": 2047}, "of parameters, which ends at 2,047"),
        (Act, {"sums": 1024}, "of sums, which ends at 1,023"),
        (Store, {"dram": 1 << 12}, "of DRAM, which ends at|writes over constants"),
    ],
)
def test_what_reaches_beyond_a_memory_is_refused_before_anything_runs(kind, change, said):
    program = changed(kind, **change)
    with pytest.raises(InputError, match=said):
        execute(program, inputs(np.random.default_rng(0), over_time(np.random.default_rng(0))))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 0}, "Machine.rows must be a whole number in 1..1024, got 0"),
        ({"activations": 0}, "Machine.activations must be"),
        ({"sums": 3}, "Machine.sums must be even"),
        ({"dram_width": -1}, "Machine.dram_width must be"),
        ({"weights": 1.5}, "Machine.weights must be a whole number"),
    ],
)
def test_a_machine_of_impossible_sizes_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        Machine(**(SMALL | change))


def test_every_limit_that_a_network_breaks_is_told_at_once():
    network = spiking(np.random.default_rng(0))
    with pytest.raises(MappingError) as error:
        compile_network(network, machine(state=256, parameters=256, weights=64), n_steps=40)
    codes = {(broken.code, broken.where) for broken in error.value.broken}
    assert ("weight memory in bytes", "the array") in codes
    assert ("state memory in bytes", "layer 'hidden1'") in codes
    assert ("parameter memory in bytes", "layer 'encoder'") in codes
    assert all(broken.remedy for broken in error.value.broken)


def test_a_layer_larger_than_dram_is_refused():
    layer = LayerWork("huge", "dense", (1, 1), 50_000, 50_000)
    with pytest.raises(MappingError, match=r"the network: DRAM in bytes is 2500000000, allowed 1048576; give the"):
        compile_works("huge", [layer], machine(dram=1 << 20))


def test_a_window_larger_than_a_bank_is_refused_with_the_remedy():
    layer = LayerWork("large", "conv", (64, 64), 64, 8, kernel=(9, 9))
    with pytest.raises(MappingError, match="'large': activation memory in bytes is 10384, allowed 1024; each bank"):
        compile_works("large", [layer], machine(activations=1024))


def test_inputs_of_another_shape_or_range_are_refused():
    network = over_time(np.random.default_rng(0))
    program = compile_network(network, machine())
    with pytest.raises(InputError, match="the program takes clips of"):
        execute(program, np.zeros((1, 299)))
    with pytest.raises(InputError, match="inputs must be -128 to 127, got 0 to 200"):
        execute(program, np.pad([[200]], ((0, 0), (0, 299))))


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: (), lambda p: (p[-1], *p), lambda p: (*p, p[0])])
def test_a_program_ends_once_and_at_its_end(change):
    program = compile_network(over_time(np.random.default_rng(0)), machine())
    program = replace(program, instructions=change(program.instructions))
    with pytest.raises(InputError, match="a program has one END, behind all else"):
        execute(program, inputs(np.random.default_rng(0), over_time(np.random.default_rng(0))))

"""Instructions as bytes and back: 8 words of 32 bits each, little-endian; see `circuits.accelerator.instructions`."""

import struct
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from typing import NamedTuple

from circuits.accelerator.instructions import BY_OPCODE, BYTES, WORDS, Instruction
from circuits.accelerator.machine import Memory
from circuits.errors import InputError

_WORDS = struct.Struct(f"<{WORDS}I")
_FLAG_BITS = {"accumulate": (8, 1), "signed": (9, 1), "potential": (10, 1), "memory": (12, 3)}  # shift, bits
_HALVES = ("rows", "columns")  # of a tile: they share a word, where an instruction has both


class Slot(NamedTuple):
    """Where a field lies: word, lowest bit, number of bits."""

    word: int
    shift: int
    bits: int


@cache
def slots(kind: type[Instruction]) -> dict[str, Slot]:
    """Where each field of a kind of instruction lies, in the order of its fields."""
    found, word, names = {}, 0, [field.name for field in fields(kind)]
    for before, name in zip([None, *names], names, strict=False):
        if name in _FLAG_BITS:
            found[name] = Slot(0, *_FLAG_BITS[name])
            continue
        second = before is not None and _pair(before, name)
        word += not second
        half = name.endswith("_count") or name == "columns" or (name == "rows" and "columns" in names)
        found[name] = Slot(word, 16 * second, 16 if half else 32)
    return found


def _pair(first: str, second: str) -> bool:
    return (first, second) == _HALVES or (first.endswith("_count") and second.endswith("_count"))


def encode(instructions: Iterable[Instruction]) -> bytes:
    """The bytes of a program. Raises: InputError for an operand that its field does not hold."""
    return b"".join(_encoded(number, instruction) for number, instruction in enumerate(instructions))


def _encoded(number: int, instruction: Instruction) -> bytes:
    words = [instruction.opcode] + [0] * (WORDS - 1)
    for name, slot in slots(type(instruction)).items():
        value = int(getattr(instruction, name))
        if not 0 <= value < 2**slot.bits:
            what = type(instruction).__name__.upper()
            raise InputError(f"instruction {number}, {what}: {name} must be 0 to {2**slot.bits - 1}, got {value}")
        words[slot.word] |= value << slot.shift
    return _WORDS.pack(*words)


def decode(data: bytes) -> tuple[Instruction, ...]:
    """The instructions of a program's bytes; encoding them gives the same bytes.

    Raises: InputError naming the instruction whose opcode or memory is unknown, or that has bits which mean nothing.
    """
    if len(data) % BYTES:
        raise InputError(f"a program is whole instructions of {BYTES} bytes, got {len(data)} bytes; it was cut short")
    return tuple(_decoded(number, words) for number, words in enumerate(_WORDS.iter_unpack(data)))


def _decoded(number: int, words: tuple[int, ...]) -> Instruction:
    opcode = words[0] & 0xFF
    if opcode not in BY_OPCODE:
        known = ", ".join(f"{code} {kind.__name__.upper()}" for code, kind in BY_OPCODE.items())
        raise InputError(f"instruction {number}: opcode {opcode} is unknown; known: {known}")
    kind = BY_OPCODE[opcode]
    values = {name: words[s.word] >> s.shift & 2**s.bits - 1 for name, s in slots(kind).items()}
    instruction = kind(**{name: _typed(number, name, value) for name, value in values.items()})
    if _encoded(number, instruction) != _WORDS.pack(*words):
        raise InputError(
            f"instruction {number}, {kind.__name__.upper()}: bits are set that mean nothing; was it damaged?"
        )
    return instruction


def _typed(number: int, name: str, value: int) -> int | bool | Memory:
    if name == "memory":
        if value not in {memory.value for memory in Memory}:
            raise InputError(f"instruction {number}: memory {value} is unknown; known: 0 to {max(Memory)}")
        return Memory(value)
    return bool(value) if name in _FLAG_BITS else value

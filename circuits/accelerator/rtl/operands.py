"""A field of an instruction as a signal, where `circuits.accelerator.encoding` puts it."""

from amaranth.hdl import Cat, Value

from circuits.accelerator.encoding import slots
from circuits.accelerator.instructions import WORDS, Instruction

BITS = 32 * WORDS


def operand(words: Value, kind: type[Instruction], name: str) -> Value:
    """A field of the instruction that `words` holds."""
    slot = slots(kind)[name]
    low = 32 * slot.word + slot.shift
    return words[low : low + slot.bits]


def is_a(words: Value, kind: type[Instruction]) -> Value:
    """Whether `words` holds an instruction of this kind."""
    return words[:8] == kind.opcode


def is_one_of(words: Value, *kinds: type[Instruction]) -> Value:
    """Whether `words` holds an instruction of one of these kinds."""
    return Cat(is_a(words, kind) for kind in kinds).any()

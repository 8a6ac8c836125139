"""Programs as text and back, one instruction a line:

    MAC accumulate weights=4096 activations=0 sums=0 rows=16 columns=16 inner_count=98 ...   ; conv1

A flag that is set is a word by itself; operands are name=number, decimal or 0x...; behind a semicolon is a remark.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from circuits.accelerator.instructions import BY_OPCODE, Instruction
from circuits.accelerator.machine import Memory
from circuits.errors import InputError
from circuits.tables import did_you_mean, shortened

MNEMONICS = {kind.__name__.upper(): kind for kind in BY_OPCODE.values()}


def disassemble(instructions: Iterable[Instruction], remarks: Sequence[str] = ()) -> str:
    """A program as text; `remarks`, one for each instruction, follow a semicolon."""
    lines = [_line(instruction) for instruction in instructions]
    said = [f"   ; {remark}" if remark else "" for remark in remarks] or [""] * len(lines)
    return "".join(f"{line}{remark}\n" for line, remark in zip(lines, said, strict=True))


def _line(instruction: Instruction) -> str:
    words = [type(instruction).__name__.upper()]
    for field in fields(instruction):
        value = getattr(instruction, field.name)
        if isinstance(value, bool):
            words += [field.name] if value else []
        else:
            words.append(f"{field.name}={value.name.lower() if isinstance(value, Memory) else value}")
    return " ".join(words)


def assemble(text: str) -> tuple[Instruction, ...]:
    """The instructions of a text. Raises: InputError naming line, word and remedy."""
    lines = ((number, line.partition(";")[0].split()) for number, line in enumerate(text.splitlines(), start=1))
    return tuple(_instruction(number, words) for number, words in lines if words)


def _instruction(number: int, words: list[str]) -> Instruction:
    name, *operands = words
    kind = MNEMONICS.get(name.upper())
    if kind is None:
        hint = did_you_mean(name.upper(), MNEMONICS)
        raise InputError(f"line {number}: unknown instruction {shortened(name)}{hint}; known: {', '.join(MNEMONICS)}")
    types = {field.name: field.type for field in fields(kind)}
    values = {key: False for key, hint in types.items() if hint is bool}
    given: set[str] = set()
    for word in operands:
        key, _, value = word.partition("=")
        if key not in types or key in given or ("=" in word) == (types[key] is bool):
            hint = did_you_mean(key, types)
            raise InputError(f"line {number}, {name}: {shortened(word)} is no operand{hint}; it takes {_usage(types)}")
        given.add(key)
        values[key] = True if types[key] is bool else _operand(number, key, value)
    if missing := [key for key in types if key not in values]:
        raise InputError(f"line {number}, {name}: {', '.join(missing)} missing; it takes {_usage(types)}")
    return kind(**values)


def _usage(types: dict[str, type]) -> str:
    return " ".join(key if hint is bool else f"{key}=..." for key, hint in types.items())


def _operand(number: int, key: str, value: str) -> int | Memory:
    if key == "memory":
        known = {memory.name.lower(): memory for memory in Memory}
        if value not in known:
            raise InputError(f"line {number}: memory must be one of {', '.join(known)}, got {shortened(value)}")
        return known[value]
    try:
        if (operand := int(value, 0)) < 0:
            raise ValueError
        return operand
    except ValueError as error:
        raise InputError(f"line {number}: {key} must be a whole number from 0 on, got {shortened(value)}") from error

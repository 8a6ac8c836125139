"""The instruction set: four instructions of a matrix machine, and four for what those cannot say.

    LOAD  rows of bytes from DRAM into a memory          MAC   sums (+)= inputs x a tile of weights
    STORE rows of bytes from the activations to DRAM     PAD   zeros into a memory

An activation, a maximum, a plain sum and a membrane are no products with weights, so the vector unit has its own:

    ACT   bias, multiplier and limits of 8 bits; sums to activations      MAX   sums = max(sums, inputs), or inputs
    LIF   a step of each membrane for each row of sums: spikes to         ADD   sums (+)= inputs, for a mean
          activations, of a readout potentials

An instruction is 8 words of 32 bits, little-endian. The lowest byte of the first is the opcode, the next its flags; the
others are operands in the order of the fields here. A field that ends in `_count` is 16 bits wide, and shares its word
with the next such field, which is in the upper half; so do `rows` and `columns`.
Addresses are bytes, of sums rows. A walk is two loops: vector (o, i) lies at `address + o outer_step + i inner_step`.
"""

from dataclasses import dataclass
from typing import ClassVar

from circuits.accelerator.machine import Memory

WORDS = 8
BYTES = 4 * WORDS
PARAMETERS_OF_ACT, PARAMETERS_OF_LIF = 2, 8  # words of a column: bias, multiplier; those of `LIF_WORDS`
LIF_WORDS = ("bias", "decay", "v_threshold", "v_floor", "rho", "gain", "jump", "unused")
STATE_WORDS = 2  # of a column: v, w


@dataclass(frozen=True)
class Load:
    """`rows` rows of `row_bytes` from DRAM; row r from `dram + r dram_step` to `address + r step` of `memory`."""

    opcode: ClassVar[int] = 1
    memory: Memory
    dram: int
    address: int
    rows: int
    row_bytes: int
    dram_step: int
    step: int


@dataclass(frozen=True)
class Store:
    """The way back: row r from `address + r step` of the activations to `dram + r dram_step`."""

    opcode: ClassVar[int] = 2
    dram: int
    address: int
    rows: int
    row_bytes: int
    dram_step: int
    step: int


@dataclass(frozen=True)
class Pad:
    """Zeros: row r of `row_bytes` at `address + r step` of `memory`."""

    opcode: ClassVar[int] = 3
    memory: Memory
    address: int
    rows: int
    row_bytes: int
    step: int


@dataclass(frozen=True)
class Mac:
    """sums[s + o inner_count + i, c] (+)= sum_r x[r] weights[r, c], x the `rows` bytes at the walk's vector (o, i).

    The tile is `rows` rows of the array's columns (bytes, int8), of which `columns` count. `accumulate`: add to the
    sums, else begin them. `signed`: inputs are int8, else uint8.
    """

    opcode: ClassVar[int] = 4
    accumulate: bool
    signed: bool
    weights: int
    activations: int
    sums: int
    rows: int
    columns: int
    inner_count: int
    outer_count: int
    inner_step: int
    outer_step: int


@dataclass(frozen=True)
class _Values:
    """Operands of what takes inputs to sums without weights; x as of MAC, `columns` bytes."""

    accumulate: bool
    signed: bool
    activations: int
    sums: int
    columns: int
    inner_count: int
    outer_count: int
    inner_step: int
    outer_step: int


@dataclass(frozen=True)
class Max(_Values):
    """sums[s + o inner_count + i, c] = max(itself, x[c]), or x[c] unless `accumulate`."""

    opcode: ClassVar[int] = 5


@dataclass(frozen=True)
class Add(_Values):
    """sums[s + o inner_count + i, c] (+)= x[c]; all as of MAX."""

    opcode: ClassVar[int] = 9


@dataclass(frozen=True)
class Act:
    """The sums as bytes at the walk's vector (o, i): clip(round_half_even((sum + bias) multiplier / 2^16)).

    `signed`: -128..127, else 0..255. Bias and multiplier of column c are the words 2 c and 2 c + 1 at `parameters`.
    """

    opcode: ClassVar[int] = 6
    signed: bool
    sums: int
    parameters: int
    activations: int
    columns: int
    inner_count: int
    outer_count: int
    inner_step: int
    outer_step: int


@dataclass(frozen=True)
class Lif:
    """One step of `columns` membranes for each of `step_count` rows of sums; row t to `activations + t step`.

    `potential`: a readout's, 4 bytes of each, little-endian; else spikes, a byte each. `LIF_WORDS` of column c are at
    `parameters + 32 c`; v and w of column c at `state + 8 c`.
    """

    opcode: ClassVar[int] = 7
    potential: bool
    sums: int
    parameters: int
    state: int
    activations: int
    columns: int
    step_count: int
    step: int


@dataclass(frozen=True)
class End:
    """Wait until both units are idle, then stop."""

    opcode: ClassVar[int] = 8


Instruction = Load | Store | Pad | Mac | Max | Add | Act | Lif | End
BY_OPCODE: dict[int, type[Instruction]] = {
    kind.opcode: kind for kind in (Load, Store, Pad, Mac, Max, Act, Lif, End, Add)
}

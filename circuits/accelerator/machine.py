"""The machine that programs are for: a systolic array, memories beside it, one port to DRAM.

    DRAM <-> activations, weights, parameters, state -> array of rows x columns -> sums -> vector unit -> activations

Weights stay in the array while inputs stream through it. Every memory on the chip is in two banks of one port each, but
the sums, which are read and written at once: the array computes from one bank while the other is filled. Two units work
side by side, one that moves bytes and one that computes; instructions begin in order, one a cycle.
"""

from dataclasses import dataclass, fields
from enum import IntEnum

from circuits.errors import InputError
from circuits.units import require

MOST_SIDE = 1024  # rows or columns, ASSUMED: larger is a slip of the pen
MOST_BYTES = 2**31


class Memory(IntEnum):
    """Memories on the chip, as instructions number them."""

    ACTIVATIONS = 0  # bytes: inputs, spikes and outputs
    WEIGHTS = 1  # bytes, a row of the array's columns behind the other
    PARAMETERS = 2  # words of 4 bytes, little-endian: what the vector unit knows of a column
    STATE = 3  # words of 4 bytes: potentials and adaptations
    SUMS = 4  # words of 4 bytes, in rows of the array's columns; nothing loads them


@dataclass(frozen=True)
class Machine:
    """Sizes; memories in bytes, both banks together, the sums in rows. `dram_latency`: cycles to a first byte."""

    rows: int
    columns: int
    activations: int
    weights: int
    parameters: int
    state: int
    sums: int
    dram: int
    dram_width: int  # bytes a cycle
    dram_latency: int  # cycles

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in ("state", "dram_latency") else 1
            most = MOST_SIDE if field.name in ("rows", "columns", "dram_width") else MOST_BYTES
            whole = type(value) is int and least <= value <= most
            require(self, field.name, whole, f"a whole number in {least}..{most}")
        for memory in Memory:
            if self.size(memory) % 2:
                raise InputError(
                    f"Machine.{memory.name.lower()} must be even, it is in two banks, got {self.size(memory)}"
                )

    def size(self, memory: Memory) -> int:
        """Bytes of a memory, both banks; rows of the sums."""
        return getattr(self, memory.name.lower())

    def bank(self, memory: Memory, address: int) -> tuple[Memory, int]:
        """The bank that holds an address: 0 is the lower half."""
        return memory, int(address >= self.size(memory) // 2)

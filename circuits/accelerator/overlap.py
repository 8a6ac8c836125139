"""Work in pieces that overlap: while one is computed, the bytes of the next are loaded into the other banks.

    loads 0 | loads 1, computes 0, stores 0 | loads 2, computes 1, stores 1 | ...

A job behind a fence is not begun early: its loads stand behind the stores of the one before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from circuits.accelerator.instructions import Instruction
from circuits.accelerator.machine import Machine, Memory


@dataclass
class Job:
    """What a piece of a layer loads, computes and stores; `layer` is its number."""

    layer: int
    loads: list[Instruction] = field(default_factory=list)
    computes: list[Instruction] = field(default_factory=list)
    stores: list[Instruction] = field(default_factory=list)
    fence: bool = False


def in_order(jobs: Iterable[Job]) -> Iterator[tuple[int, Instruction]]:
    """The instructions of all jobs, each with the number of its layer."""
    before: Job | None = None
    for job in jobs:
        early = [] if job.fence else job.loads
        yield from ((job.layer, one) for one in early)
        if before is not None:
            yield from ((before.layer, one) for one in (*before.computes, *before.stores))
        yield from ((job.layer, one) for one in (job.loads if job.fence else []))
        before = job
    if before is not None:
        yield from ((before.layer, one) for one in (*before.computes, *before.stores))


@dataclass
class Banks:
    """Which bank of each memory was filled last: the next load goes to the other one, while that one is used."""

    machine: Machine
    last: dict[Memory, int] = field(default_factory=dict)

    def other(self, memory: Memory) -> int:
        """The address where the other bank begins; it is now the one that was filled last."""
        self.last[memory] = 1 - self.last.get(memory, 1)
        return self.last[memory] * self.size(memory)

    def size(self, memory: Memory) -> int:
        """Bytes of one bank."""
        return self.machine.size(memory) // 2

"""Instructions in their order, one a cycle: each waits for its unit, and for banks that the other unit uses."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal

from circuits.accelerator.instructions import Act, Add, End, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine
from circuits.accelerator.rtl.bank_use import BANKS, BankUse
from circuits.accelerator.rtl.operands import BITS, is_a, is_one_of

COUNTER_BITS = 48  # cycles of a program


class Controller(Elaboratable):
    """Asks for instruction `program_address`, which comes in the next cycle; a cycle later it may begin.

    `cycles` counts from 0 in the cycle in which the first may begin, and stays when END has begun: then `finished`.
    """

    def __init__(self, machine: Machine):
        self.machine = machine
        self.program_address = Signal(32)
        self.program_data = Signal(BITS)
        self.mover_busy = Signal()
        self.computer_busy = Signal()
        self.start_mover = Signal()
        self.start_computer = Signal()
        self.instruction = Signal(BITS)
        self.cycles = Signal(COUNTER_BITS)
        self.finished = Signal()

    def elaborate(self, platform):
        m = Module()
        self._fetch(m)
        self._begin(m)
        return m

    def _fetch(self, m: Module) -> None:
        """A stage to read, and one to find the banks: both ahead of time, for no instruction is a jump."""
        m.submodules.bank_use = use = BankUse(self.machine)
        self.waiting = Signal()
        self.begins = Signal()
        self.banks = Signal(BANKS)
        counter = Signal(32, name="counter")
        fetched = Signal(name="fetched")
        taken = Signal(name="taken")
        m.d.comb += [
            taken.eq(fetched & (~self.waiting | self.begins)),
            self.program_address.eq(counter + taken),
            use.instruction.eq(self.program_data),
        ]
        m.d.sync += [fetched.eq(1), counter.eq(self.program_address)]
        with m.If(taken):
            m.d.sync += [self.instruction.eq(self.program_data), self.banks.eq(use.banks), self.waiting.eq(1)]

    def _begin(self, m: Module) -> None:
        of_mover = Signal(BANKS, name="of_mover")
        of_computer = Signal(BANKS, name="of_computer")
        moves = is_one_of(self.instruction, Load, Store, Pad)
        computes = is_one_of(self.instruction, Mac, Max, Add, Act, Lif)
        free = ~(
            self.banks & Mux(moves, Mux(self.computer_busy, of_computer, 0), Mux(self.mover_busy, of_mover, 0))
        ).any()
        ready = self.waiting & ~self.finished
        ends = ready & is_a(self.instruction, End) & ~self.mover_busy & ~self.computer_busy
        m.d.comb += [
            self.start_mover.eq(ready & moves & ~self.mover_busy & free),
            self.start_computer.eq(ready & computes & ~self.computer_busy & free),
            self.begins.eq(self.start_mover | self.start_computer),
        ]
        with m.If(self.start_mover):
            m.d.sync += of_mover.eq(self.banks)
        with m.If(self.start_computer):
            m.d.sync += of_computer.eq(self.banks)
        with m.If(ends):
            m.d.sync += self.finished.eq(1)
        with m.Elif(ready):
            m.d.sync += self.cycles.eq(self.cycles + 1)

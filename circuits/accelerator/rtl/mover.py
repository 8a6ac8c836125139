"""The unit that moves bytes: LOAD, STORE and PAD, one piece a cycle.

Step 0 is the cycle of the start; n pieces follow, as wide as the port to DRAM, of PAD as the array's columns:

    LOAD   DRAM asked in 1..n, bytes come and are written in latency + 1..latency + n      busy latency + n
    STORE  activations asked in 0..n - 1, sent in 1..n, there after the latency            busy latency + n
    PAD    zeros written in 1..n                                                           busy n
"""

from amaranth.hdl import Elaboratable, Module, Mux, Signal

from circuits.accelerator.instructions import Load, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.rtl.lane_memory import BytePort
from circuits.accelerator.rtl.operands import BITS, is_a, operand
from circuits.accelerator.rtl.row_walker import RowWalker


class DramPort:
    """One request a cycle, of `count` bytes at any address; what is read or written is so `dram_latency` later."""

    def __init__(self, width: int):
        self.address = Signal(32, name="dram_address")
        self.count = Signal(16, name="dram_count")
        self.read = Signal(name="dram_read")
        self.write = Signal(name="dram_write")
        self.read_data = Signal(8 * width, name="dram_read_data")
        self.write_data = Signal(8 * width, name="dram_write_data")


class Mover(Elaboratable):
    """Takes an instruction in the cycle of `start`; `busy` in the steps behind it. `ports` by memory."""

    def __init__(self, machine: Machine, ports: dict[Memory, BytePort]):
        self.machine, self.ports = machine, ports
        self.start = Signal()
        self.busy = Signal()
        self.instruction = Signal(BITS)
        self.dram = DramPort(machine.dram_width)

    def elaborate(self, platform):
        m = Module()
        m.submodules.on_chip, m.submodules.off_chip = self.on_chip, self.off_chip = RowWalker(), RowWalker()
        self._count_steps(m)
        self._walk(m)
        self._exchange(m)
        self._end(m)
        return m

    def _count_steps(self, m: Module) -> None:
        held = Signal(BITS, name="held")
        self.now = Signal(BITS, name="now")
        counted = Signal(34, name="counted")
        self.step = Signal(34, name="step")
        running = Signal(name="running")
        self.done = Signal(name="done")
        self.loads, self.stores, self.pads = (Signal(name=name) for name in ("loads", "stores", "pads"))
        kinds = {Load: self.loads, Store: self.stores, Pad: self.pads}
        m.d.comb += [
            self.now.eq(Mux(self.start, self.instruction, held)),
            self.step.eq(Mux(self.start, 0, counted)),
            running.eq(self.start | self.busy),
            *(on.eq(running & is_a(self.now, kind)) for kind, on in kinds.items()),
        ]
        m.d.sync += [held.eq(self.now), counted.eq(self.step + 1), self.busy.eq(running & ~self.done)]

    def _of(self, name: str):
        of_load, of_store = operand(self.now, Load, name), operand(self.now, Store, name)
        if name in ("dram", "dram_step"):
            return Mux(self.stores, of_store, of_load)
        return Mux(self.pads, operand(self.now, Pad, name), Mux(self.stores, of_store, of_load))

    def _walk(self, m: Module) -> None:
        machine, on, off = self.machine, self.on_chip, self.off_chip
        arrives = self.loads & (self.step == machine.dram_latency + 1)
        m.d.comb += [
            on.go.eq(arrives | (self.stores & (self.step == 0)) | (self.pads & (self.step == 1))),
            on.first.eq(self._of("address")),
            on.step.eq(self._of("step")),
            on.width.eq(Mux(self.pads, machine.columns, machine.dram_width)),
            off.go.eq((self.loads | self.stores) & (self.step == 1)),
            off.first.eq(self._of("dram")),
            off.step.eq(self._of("dram_step")),
            off.width.eq(machine.dram_width),
        ]
        for walker in (on, off):
            m.d.comb += [walker.rows.eq(self._of("rows")), walker.row_bytes.eq(self._of("row_bytes"))]

    def _exchange(self, m: Module) -> None:
        on, off, dram = self.on_chip, self.off_chip, self.dram
        memory = operand(self.now, Load, "memory")
        width = 8 * self.machine.dram_width
        for key, port in self.ports.items():
            taken = (self.loads | self.pads) & (memory == key)
            m.d.comb += [
                port.address.eq(on.address),
                port.count.eq(on.count),
                port.write.eq(taken & on.active),
                port.data_in.eq(Mux(self.pads, 0, dram.read_data)),
            ]
        source = self.ports[Memory.ACTIVATIONS]
        m.d.comb += [
            source.read.eq(self.stores & on.active),
            dram.address.eq(off.address),
            dram.count.eq(off.count),
            dram.read.eq(self.loads & off.active),
            dram.write.eq(self.stores & off.active),
            dram.write_data.eq(source.data_out[:width]),
        ]

    def _end(self, m: Module) -> None:
        """What is sent needs the latency to be there."""
        latency, sent = self.machine.dram_latency, self.stores & self.off_chip.last
        left = Signal(range(latency + 1), name="left")
        there = Signal(name="there")
        if latency:
            m.d.sync += left.eq(Mux(sent, latency, Mux(left == 0, 0, left - 1)))
        m.d.comb += there.eq((left == 1) if latency else sent)
        m.d.comb += self.done.eq(there | ((self.loads | self.pads) & self.on_chip.last))

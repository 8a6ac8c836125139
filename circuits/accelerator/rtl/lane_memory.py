"""A memory of bytes that gives or takes many neighbours at once, from any address: a small memory a lane, and a turn.

Byte `a` lies in lane `a mod lanes`, row `a // lanes`. Bytes a, a + 1, ... so lie in lanes of their own, turned by
`a mod lanes`; those behind the last lane are one row further. Each lane is in two banks, the lower and the upper half
of the rows, and each bank has one port: two units work at the same time only in different banks.
"""

from amaranth.hdl import Array, Cat, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib.memory import Memory as Storage


class BytePort:
    """What a unit asks of a memory: `count` bytes from `address`; what is read comes in the next cycle."""

    def __init__(self, lanes: int, name: str):
        self.address = Signal(32, name=f"{name}_address")
        self.count = Signal(range(lanes + 1), name=f"{name}_count")
        self.read = Signal(name=f"{name}_read")
        self.write = Signal(name=f"{name}_write")
        self.data_in = Signal(8 * lanes, name=f"{name}_data_in")
        self.data_out = Signal(8 * lanes, name=f"{name}_data_out")


def lanes_for(*widths: int) -> int:
    """The least power of two that is at least each width in bytes."""
    return 1 << (max(widths) - 1).bit_length()


class LaneMemory(Elaboratable):
    """`size` bytes, whole rows of `lanes` in each half, with a port for the computer and one for the mover."""

    def __init__(self, size: int, lanes: int, name: str):
        self.lanes, self.depth = lanes, size // (2 * lanes)
        self.computer, self.mover = BytePort(lanes, f"{name}_computer"), BytePort(lanes, f"{name}_mover")

    def elaborate(self, platform):
        m = Module()
        asked = [_Asked(m, port, self.lanes, self.depth) for port in (self.computer, self.mover)]
        read = [[self._bank(m, asked, lane, bank) for bank in (0, 1)] for lane in range(self.lanes)]
        for request in asked:
            request.answer(m, read)
        return m

    def _bank(self, m: Module, asked: list["_Asked"], lane: int, bank: int) -> Value:
        """One small memory; what it reads."""
        computer, mover = asked
        m.submodules[f"lane_{lane}_{bank}"] = storage = Storage(shape=8, depth=self.depth, init=[])
        reader, writer = storage.read_port(), storage.write_port()
        by_mover = Signal(name=f"by_mover_{lane}_{bank}")
        row = Signal(range(2 * self.depth), name=f"row_{lane}_{bank}")
        writes = [r.hits[lane] & (r.upper[lane] == bank) & r.port.write for r in asked]
        m.d.comb += [
            by_mover.eq(mover.hits[lane] & (mover.upper[lane] == bank)),
            row.eq(Mux(by_mover, mover.rows[lane], computer.rows[lane]) - bank * self.depth),
            reader.addr.eq(row),
            writer.addr.eq(row),
            reader.en.eq(~writer.en),
            writer.en.eq(writes[0] | writes[1]),
            writer.data.eq(Mux(by_mover, mover.byte(lane), computer.byte(lane))),
        ]
        return reader.data


class _Asked:
    """A request as the lanes see it: which are hit, in which row of which bank, with which byte."""

    def __init__(self, m: Module, port: BytePort, lanes: int, depth: int):
        self.port, self.lanes = port, lanes
        name, bits = port.address.name, (lanes - 1).bit_length()
        self.turn = port.address[:bits]
        self.turned_in = _turned(m, port.data_in, self.turn, 8, f"{name}_turned_in")
        within = Cat(k < port.count for k in range(lanes))
        self.hits = Signal(lanes, name=f"{name}_hits")
        meant = _turned(m, within, self.turn, 1, f"{name}_meant")
        m.d.comb += self.hits.eq(Mux(port.read | port.write, meant, 0))
        row = Signal(range(2 * depth), name=f"{name}_row")
        next_row = Signal(range(2 * depth), name=f"{name}_next_row")
        m.d.comb += [row.eq(port.address[bits:]), next_row.eq(row + 1)]
        above = Signal(lanes, name=f"{name}_above")  # lanes that lie before the first byte: one row further
        m.d.comb += above.eq(Cat(lane < self.turn for lane in range(lanes)))
        self.rows = Array(Mux(above[lane], next_row, row) for lane in range(lanes))
        self.upper = Signal(lanes, name=f"{name}_upper")
        m.d.comb += self.upper.eq(Cat(self.rows[lane] >= depth for lane in range(lanes)))

    def byte(self, lane: int) -> Value:
        return self.turned_in[8 * lane : 8 * lane + 8]

    def answer(self, m: Module, read: list[list[Value]]) -> None:
        """Choose the bank of each lane, and turn the bytes back: both as they were asked for a cycle ago."""
        name = self.port.address.name
        upper = Signal(self.lanes, name=f"{name}_was_upper")
        turn = Signal(max(len(self.turn), 1), name=f"{name}_was")
        m.d.sync += [upper.eq(self.upper), turn.eq(self.turn)]
        found = Cat(Mux(upper[lane], *reversed(read[lane])) for lane in range(self.lanes))
        back = Signal.like(turn, name=f"{name}_back")
        m.d.comb += back.eq(-turn)
        m.d.comb += self.port.data_out.eq(_turned(m, found, back, 8, f"{name}_turned_out"))


def _turned(m: Module, data: Value, by: Value, width: int, name: str) -> Value:
    """Piece k of `width` bits moves to place k + by, around the end; a layer of switches for each bit of `by`."""
    for bit in range(len(by)):
        step = (width << bit) % max(len(data), 1)
        following = Signal(len(data), name=f"{name}_{bit}")
        m.d.comb += following.eq(Mux(by[bit], Cat(data[len(data) - step :], data[: len(data) - step]), data))
        data = following
    return data

"""The sums: a memory of 32-bit words for each column, read and written in the same cycle at addresses of its own."""

from amaranth.hdl import Elaboratable, Module, Signal, signed
from amaranth.lib.memory import Memory as Storage


class SumMemory(Elaboratable):
    """`depth` rows of `columns` sums. Columns have addresses of their own, for the array reaches them one by one.

    A port to read and one to write: the array adds to a row `rows` cycles after it asked for it.
    """

    def __init__(self, depth: int, columns: int):
        self.depth, self.columns = depth, columns
        self.read_row = [Signal(range(depth), name=f"read_row_{c}") for c in range(columns)]
        self.read_data = [Signal(signed(32), name=f"read_data_{c}") for c in range(columns)]
        self.write_row = [Signal(range(depth), name=f"write_row_{c}") for c in range(columns)]
        self.write_data = [Signal(signed(32), name=f"write_data_{c}") for c in range(columns)]
        self.write = Signal(columns)

    def elaborate(self, platform):
        m = Module()
        for c in range(self.columns):
            m.submodules[f"column_{c}"] = storage = Storage(shape=signed(32), depth=self.depth, init=[])
            reader, writer = storage.read_port(), storage.write_port()
            m.d.comb += [
                reader.en.eq(1),
                reader.addr.eq(self.read_row[c]),
                self.read_data[c].eq(reader.data),
                writer.addr.eq(self.write_row[c]),
                writer.data.eq(self.write_data[c]),
                writer.en.eq(self.write[c]),
            ]
        return m

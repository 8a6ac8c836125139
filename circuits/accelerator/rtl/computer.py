"""The unit that computes: MAC, MAX, ADD, ACT and LIF, each as a row of steps that are counted from the start.

Step 0 is the cycle of the start; the unit is busy in the steps behind it, T = inner_count outer_count:

    MAC  weights asked 0..rows - 1, shifted in 1..rows; vector t asked at rows + t, its sum in column c written at
         2 rows + t + c                                                            busy 2 rows + T + columns - 2
    MAX  inputs asked at t, sums at t + 1, written at t + 2; so ADD                busy T + 1
    ACT  parameters asked 0..1; sums asked at t + 2, bytes written at t + 4        busy T + 3
    LIF  parameters asked 0..7, state 0..1; sums asked at 2 t + 8, phases at 2 t + 9 and 2 t + 10 which writes; state
         written at 2 T + 9 and 2 T + 10                                           busy 2 T + 10

A port of the parameters or the state is a word of 4 bytes a column wide, as a row of the sums is.
"""

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value

from circuits.accelerator.instructions import LIF_WORDS, Act, Add, Lif, Mac, Max
from circuits.accelerator.machine import Machine
from circuits.accelerator.rtl.lane_memory import BytePort
from circuits.accelerator.rtl.operands import BITS, is_a, is_one_of, operand
from circuits.accelerator.rtl.sum_memory import SumMemory
from circuits.accelerator.rtl.systolic_array import SystolicArray
from circuits.accelerator.rtl.vector_lane import MULTIPLIER, VectorLane
from circuits.accelerator.rtl.walker import Walker

ACT_WORDS, STATE = ("bias", MULTIPLIER), ("v", "w")
ACT_BEATS, LIF_BEATS = len(ACT_WORDS), len(LIF_WORDS)  # cycles to ask for the parameters of all columns
STATE_BEATS = len(STATE)
FIRST_SUM = {Max: 1, Act: ACT_BEATS, Lif: LIF_BEATS}  # the step in which row 0 of the sums is asked for
_LIKE = {Max: (Max, Add)}  # two that differ in nothing but what they make of a sum and an input
FIRST_WRITE = {Act: ACT_BEATS + 2, Lif: LIF_BEATS + 2}


class Computer(Elaboratable):
    """Takes an instruction in the cycle of `start`; `busy` in the steps behind it. Ports go to memories outside."""

    def __init__(self, machine: Machine, ports: dict[str, BytePort]):
        self.machine, self.ports = machine, ports
        self.start = Signal()
        self.busy = Signal()
        self.instruction = Signal(BITS)
        self.sums = SumMemory(machine.sums, machine.columns)
        self.array = SystolicArray(machine.rows, machine.columns)
        self.lanes = [VectorLane() for _ in range(machine.columns)]
        self.walker = Walker()

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums, m.submodules.array, m.submodules.walker = self.sums, self.array, self.walker
        for c, lane in enumerate(self.lanes):
            m.submodules[f"lane_{c}"] = lane
        self._count_steps(m)
        self._walk(m)
        self._stream(m)
        self._point_at_sums(m)
        self._feed_lanes(m)
        self._load_parameters(m)
        self._exchange_state(m)
        self._write_activations(m)
        return m

    def _count_steps(self, m: Module) -> None:
        """What runs now, and its step. The instruction is held behind its first cycle."""
        held = Signal(BITS, name="held")
        self.now = Signal(BITS, name="now")
        counted = Signal(34, name="counted")  # to 2 T + 10 at most, T 32 bits wide
        self.step = Signal(34, name="step")
        self.done = Signal(name="done")
        running = Signal(name="running")
        self.runs = {kind: Signal(name=f"runs_{kind.__name__.lower()}") for kind in (Mac, Max, Act, Lif)}
        m.d.comb += [
            self.now.eq(Mux(self.start, self.instruction, held)),
            self.step.eq(Mux(self.start, 0, counted)),
            running.eq(self.start | self.busy),
            *(on.eq(running & is_one_of(self.now, *_LIKE.get(kind, (kind,)))) for kind, on in self.runs.items()),
        ]
        m.d.sync += [held.eq(self.now), counted.eq(self.step + 1), self.busy.eq(running & ~self.done)]

    def _of(self, name: str, *kinds: type) -> Value:
        """A field that lies differently in different instructions."""
        value = operand(self.now, kinds[0], name)
        for kind in kinds[1:]:
            value = Mux(self.runs[kind], operand(self.now, kind, name), value)
        return value

    def _walk(self, m: Module) -> None:
        """Vectors in the activations: those that are read from their first read on, others from their first write."""
        walker, lif = self.walker, self.runs[Lif]
        firsts = {Mac: self.machine.rows, Max: 0, **FIRST_WRITE}
        goes = [self.runs[kind] & (self.step == first) for kind, first in firsts.items()]
        m.d.comb += [
            walker.go.eq(Cat(goes).any()),
            walker.first.eq(self._of("activations", Mac, Max, Act, Lif)),
            walker.inner_count.eq(
                Mux(lif, operand(self.now, Lif, "step_count"), self._of("inner_count", Mac, Max, Act))
            ),
            walker.outer_count.eq(Mux(lif, 1, self._of("outer_count", Mac, Max, Act))),
            walker.inner_step.eq(Mux(lif, operand(self.now, Lif, "step"), self._of("inner_step", Mac, Max, Act))),
            walker.outer_step.eq(self._of("outer_step", Mac, Max, Act)),
            walker.move.eq(~lif | ~self.step[0]),  # a membrane takes two cycles, and writes in the even steps
        ]

    def _stream(self, m: Module) -> None:
        """Weights into the array, the lowest row first, then inputs: bytes behind `rows` count as zero."""
        rows, columns, mac = self.machine.rows, self.machine.columns, self.runs[Mac]
        n, port, inputs = operand(self.now, Mac, "rows"), self.ports["weights"], self.ports["activations"]
        row = Signal(range(rows), name="weight_row")
        address = Signal(32, name="weight_address")
        m.d.comb += [
            row.eq(rows - 1 - self.step),
            address.eq(operand(self.now, Mac, "weights") + row * columns),
            port.address.eq(address),
            port.count.eq(columns),
            port.read.eq(mac & (self.step < rows) & (row < n)),
            self.array.load.eq(mac & (self.step > 0) & (self.step <= rows)),
        ]
        asked = Signal(name="weights_asked")
        m.d.sync += asked.eq(port.read)
        for c, weight in enumerate(self.array.weights):
            m.d.comb += weight.eq(Mux(asked, port.data_out[8 * c : 8 * c + 8], 0))
        for r, x in enumerate(self.array.x):
            byte = inputs.data_out[8 * r : 8 * r + 8]
            value = Mux(operand(self.now, Mac, "signed"), byte.as_signed(), byte)
            m.d.comb += x.eq(Mux(r < n, value, 0))

    def _point_at_sums(self, m: Module) -> None:
        """The row of the sums that is asked for, and the one that is written; of MAC a column later in each next one.

        The end of MAC goes through the array beside its last vector.
        """
        rows, columns, mac, largest = self.machine.rows, self.machine.columns, self.runs[Mac], self.runs[Max]
        row, written = (Signal(range(self.machine.sums), name=name) for name in ("asked_row", "written_row"))
        here = Signal.like(row, name="row_here")
        write = Signal(name="write_sums")
        first = self._of("sums", Mac, Max, Act, Lif)
        lif_asks = self.runs[Lif] & (self.step >= FIRST_SUM[Lif]) & ~self.step[0]
        asks = [mac & self.walker.active, lif_asks, *(self.runs[k] & (self.step >= FIRST_SUM[k]) for k in (Max, Act))]
        write_here = Signal.like(row, name="written_here")
        m.d.comb += [
            here.eq(Mux(self.start, first, row)),
            write_here.eq(Mux(self.start, first, written)),
            write.eq(_delayed(m, mac & self.walker.active, rows) | _delayed(m, largest & self.walker.active, 2)),
        ]
        m.d.sync += [row.eq(here + Cat(asks).any()), written.eq(write_here + write)]
        self._address_columns(m, here, write_here, write)
        last = self.walker.last & self.walker.move
        mac_ends, max_ends = _delayed(m, mac & last, rows + columns - 1), _delayed(m, largest & last, 2)
        self.write_back = [_delayed(m, self.runs[Lif] & last, 1 + beat) for beat in range(STATE_BEATS)]
        m.d.comb += self.done.eq(mac_ends | max_ends | (self.runs[Act] & last) | self.write_back[-1])

    def _address_columns(self, m: Module, asked: Value, written: Value, write: Value) -> None:
        """Those of MAC pass from column to column, and nothing else: it would still be on its way when MAC begins."""
        mac, largest, n = self.runs[Mac], self.runs[Max], self._of("columns", Mac, Max)
        late_asked, late_written, late_write = asked, written, write & mac
        for c, lane in enumerate(self.lanes):
            if c:
                late_asked, late_written, late_write = (
                    _delayed(m, x, 1) for x in (late_asked, late_written, late_write)
                )
            m.d.comb += [
                self.sums.read_row[c].eq(Mux(mac, late_asked, asked)),
                self.sums.write_row[c].eq(Mux(mac, late_written, written)),
                self.sums.write[c].eq((c < n) & Mux(mac, late_write, write & largest)),
                self.sums.write_data[c].eq(Mux(mac, self.array.bottom[c], lane.merged)),
                self.array.top[c].eq(Mux(operand(self.now, Mac, "accumulate"), self.sums.read_data[c], 0)),
            ]

    def _feed_lanes(self, m: Module) -> None:
        """Sums, inputs and phases, the same for all lanes."""
        signed, steps = self._of("signed", Act, Max), self.step
        in_phase = self.runs[Lif] & (steps > LIF_BEATS) & ~Cat(self.write_back).any()
        for c, lane in enumerate(self.lanes):
            m.d.comb += [
                lane.sum.eq(self.sums.read_data[c]),
                lane.act.eq(self.runs[Act]),
                lane.first.eq(in_phase & steps[0]),
                lane.second.eq(in_phase & ~steps[0]),
                lane.spiking.eq(~operand(self.now, Lif, "potential")),
                lane.signed.eq(signed),
                lane.accumulate.eq(operand(self.now, Max, "accumulate")),
                lane.adds.eq(is_a(self.now, Add)),
            ]
            m.d.sync += lane.x.eq(self.ports["activations"].data_out[8 * c : 8 * c + 8])

    def _load_parameters(self, m: Module) -> None:
        port, act, lif = self.ports["parameters"], self.runs[Act], self.runs[Lif]
        words = self._of("columns", Act, Lif) << Mux(lif, (LIF_BEATS - 1).bit_length(), (ACT_BEATS - 1).bit_length())
        self._ask(m, port, self._of("parameters", Act, Lif), words)
        m.d.comb += port.read.eq((act & (self.step < ACT_BEATS)) | (lif & (self.step < LIF_BEATS)))
        for c, lane in enumerate(self.lanes):
            self._take(m, lane, port, act, ACT_WORDS, c)
            self._take(m, lane, port, lif, LIF_WORDS[:-1], c, len(LIF_WORDS))

    def _exchange_state(self, m: Module) -> None:
        """Potentials and adaptations, read at the start, written when the last row is done."""
        lif = self.runs[Lif]
        if "state" not in self.ports:
            return
        port, n = self.ports["state"], operand(self.now, Lif, "columns")
        second = Mux(self.write_back[1], 1, self.step)
        self._ask(m, port, operand(self.now, Lif, "state"), n << 1, Mux(self.write_back[0], 0, second))
        words = Cat(lane.words[name] for lane in self.lanes for name in STATE)
        half = len(words) // STATE_BEATS
        m.d.comb += [
            port.read.eq(lif & (self.step < STATE_BEATS)),
            port.write.eq(Cat(self.write_back).any()),
            port.data_in.eq(Mux(self.write_back[0], words[:half], words[half:])),
        ]
        for c, lane in enumerate(self.lanes):
            self._take(m, lane, port, lif, STATE, c)

    def _ask(self, m: Module, port: BytePort, first: Value, words: Value, beat: Value | None = None) -> None:
        """Beat k of a table of `words` words: one word a column, as far as there are any."""
        columns, beat = self.machine.columns, self.step if beat is None else beat
        before = Signal(range(LIF_BEATS * columns), name=f"{port.address.name}_before")
        left = Signal(range(len(LIF_WORDS) * columns + 1), name=f"{port.address.name}_left")
        m.d.comb += [
            before.eq((beat & (LIF_BEATS - 1)) * columns),
            left.eq(Mux(words > before, words - before, 0)),
            port.address.eq(first + (before << 2)),
            port.count.eq(Mux(left > columns, columns, left) << 2),
        ]

    def _take(self, m, lane: VectorLane, port: BytePort, on: Value, names, column: int, words: int = 0) -> None:
        """The words of a column as they come out of the memory, a cycle behind the beat that asked for them."""
        for k, name in enumerate(names):
            beat, place = divmod(column * (words or len(names)) + k, self.machine.columns)
            with m.If(on & (self.step == beat + 1)):
                m.d.comb += [lane.loads[name].eq(1), lane.loaded[name].eq(port.data_out[32 * place : 32 * place + 32])]

    def _write_activations(self, m: Module) -> None:
        """Inputs are read where MAC or MAX walk; bytes, spikes and potentials are written where ACT or LIF do."""
        port, n = self.ports["activations"], self._of("columns", Mac, Max, Act, Lif)
        lif, walks = self.runs[Lif], self.walker.active
        as_potentials = lif & operand(self.now, Lif, "potential")
        spikes = Cat(Mux(lif, lane.spike, lane.byte) for lane in self.lanes)
        potentials = Cat(lane.words["v"] for lane in self.lanes)
        bytes_read = Mux(self.runs[Mac], operand(self.now, Mac, "rows"), n)
        m.d.comb += [
            port.address.eq(self.walker.address),
            port.count.eq(Mux(as_potentials, n << 2, bytes_read)),
            port.read.eq((self.runs[Mac] | self.runs[Max]) & walks),
            port.write.eq((self.runs[Act] & walks) | (lif & walks & self.walker.move)),
            port.data_in.eq(Mux(as_potentials, potentials, spikes)),
        ]


def _delayed(m: Module, x: Value, cycles: int) -> Value:
    """The same so many cycles later."""
    for _ in range(cycles):
        following = Signal.like(x, name="delayed")
        m.d.sync += following.eq(x)
        x = following
    return x

"""The silicon of a processor near threshold as its file has it, and what follows at a supply and a temperature.

f(V) = f0 delay(V0) / delay(V),   E(V) = E0 (V/V0)^2,   P_leak(V) = V I_leak(V)           circuits.energy.voltage_laws
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from circuits.energy.boundary import SILICON
from circuits.energy.memory_levels import multiply_accumulate
from circuits.energy.operation_counts import peak_operations
from circuits.energy.sram_area import memory_area
from circuits.energy.voltage_laws import LogicProcess, at_temperature, delay, dynamic_scale, leak
from circuits.energy.voltage_spread import FailingGates, lowest_supply
from circuits.units import (
    Amperes,
    Hertz,
    Joules,
    Kelvin,
    Metres,
    SquareMetres,
    VoltMetres,
    Volts,
    Watts,
    freeze_si,
    require,
)

MOST_BYTES = 2**31


@dataclass(frozen=True)
class MacArray:
    """Multipliers that work side by side, and what one operation costs at the supply of `KnownPoint`.

    operation_bits: width that `operation` is published for; another width costs as `multiply_accumulate` has it.
    leak: of one multiplier, its registers included, at the supply of `LocalMemory.leak_at`.
    """

    macs: int
    bits: int
    operation: Joules
    operation_bits: int
    operations_per_mac: int
    utilisation: float
    leak: Amperes

    def __post_init__(self):
        freeze_si(self)
        for name, least, most in (("macs", 1, 2**20), ("bits", 2, 16), ("operation_bits", 2, 16)):
            _require_whole(self, name, least, most)
        require(self, "operations_per_mac", self.operations_per_mac in (1, 2), "1 or 2, as the paper counts")
        require(self, "utilisation", 0 < self.utilisation <= 1, "above 0 and at most 1")
        for name in ("operation", "leak"):
            require(self, name, getattr(self, name) > 0, "positive")

    @property
    def mac(self) -> Joules:
        """A product with its sum, at the width of the chip."""
        wider = multiply_accumulate(self.bits) / multiply_accumulate(self.operation_bits)
        return self.operations_per_mac * self.operation * wider


@dataclass(frozen=True)
class LocalMemory:
    """SRAM beside the multipliers; joules of a byte at the supply of `KnownPoint`, leak of a bit at `leak_at`."""

    bytes: int
    read: Joules
    write: Joules
    leak: Amperes
    leak_at: Volts
    cell: SquareMetres  # area of a bit
    transistors: int  # of a cell

    def __post_init__(self):
        freeze_si(self)
        _require_whole(self, "bytes", 1, MOST_BYTES)
        _require_whole(self, "transistors", 4, 16)
        for name in ("read", "write", "leak", "leak_at", "cell"):
            require(self, name, getattr(self, name) > 0, "positive")

    @property
    def bits(self) -> int:
        return 8 * self.bytes

    @property
    def area(self) -> SquareMetres:
        """Of the cells, without what is around them."""
        return memory_area(self.bytes, 8, self.cell, self.transistors).area


@dataclass(frozen=True)
class KnownPoint:
    """The supply and clock that the chip was published at, and the highest supply that its transistors stand."""

    v_dd: Volts
    clock: Hertz
    v_most: Volts

    def __post_init__(self):
        freeze_si(self)
        require(self, "v_dd", self.v_dd > 0, "positive")
        require(self, "clock", self.clock > 0, "positive")
        require(self, "v_most", self.v_most >= self.v_dd, "at least v_dd")


@dataclass(frozen=True)
class Mismatch:
    """What makes circuits fail at a low supply; widths and lengths are of the transistors that decide.

    fraction_good: chips that have to work at the lowest supply.   path: gates in a row within a clock cycle.
    """

    a_vt: VoltMetres
    cell_width: Metres
    cell_length: Metres
    cell_margin: float
    gates: int
    gate_width: Metres
    gate_length: Metres
    gate_margin: float
    fraction_good: float
    path: int

    def __post_init__(self):
        freeze_si(self)
        _require_whole(self, "gates", 1, 10**12)
        _require_whole(self, "path", 1, 10**6)
        require(self, "fraction_good", 0 < self.fraction_good < 1, "between 0 and 1")

    def cells(self, bits: int) -> FailingGates:
        """The cells of a memory of so many bits."""
        return FailingGates(bits, self.a_vt, self.cell_width, self.cell_length, self.cell_margin)

    @property
    def logic(self) -> FailingGates:
        return FailingGates(self.gates, self.a_vt, self.gate_width, self.gate_length, self.gate_margin)


@dataclass(frozen=True)
class Sleep:
    """Between two inferences: a fraction of the array's leak is cut off, the memory keeps its contents.

    wake: to switch the array on, at the supply of `KnownPoint`.   store_bit, restore_bit: of a memory that remembers
    without power, at a supply of its own.
    """

    gated: float
    wake: Joules
    store_bit: Joules
    restore_bit: Joules

    def __post_init__(self):
        freeze_si(self)
        require(self, "gated", 0 <= self.gated <= 1, "0 to 1")
        for name in ("wake", "store_bit", "restore_bit"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


@dataclass(frozen=True)
class Measured:
    """What was published of the whole, at a rate of frames, and what that pays for."""

    power: Watts
    frame_rate: Hertz
    boundary: str
    covers: str
    die: SquareMetres

    def __post_init__(self):
        freeze_si(self)
        for name in ("power", "frame_rate", "die"):
            require(self, name, getattr(self, name) > 0, "positive")
        require(self, "boundary", self.boundary in SILICON, f"one of {', '.join(SILICON)}")

    @property
    def frame(self) -> Joules:
        """Energy of one frame, P / rate."""
        return self.power / self.frame_rate

    def as_dict(self) -> dict[str, float | str]:
        """What reports print of it."""
        return {
            "power_w": self.power,
            "frame_rate_hz": self.frame_rate,
            "energy_per_frame_j": self.frame,
            "boundary": self.boundary,
            "covers": self.covers,
        }


@dataclass(frozen=True)
class OperatingPoint:
    """The processor at a supply and a temperature: clock, joules of each event, watts of each leak."""

    v_dd: Volts
    temperature: Kelvin
    clock: Hertz
    mac: Joules
    read: Joules  # of a byte
    write: Joules
    array_leak: Watts
    memory_leak: Watts
    wake: Joules

    @property
    def leak(self) -> Watts:
        return self.array_leak + self.memory_leak


@dataclass(frozen=True)
class Body:
    """All of the silicon."""

    process: LogicProcess
    point: KnownPoint
    array: MacArray
    memory: LocalMemory
    mismatch: Mismatch
    sleep: Sleep
    measured: Measured

    def process_at(self, temperature: Kelvin | None = None) -> LogicProcess:
        """Its transistors at a temperature; None: that of the file. Raises: InputError outside -40 to 125 C."""
        return self.process if temperature is None else at_temperature(self.process, temperature)

    def at(self, v_dd: Volts, temperature: Kelvin | None = None) -> OperatingPoint:
        """The processor there. Raises: InputError for a supply that is not positive, or too hot or cold."""
        return self.made_of(self.process_at(temperature), v_dd)

    def made_of(self, there: LogicProcess, v_dd: Volts) -> OperatingPoint:
        """The same processor of transistors that are hotter, slower or leakier than its own."""
        scale = dynamic_scale(v_dd, self.point.v_dd)
        closed = v_dd * leak(v_dd, there) / leak(self.memory.leak_at, self.process)
        return OperatingPoint(
            v_dd=v_dd,
            temperature=there.temperature,
            clock=self.point.clock * delay(self.point.v_dd, self.process) / delay(v_dd, there),
            mac=self.array.mac * scale,
            read=self.memory.read * scale,
            write=self.memory.write * scale,
            array_leak=self.array.macs * self.array.leak * closed,
            memory_leak=self.memory.bits * self.memory.leak * closed,
            wake=self.sleep.wake * scale,
        )

    @cached_property
    def memory_fails_below(self) -> Volts:
        """The supply below which a cell of the memory loses its bit."""
        return lowest_supply(self.mismatch.cells(self.memory.bits), self.mismatch.fraction_good)

    @cached_property
    def logic_fails_below(self) -> Volts:
        return lowest_supply(self.mismatch.logic, self.mismatch.fraction_good)

    @property
    def peak_operations(self) -> Hertz:
        """Operations a second at the published clock, all multipliers in use."""
        return peak_operations(self.array.macs, self.point.clock, self.array.operations_per_mac)

    @property
    def bits_per_cycle(self) -> int:
        """What the memory delivers to the multipliers in a cycle: one weight each."""
        return self.array.macs * self.array.bits


def _require_whole(record: Any, name: str, least: int, most: int) -> None:
    value = getattr(record, name)
    require(record, name, type(value) is int and least <= value <= most, f"a whole number in {least}..{most}")

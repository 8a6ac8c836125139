"""What a chip of phase-change crossbars is made of: the size of a tile, its devices, its converters, its periphery."""

from dataclasses import dataclass

from circuits.nonideal.converter_bits import MOST_BITS
from circuits.nonideal.pcm_device import PcmDevice
from circuits.nonideal.weight_devices import WeightCoding
from circuits.units import Seconds, freeze_si, require

MOST = 2**16  # lines or devices across of a tile


@dataclass(frozen=True)
class TileShape:
    """Lines, and devices on each of them."""

    lines: int
    devices: int

    def __post_init__(self):
        for name in ("lines", "devices"):
            value = getattr(self, name)
            require(self, name, type(value) is int and 1 <= value <= MOST, f"a whole number in 1..{MOST}")

    def columns(self, coding: WeightCoding) -> int:
        """Weights on a line."""
        return self.devices // coding.devices


@dataclass(frozen=True)
class Converters:
    """Pulses in, ramps out.

    input_bits, output_bits: 0 of what is neither rounded nor cut off.   step: the longest pulse, and the longest ramp.
    jitter: sigma of a duration.   headroom: range of a column's capacitor over the largest sum that was calibrated.
    """

    input_bits: int
    output_bits: int
    step: Seconds
    jitter: Seconds
    headroom: float

    def __post_init__(self):
        freeze_si(self)
        for name in ("input_bits", "output_bits"):
            value = getattr(self, name)
            require(self, name, type(value) is int and 0 <= value <= MOST_BITS, f"a whole number in 0..{MOST_BITS}")
        require(self, "step", self.step > 0, "positive")
        require(self, "jitter", 0 <= self.jitter < self.step, "zero or positive, and less than the step")
        require(self, "headroom", 0 < self.headroom <= 100, "above 0 and at most 100")


@dataclass(frozen=True)
class Periphery:
    """Sigma from column to column: gain of positive against negative sums, and offset over the converter's range."""

    gain: float
    offset: float

    def __post_init__(self):
        for name in ("gain", "offset"):
            require(self, name, 0 <= getattr(self, name) < 1, "0 to less than 1")


EVEN = Periphery(gain=0.0, offset=0.0)


@dataclass(frozen=True)
class CrossbarSettings:
    """window: noise that is slower is the same for all readings.   references: rows that drift is measured by."""

    shape: TileShape
    device: PcmDevice
    coding: WeightCoding
    converters: Converters
    periphery: Periphery
    window: Seconds
    balanced: bool
    compensated: bool
    references: int

    def __post_init__(self):
        freeze_si(self)
        require(self, "window", self.window >= self.device.t_read, "at least the t_read of the device")
        require(self, "references", 1 <= self.references <= 4096, "1 to 4096")
        devices = self.coding.devices
        require(self, "shape", self.shape.devices >= devices, f"at least {devices} devices wide, one weight")

"""What drives the lines of a memory that averages: a digital-to-analog converter on each, 0 to its full scale of 1.

    V(code) = code / n + curve(code) / n + offset / n_own,    n = 2^b - 1

The curve is a random walk that is tied to 0 at both ends, as of n steps that differ by chance: its deviation is
2 inl sqrt(code (n - code)) / n steps, largest, `inl`, in the middle (integral non-linearity). The offset is drawn once
a driver, in steps of the converter that is built, n_own of them to full scale: in volts it is the same for all layers,
however many bits they use. Both belong to a piece of silicon. Of one bit there is no curve: a spike or none. A line
without a spike is not driven: it rests at 0 V, as it costs nothing. A value of 0 is driven, offset and all.
"""

from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError

MOST_BITS = 7  # Conv-SRAM reports 6; ASSUMED to end where its description of 7 bits does
SHARES = np.linspace(0.25, 1.0, 16)  # of the largest value, tried as full scale; ASSUMED: none clips more


@dataclass(frozen=True, eq=False)
class Drivers:
    """Those of some lines: which voltage each gives for each code, `(line, code)`, over the full scale."""

    volts: np.ndarray

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Voltages of codes `(row, line)`, same shape."""
        return self.volts[np.arange(len(self.volts)), codes]


def steps(bits: int) -> int:
    """2^b - 1, from nothing to full scale. Raises: InputError for other than 1 to 7 bits."""
    if not (isinstance(bits, int) and 1 <= bits <= MOST_BITS):
        raise InputError(f"a driver of a line has 1 to {MOST_BITS} bits, got {bits}")
    return 2**bits - 1


def drawn_drivers(
    lines: int, bits: int, inl: float, offset: float, rng: np.random.Generator, *, rests: bool = False
) -> Drivers:
    """Drivers of so many lines, of which `bits` are used.

    inl: standard deviation, in steps of a code.   offset: another one, over the full scale.   rests: a code of 0 is not
    driven, as a line without a spike.
    """
    n = steps(bits)
    ideal = np.arange(n + 1) / n
    walk = np.concatenate([np.zeros((lines, 1)), rng.standard_normal((lines, n)).cumsum(axis=1)], axis=1)
    tied = walk - walk[:, -1:] * ideal  # deviation sqrt(code (n - code) / n)
    curve = tied * 2 * inl / np.sqrt(n)
    volts = ideal + curve / n + offset * rng.standard_normal((lines, 1))
    if rests:
        volts[:, 0] = 0.0
    return Drivers(volts)


def driver_codes(values: np.ndarray, full_scale: float, bits: int) -> np.ndarray:
    """Whole numbers 0 to 2^b - 1 of values that are not negative; above full scale they saturate."""
    n = steps(bits)
    return np.clip(np.rint(values * (n / full_scale)), 0, n).astype(np.int64)


def least_error_scale(values: np.ndarray, bits: int) -> float:
    """The full scale of least squared error for such values; 1 where all are 0. Wider rounds more, narrower clips."""
    largest = float(values.max(initial=0.0))
    if largest <= 0:
        return 1.0
    n = steps(bits)
    return min(
        largest * SHARES[::-1],  # the widest first: of equals it is taken
        key=lambda scale: float(np.square(values - driver_codes(values, scale, bits) * (scale / n)).sum()),
    )

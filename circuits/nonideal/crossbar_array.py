"""A matrix on tiles of phase-change devices: an `Array` of `circuits.nonideal.analog_network`.

    y_j = scale_j largest sum_r reading_r(pulses(x))_j

Each row r of tiles is converted by itself, then all are added digitally.
"""

from dataclasses import dataclass, replace

import numpy as np

from circuits.errors import InputError
from circuits.nonideal.asymmetry import drawn_asymmetry
from circuits.nonideal.crossbar_settings import CrossbarSettings, TileShape
from circuits.nonideal.drift_compensation import compensation
from circuits.nonideal.pcm_weights import WeightsNow, WrittenWeights, weights_at, write_weights
from circuits.nonideal.pulse_input import n_ticks, pulse_widths
from circuits.nonideal.silicon_age import require_age
from circuits.nonideal.tile_reading import FLOAT, TileRow, tile_weights
from circuits.nonideal.weight_devices import WeightCoding
from circuits.units import Seconds

BATCH = 4096  # rows at a time: memory does not grow with the steps of all clips


def cuts(total: int, most: int) -> tuple[slice, ...]:
    """Consecutive parts of at most so many, the last one the shortest. Raises: InputError for a most below 1."""
    if most < 1:
        raise InputError(f"a tile must have at least 1 line and 1 column, got {most}; give a larger tile")
    return tuple(slice(start, min(start + most, total)) for start in range(0, total, most))


def tile_grid(shape: tuple[int, int], tile: TileShape, coding: WeightCoding) -> tuple[tuple[slice, slice], ...]:
    """Lines and columns of each tile that a matrix of a shape takes, row of tiles by row."""
    columns = cuts(shape[1], tile.columns(coding))
    return tuple((lines, own) for lines in cuts(shape[0], tile.lines) for own in columns)


@dataclass(frozen=True, eq=False)
class CrossbarArray:
    """One matrix of one piece of silicon at one age; see `crossbar_array`."""

    rows: tuple[TileRow, ...]
    scale: np.ndarray  # (column,)
    largest: float
    ticks: int

    def products(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sums `(row, column)` of inputs `(row, line)`; `rng` draws the noise of these readings."""
        sums = np.empty((len(x), len(self.scale)))
        for start in range(0, len(x), BATCH):
            part = slice(start, start + BATCH)
            widths = pulse_widths(np.asarray(x[part], FLOAT), self.largest, self.ticks)
            sums[part] = sum(row.reading(widths, rng) for row in self.rows)
        return sums * (self.scale * self.largest)

    @property
    def weights(self) -> np.ndarray:
        """What the devices hold in the mean of many readings, compensated, `(line, column)`."""
        return self.scale * np.vstack([row.factor * row.weights for row in self.rows])


def crossbar_array(
    weights: np.ndarray,
    settings: CrossbarSettings,
    seen: np.ndarray,
    rng: np.random.Generator,
    age: Seconds = 0.0,
) -> CrossbarArray:
    """Weights `(line, column)` written to devices and read `age` later.

    Args:
      seen: inputs `(row, line)` that the ranges of the converters are set by, and of which drift is measured.
      rng: draws the piece of silicon: the same seed gives the same one at every age.
    Raises: InputError for an age below zero, or inputs that do not fit.
    """
    require_age(age)
    if seen.ndim != 2 or seen.shape[1] != len(weights) or not len(seen):
        raise InputError(f"inputs to calibrate on have shape {seen.shape}, expected (at least 1 row, {len(weights)})")
    making, reading, measuring = rng.spawn(3)
    silicon = write_weights(weights, settings.device, settings.coding, making)
    inputs = _Inputs.of(seen, settings)
    fresh = weights_at(silicon, 0.0, settings.window, reading)
    row = _rows(silicon, fresh, settings, inputs, making)
    if age:
        now = weights_at(silicon, age, settings.window, reading)
        row = [_aged(one, now, settings, inputs, measuring) for one in row]
    return CrossbarArray(tuple(row), silicon.scale, inputs.largest, inputs.ticks)


@dataclass(frozen=True, eq=False)
class _Inputs:
    """How the inputs of a layer become pulses, and what it is calibrated on."""

    widths: np.ndarray  # (row, line), of all that was seen
    references: np.ndarray  # some of them
    largest: float
    ticks: int

    @classmethod
    def of(cls, seen: np.ndarray, settings: CrossbarSettings) -> "_Inputs":
        largest = float(np.abs(seen).max()) or 1.0
        bits = settings.converters.input_bits
        ticks = n_ticks(bits, bool(seen.min() < 0)) if bits else 0
        widths = pulse_widths(np.asarray(seen, FLOAT), largest, ticks)
        return cls(widths, widths[:: max(1, -(-len(widths) // settings.references))], largest, ticks)


def _rows(
    silicon: WrittenWeights, fresh: WeightsNow, settings: CrossbarSettings, inputs: _Inputs, rng: np.random.Generator
) -> list[TileRow]:
    """The tiles as they are when just written; the largest sum of what was seen sets the range of each."""
    converters, n_columns = settings.converters, len(silicon.scale)
    jitter = converters.jitter / converters.step
    found = []
    for lines in cuts(len(silicon.wanted), settings.shape.lines):
        ideal = np.abs(inputs.widths[:, lines] @ silicon.wanted[lines].astype(FLOAT)).max(axis=0)
        ranges = np.ones(n_columns, FLOAT)
        for own in _tile_columns(n_columns, settings):
            ranges[own] = converters.headroom * (ideal[own].max(initial=0.0) or 1.0)
        columns = drawn_asymmetry(n_columns, settings.periphery.gain, settings.periphery.offset, rng)
        columns = replace(columns, gain=columns.gain.astype(FLOAT), offset=columns.offset.astype(FLOAT))
        found.append(
            TileRow(
                lines=lines,
                weights=(own := tile_weights(fresh, lines))[0],
                variance=own[1],
                ranges=ranges,
                columns=columns,
                factor=np.ones(n_columns, FLOAT),
                ticks=n_ticks(converters.output_bits, True) if converters.output_bits else 0,
                jitter=jitter,
                input_jitter=jitter,
                balanced=settings.balanced,
            )
        )
    return found


def _aged(
    row: TileRow, now: WeightsNow, settings: CrossbarSettings, inputs: _Inputs, rng: np.random.Generator
) -> TileRow:
    """The same tiles later, each with the factor that its own readings of the references give."""
    weights, variance = tile_weights(now, row.lines)
    aged = replace(row, weights=weights, variance=variance)
    if not settings.compensated:
        return aged
    before, after = row.reading(inputs.references, rng), aged.reading(inputs.references, rng)
    factor = row.factor.copy()
    for own in _tile_columns(len(factor), settings):
        factor[own] = compensation(before[:, own], after[:, own])
    return replace(aged, factor=factor)


def _tile_columns(n_columns: int, settings: CrossbarSettings) -> tuple[slice, ...]:
    return cuts(n_columns, settings.shape.columns(settings.coding))

"""Matrices of binary weights in arrays that average: more lines than rows are split, and their codes added digitally.

    y = scale N step full_scale sum over arrays of code(V_avg),    N lines of an array

Lines are split evenly; where they do not divide, the last array has lines at 0 V: so N and the step are one for all,
and codes add as whole numbers. Values that may be negative, those of a first layer or behind one without rectifier, are
evaluated twice: their positive parts, then the negative ones, subtracted digitally. Spikes need a driver of one bit.
What each reading draws is the noise of the comparators; all else is drawn once, with the silicon.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np

from circuits.network.spec import VALUE_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.binary_weights import line_blocks, scales_of, signs_of
from circuits.nonideal.bit_line_average import averaging_weights, drawn_capacitances
from circuits.nonideal.integrating_converter import Converter, largest_code, least_error_step
from circuits.nonideal.matrices import matrices_of, weighted_layers
from circuits.nonideal.voltage_drivers import Drivers, drawn_drivers, driver_codes, least_error_scale, steps
from circuits.units import require

CALIBRATED = 1024  # rows that set the range of the converters; more change it little


@dataclass(frozen=True)
class AveragingErrors:
    """Standard deviations of what differs by chance; 0: ideal."""

    driver_inl: float  # steps of a code, in the middle of the range
    driver_offset: float  # steps of the driver that is built, whatever of its bits a layer uses
    cell: float  # of a capacitance, over the mean
    column_gain: float  # of a converter
    column_offset: float  # steps of a converter
    comparator: float  # steps of a converter, from one conversion to the next

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            require(self, field.name, 0 <= value < math.inf, "zero or positive, and finite")


NO_ERRORS = AveragingErrors(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class AveragingDesign:
    """One array, and how far its parts are from ideal."""

    rows: int
    columns: int
    driver_bits: int
    converter_bits: int
    errors: AveragingErrors

    def __post_init__(self):
        for name in ("rows", "columns"):
            require(self, name, getattr(self, name) >= 1, "at least 1")
        steps(self.driver_bits)
        largest_code(self.converter_bits)

    def bits_of(self, layer: LayerSpec) -> int:
        """Of the drivers that a layer needs: spikes are 0 or 1."""
        return self.driver_bits if layer.kind in VALUE_KINDS else 1


@dataclass(frozen=True)
class Tile:
    """The part of a matrix that lies in one array; it averages over `n` lines, those at 0 V included."""

    lines: slice
    columns: slice
    n: int


def tiles(lines: slice, n_columns: int, design: AveragingDesign) -> tuple[Tile, ...]:
    """Every array that a block of lines takes, lines by lines, columns by columns."""
    size = lines.stop - lines.start
    n = math.ceil(size / math.ceil(size / design.rows))
    return tuple(
        Tile(slice(line, min(line + n, lines.stop)), slice(column, min(column + design.columns, n_columns)), n)
        for line in range(lines.start, lines.stop, n)
        for column in range(0, n_columns, design.columns)
    )


def layer_tiles(layer: LayerSpec, design: AveragingDesign) -> tuple[Tile, ...]:
    """Every array that a layer takes; each group of a convolution has its own."""
    return tuple(
        tile
        for matrix in matrices_of(layer)
        for lines in line_blocks(layer)
        for tile in tiles(lines, matrix.shape[1], design)
    )


def signed_inputs(net: NetworkSpec) -> dict[str, bool]:
    """By name of each layer, whether what it takes may be negative: features, or what no rectifier has passed."""
    signed, found = bool(net.layers) and net.layers[0].kind in VALUE_KINDS, {}
    for layer in net.layers:
        found[layer.name] = signed
        if layer.kind in ("dense", "conv"):
            signed = not layer.relu
    return found


@dataclass(frozen=True, eq=False)
class TileSilicon:
    """One array as it was made."""

    tile: Tile
    drivers: Drivers
    capacitances: np.ndarray  # (n, column)
    gains: np.ndarray  # (column,)
    offsets: np.ndarray  # (column,), steps

    def weights(self, signs: np.ndarray) -> np.ndarray:
        """What each cell contributes to the average, `(line, column)`; signs: of the whole matrix."""
        return averaging_weights(signs[self.tile.lines, self.tile.columns], self.capacitances)


def drawn_tiles(layer: LayerSpec, design: AveragingDesign, rng: np.random.Generator) -> Iterator[list[TileSilicon]]:
    """The arrays of each matrix of a layer, as one piece of silicon has them."""
    for matrix in matrices_of(layer):
        places = [tile for lines in line_blocks(layer) for tile in tiles(lines, matrix.shape[1], design)]
        yield [_drawn(tile, design, layer, rng) for tile in places]


def _drawn(tile: Tile, design: AveragingDesign, layer: LayerSpec, rng: np.random.Generator) -> TileSilicon:
    errors, columns, lines = design.errors, tile.columns.stop - tile.columns.start, tile.lines.stop - tile.lines.start
    offset, spikes = errors.driver_offset / steps(design.driver_bits), layer.kind not in VALUE_KINDS
    return TileSilicon(
        tile,
        drawn_drivers(lines, design.bits_of(layer), errors.driver_inl, offset, rng, rests=spikes),
        drawn_capacitances(tile.n, columns, errors.cell, rng),
        errors.column_gain * rng.standard_normal(columns),
        errors.column_offset * rng.standard_normal(columns),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """One array with a matrix in it."""

    tile: Tile
    drivers: Drivers
    weights: np.ndarray  # (line, column), of an average
    converter: Converter
    of_a_code: np.ndarray  # (column,), what one step of the converter stands for

    def sums(self, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        averages = self.drivers(codes[:, self.tile.lines]) @ self.weights
        return self.converter.codes(averages, rng) * self.of_a_code


@dataclass(frozen=True, eq=False)
class AveragingArray:
    """One matrix of binary weights; an `Array` of `circuits.nonideal.analog_network`."""

    parts: tuple[_Part, ...]
    n_columns: int
    full_scale: float  # value at which the drivers saturate
    bits: int  # of the drivers
    signed: bool  # evaluated twice

    def products(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sums of products `(row, column)` of inputs `(row, line)`."""
        sums = self._evaluated(np.maximum(x, 0), rng)
        return sums - self._evaluated(np.maximum(-x, 0), rng) if self.signed else sums

    def _evaluated(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        codes = driver_codes(x, self.full_scale, self.bits)
        sums = np.zeros((len(x), self.n_columns))
        for part in self.parts:
            sums[:, part.tile.columns] += part.sums(codes, rng)
        return sums


def averaging_arrays(
    net: NetworkSpec, seen: Mapping[str, np.ndarray], design: AveragingDesign, rng: np.random.Generator
) -> dict[str, tuple[AveragingArray, ...]]:
    """Every layer with weights in arrays of one piece of silicon; weights are taken as their signs and scales.

    seen: what drives the lines of each layer, `(row, line)`; it sets full scales, and ranges of the converters.
    """
    signed = signed_inputs(net)
    return {
        layer.name: tuple(
            _array(matrix, line_blocks(layer), drawn, seen[layer.name], signed[layer.name], design)
            for matrix, drawn in zip(matrices_of(layer), drawn_tiles(layer, design, rng), strict=True)
        )
        for layer in weighted_layers(net)
    }


def _array(
    matrix: np.ndarray, blocks: tuple[slice, ...], drawn: list[TileSilicon], seen: np.ndarray, signed: bool,
    design: AveragingDesign,
) -> AveragingArray:  # fmt: skip
    rows = seen[:: max(1, math.ceil(len(seen) / CALIBRATED))]
    driven = np.concatenate([np.maximum(rows, 0), np.maximum(-rows, 0)]) if signed else rows
    bits = drawn[0].drivers.volts.shape[1].bit_length() - 1
    full_scale, signs = least_error_scale(driven, bits), signs_of(matrix)
    volts, parts = driver_codes(driven, full_scale, bits) / steps(bits), []
    for lines in blocks:
        own = [one for one in drawn if lines.start <= one.tile.lines.start < lines.stop]
        step = _step(own, signs, volts, bits, design)
        of_a_code = scales_of(matrix[lines]) * own[0].tile.n * step * full_scale
        parts += [_part(one, signs, step, of_a_code[one.tile.columns], design) for one in own]
    return AveragingArray(tuple(parts), matrix.shape[1], full_scale, bits, signed)


def _step(own: list[TileSilicon], signs: np.ndarray, volts: np.ndarray, bits: int, design: AveragingDesign) -> float:
    """Of all columns of a block, from what ideal parts would average."""
    places = [one.tile for one in own]
    ideal = [volts[:, tile.lines] @ signs[tile.lines, tile.columns] / tile.n for tile in places]
    natural = 1 / (places[0].n * steps(bits))
    return least_error_step(np.concatenate([average.ravel() for average in ideal]), natural, design.converter_bits)


def _part(one: TileSilicon, signs: np.ndarray, step: float, of_a_code: np.ndarray, design: AveragingDesign) -> _Part:
    converter = Converter(design.converter_bits, step, one.gains, one.offsets, design.errors.comparator)
    return _Part(one.tile, one.drivers, one.weights(signs), converter, of_a_code)

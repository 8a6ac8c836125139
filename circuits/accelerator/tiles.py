"""How a layer is cut to the memories: boxes of output positions, and the part of the input that each needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from circuits.accelerator.instructions import Instruction, Load, Pad
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Machine, Memory

MOST_COUNT = 2**16 - 1  # of one loop of a walk


@dataclass(frozen=True)
class Box:
    """Output positions `rows` x `columns` from `(top, left)` on."""

    top: int
    left: int
    rows: int
    columns: int

    @property
    def n_positions(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True)
class Plane:
    """The bytes of a box's input on the chip: `(height, width, channel)` at `address`, padding included.

    `top`, `left`: where its corner lies in the layer's input; negative in the padding.   `first`: its first channel.
    """

    address: int
    top: int
    left: int
    height: int
    width: int
    channels: int
    first: int = 0

    @property
    def pitch(self) -> int:
        """Bytes from one row to the next."""
        return self.width * self.channels

    @property
    def n_bytes(self) -> int:
        return self.height * self.pitch

    def at(self, row: int, column: int, channel: int = 0) -> int:
        """Address of a channel of the layer, at a place counted from the plane's own corner."""
        return self.address + row * self.pitch + column * self.channels + channel - self.first


def whole(work: LayerWork) -> Box:
    """All positions."""
    return Box(0, 0, *work.size_out)


def plane_of(work: LayerWork, box: Box, address: int, channels: tuple[int, int] | None = None) -> Plane:
    """The part of the input, with padding, under all windows of a box; of the channels from one to before another."""
    (top, left), (height, width) = (
        [corner * step - pad for corner, step, pad in zip((box.top, box.left), work.stride, work.padding, strict=True)],
        [(n - 1) * step + k for n, step, k in zip((box.rows, box.columns), work.stride, work.kernel, strict=True)],
    )
    first, stop = channels or (0, work.channels)
    return Plane(address, top, left, height, width, stop - first, first)


def whole_plane(work: LayerWork, address: int) -> Plane:
    """All of the input with its padding, the columns and rows too that no window reaches."""
    (height, width), (up, aside) = work.size, work.padding
    return Plane(address, -up, -aside, height + 2 * up, width + 2 * aside, work.channels)


def filled(work: LayerWork, plane: Plane, dram: int) -> list[Instruction]:
    """LOAD what lies inside the input from its place in DRAM, after zeros where the plane reaches beyond it."""
    (height, width), size = work.size, plane.channels
    first, left = max(plane.top, 0), max(plane.left, 0)
    last = max(first, min(plane.top + plane.height, height))
    right = max(left, min(plane.left + plane.width, width))
    covered = (last - first) * (right - left) * size
    found: list[Instruction] = []
    if covered < plane.n_bytes:
        found.append(Pad(Memory.ACTIVATIONS, plane.address, 1, plane.n_bytes, plane.n_bytes))
    if covered:
        source = dram + (first * width + left) * work.channels + plane.first
        address = plane.at(first - plane.top, left - plane.left, plane.first)
        found += _loads(work, plane, source, address, (last - first, right - left))
    return found


def _loads(work: LayerWork, plane: Plane, source: int, address: int, size: tuple[int, int]) -> Iterator[Load]:
    """Rows and columns of a plane from DRAM: in one run, row by row, or where channels are left out pixel by pixel."""
    (rows, columns), line = size, work.size[1] * work.channels
    if plane.channels < work.channels:
        for r in range(rows):
            steps = {"dram_step": work.channels, "step": plane.channels}
            place = (source + r * line, address + r * plane.pitch)
            yield Load(Memory.ACTIVATIONS, *place, columns, plane.channels, **steps)
        return
    row_bytes = columns * plane.channels
    if row_bytes == plane.pitch == line:
        rows, row_bytes = 1, rows * row_bytes
    yield Load(Memory.ACTIVATIONS, source, address, rows, row_bytes, line, plane.pitch)


def stays_on_chip(work: LayerWork, machine: Machine) -> bool:
    """Whether all of the input, padded, fits into one bank of activations, and all of the output into the other."""
    output = work.n_positions * work.n_out * work.output_bytes
    return max(whole_plane(work, 0).n_bytes, output) <= machine.activations // 2


def output_of_position(work: LayerWork, machine: Machine) -> int:
    """Bytes of a position that lie beside its input until they are stored: of a block of columns, or all if recurrent.

    A recurrent layer needs its outputs of the step before too.
    """
    if work.recurrent:
        return 2 * work.n_out
    return min(machine.columns, work.n_out) * work.output_bytes


def least_bank(work: LayerWork, machine: Machine) -> int:
    """Bytes that a bank of activations must have for the layer to be computed at all, piece by piece."""
    beside = output_of_position(work, machine)
    if one_window(work):
        return min(machine.rows, work.channels) + beside
    widest = max((stop - first for first, stop in channel_spans(work, machine)), default=work.channels)
    return plane_of(work, Box(0, 0, 1, 1), 0, (0, widest)).n_bytes + beside


def one_window(work: LayerWork) -> bool:
    """Whether one position takes all of the input once: its parts may then come one after another."""
    return (work.size_out, work.kernel, work.groups, work.recurrent) == ((1, 1), (1, 1), 1, False)


def channel_spans(work: LayerWork, machine: Machine) -> list[tuple[int, int]]:
    """Of each block of columns the input channels that it takes; none where every block takes all."""
    return [work.channels_of(block) for block in work.blocks(machine.columns)] if work.by_channel else []


def boxes(work: LayerWork, most_rows: int, most_columns: int) -> Iterator[Box]:
    """All positions in boxes of at most that size, row by row."""
    height, width = work.size_out
    for top, left in product(range(0, height, most_rows), range(0, width, most_columns)):
        yield Box(top, left, min(most_rows, height - top), min(most_columns, width - left))


def boxes_on_chip(work: LayerWork, machine: Machine) -> list[Box]:
    """Boxes whose sums fit, where the whole input is on the chip."""
    rows, columns = _largest(work, lambda rows, columns: rows * columns <= machine.sums)
    return list(boxes(work, rows, columns))


def boxes_from_dram(work: LayerWork, machine: Machine) -> list[Box]:
    """Boxes whose sums fit, and in one bank their input, of the channels of a block, beside their output.

    The bank holds at least one position (`least_bank`).
    """
    bank, beside = machine.activations // 2, output_of_position(work, machine)
    span = (0, max((stop - first for first, stop in channel_spans(work, machine)), default=work.channels))

    def fits(rows: int, columns: int) -> bool:
        held = plane_of(work, Box(0, 0, rows, columns), 0, span).n_bytes + rows * columns * beside
        return rows * columns <= machine.sums and held <= bank

    return list(boxes(work, *_largest(work, fits)))


def _largest(work: LayerWork, fits: Callable[[int, int], bool]) -> tuple[int, int]:
    """Rows and columns of the largest box that fits: whole rows of positions before parts of one."""
    height, width = (min(n, MOST_COUNT) for n in work.size_out)
    if fits(1, width):
        return _most(height, lambda rows: fits(rows, width)), width
    return 1, _most(width, lambda columns: fits(1, columns))


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to a limit that fits, if 1 does; what fits is closed downwards."""
    low, high = 1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low

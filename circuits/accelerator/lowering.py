"""A feed-forward layer as jobs: what is loaded when, and the instructions of each piece.

Where input and output fit, each into a bank of the activations, all of the layer stays on the chip. Otherwise boxes of
positions come from DRAM and go back there, in the order that moves fewer bytes: for each block of columns all boxes,
so that weights come once, or for each box all blocks, so that the input does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from circuits.accelerator.constants_layout import Block, Group, groups
from circuits.accelerator.instructions import Act, Add, Instruction, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.overlap import Banks, Job
from circuits.accelerator.tiles import Box, Plane, boxes_from_dram, boxes_on_chip, filled, plane_of, whole
from circuits.errors import InputError

ACTIVATIONS, WEIGHTS, PARAMETERS = Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS


@dataclass
class Lowering:
    """One layer on its way to jobs.

    source: all of the input on the chip; None: it comes from DRAM, box by box.   target: where all of the output stays
    on the chip; None: it goes to DRAM.   dram_in, dram_out: where input and output lie in DRAM, if they do.
    """

    number: int
    work: LayerWork
    machine: Machine
    banks: Banks
    blocks: tuple[Block, ...]
    source: Plane | None
    target: Plane | None
    dram_in: int
    dram_out: int
    loaded: dict[Memory, int] = field(default_factory=dict)  # where weights and parameters lie that were loaded last

    def job(self, **parts) -> Job:
        return Job(self.number, **parts)

    def load_weights(self, block: Block, group: Group) -> list[Instruction]:
        """The tiles of a group into the other bank; none for what has no weights."""
        if self.work.weightless:
            return []
        n_bytes = group.n_rows * self.machine.columns
        address = self.loaded[WEIGHTS] = self.banks.other(WEIGHTS)
        return [run_of_bytes(WEIGHTS, block.weights + group.first * self.machine.columns, address, n_bytes)]

    def load_parameters(self, block: Block) -> list[Instruction]:
        """What the vector unit knows of the columns of a block, into the other bank."""
        n_bytes = block.columns * self.work.parameter_bytes
        address = self.loaded[PARAMETERS] = self.banks.other(PARAMETERS)
        return [run_of_bytes(PARAMETERS, block.parameters, address, n_bytes)]

    def sums(self, block: Block, group: Group, box: Box, plane: Plane) -> Iterator[Instruction]:
        """The products, or pools, of a group of tiles at all positions of a box."""
        walk = walk_over(self.work, box, plane)
        address = self.loaded.get(WEIGHTS, 0)
        for number, tap in enumerate(group.taps):
            accumulate = bool(group.first or number)
            begin = plane.at(tap.row, tap.column, tap.first)
            if self.work.weightless:
                kind = Max if self.work.kind == "max_pool" else Add
                yield kind(accumulate, self.work.signed_input, begin, 0, block.columns, **walk)
                continue
            yield Mac(accumulate, self.work.signed_input, address, begin, 0, tap.rows, block.columns, **walk)
            address += tap.rows * self.machine.columns

    def finish(self, block: Block, box: Box, address: int, inner: int, outer: int) -> Instruction:
        """The sums of a box as outputs, the first at `address`; `inner` and `outer` bytes apart."""
        work, parameters = self.work, self.loaded[PARAMETERS]
        if work.finish == "act":
            counts = {"inner_count": box.columns, "outer_count": box.rows}
            return Act(
                work.signed_output, 0, parameters, address, block.columns, **counts, inner_step=inner, outer_step=outer
            )
        state = 8 * block.start
        return Lif(work.finish == "potential", 0, parameters, state, address, block.columns, box.n_positions, inner)


def run_of_bytes(memory: Memory, dram: int, address: int, n_bytes: int) -> Load:
    """A LOAD of bytes side by side."""
    return Load(memory, dram, address, 1, n_bytes, n_bytes, n_bytes)


def cleared(memory: Memory, address: int, n_bytes: int) -> Pad:
    """A PAD of bytes side by side."""
    return Pad(memory, address, 1, n_bytes, n_bytes)


def walk_over(work: LayerWork, box: Box, plane: Plane) -> dict[str, int]:
    """How the corner of the window goes over the positions of a box."""
    down, aside = work.stride
    steps = {"inner_step": aside * plane.channels, "outer_step": down * plane.pitch}
    return {"inner_count": box.columns, "outer_count": box.rows, **steps}


def feed_forward(lowering: Lowering) -> Iterator[Job]:
    """The jobs of a layer without recurrence."""
    if lowering.source is not None:
        yield from _on_chip(lowering)
    elif _one_window(lowering.work) and lowering.work.channels > lowering.banks.size(ACTIVATIONS) // 2:
        yield from _in_slices(lowering)
    else:
        yield from _from_dram(lowering)


def begin_state(lowering: Lowering) -> list[Instruction]:
    """Membranes at rest."""
    n_bytes = 8 * lowering.work.n_out
    return [] if lowering.work.finish == "act" else [cleared(Memory.STATE, 0, n_bytes)]


def begin_target(lowering: Lowering) -> list[Instruction]:
    """Zeros where the next layer's padding will be."""
    target, (height, width) = lowering.target, lowering.work.size_out
    whole_output = target is None or (target.height, target.width) == (height, width)
    return [] if whole_output else [cleared(ACTIVATIONS, target.address, target.n_bytes)]


def _on_chip(lowering: Lowering) -> Iterator[Job]:
    """All of the input is there, and all of the output stays, if only until it is stored."""
    work, target = lowering.work, lowering.target
    computes = begin_state(lowering) + begin_target(lowering)
    cuts = boxes_on_chip(work, lowering.machine)
    for block in lowering.blocks:
        parts = groups(block.taps, lowering.machine)
        for box in cuts:
            for group in parts:
                loads = lowering.load_parameters(block) if box is cuts[0] and group is parts[0] else []
                if len(parts) > 1 or box is cuts[0]:
                    loads += lowering.load_weights(block, group)
                computes += lowering.sums(block, group, box, plane_under(work, box, lowering.source))
                if group is parts[-1]:
                    first = target.at(box.top - target.top, box.left - target.left, block.start * work.output_bytes)
                    computes.append(lowering.finish(block, box, first, target.channels, target.pitch))
                yield lowering.job(loads=loads, computes=computes)
                computes = []


def plane_under(work: LayerWork, box: Box, source: Plane) -> Plane:
    """The part of a whole input on the chip that lies under a box: same bytes, from another corner on."""
    top, left = box.top * work.stride[0], box.left * work.stride[1]
    return Plane(source.at(top, left), top, left, source.height - top, source.width, source.channels)


def _from_dram(lowering: Lowering) -> Iterator[Job]:
    """Boxes come from DRAM and go back there, each in one bank."""
    machine, work = lowering.machine, lowering.work
    spans = [work.channels_of((block.start, block.stop)) for block in lowering.blocks] if work.by_channel else []
    widest = max((stop - first for first, stop in spans), default=0)
    cuts = boxes_from_dram(work, machine, machine.columns * work.output_bytes, widest)
    parts = [groups(block.taps, machine) for block in lowering.blocks]
    computes, fence, held, filled_for = begin_state(lowering), True, None, None
    for number, box in _in_cheaper_order(lowering, cuts, parts):
        block, wanted = lowering.blocks[number], (box, spans[number] if spans else None)
        for group in parts[number]:
            loads: list[Instruction] = []
            if held != wanted:
                plane = plane_of(work, box, lowering.banks.other(ACTIVATIONS), wanted[1])
                loads, held = filled(work, plane, lowering.dram_in), wanted
            if filled_for != number:
                loads += lowering.load_parameters(block)
            if filled_for != number or len(parts[number]) > 1:
                loads += lowering.load_weights(block, group)
            filled_for = number
            computes += lowering.sums(block, group, box, plane)
            stores: list[Instruction] = []
            if group is parts[number][-1]:
                out = plane.address + plane.n_bytes
                step = block.columns * work.output_bytes
                computes.append(lowering.finish(block, box, out, step, box.columns * step))
                stores = _stored(work, block, box, out, lowering.dram_out)
            yield lowering.job(loads=loads, computes=computes, stores=stores, fence=fence)
            computes, fence = [], False


def _stored(work: LayerWork, block: Block, box: Box, address: int, dram: int) -> list[Instruction]:
    """A box of a block's columns, to where they belong in the whole output."""
    size, width = work.output_bytes, work.size_out[1]
    step, pixel = block.columns * size, work.n_out * size
    first = dram + (box.top * width + box.left) * pixel + block.start * size
    if box.columns == width:
        return [Store(first, address, box.n_positions, step, pixel, step)]
    line = box.columns * step
    return [
        Store(first + r * width * pixel, address + r * line, box.columns, step, pixel, step) for r in range(box.rows)
    ]


def _in_cheaper_order(lowering: Lowering, cuts: list[Box], parts: list[list[Group]]) -> Iterable[tuple[int, Box]]:
    """Blocks by number and boxes, in the order that loads fewer bytes; membranes need their boxes in time's order."""
    inputs = sum(plane_of(lowering.work, box, 0).n_bytes for box in cuts)
    weights = sum(block.n_rows for block in lowering.blocks) * lowering.machine.columns
    again = len(cuts) if any(len(part) > 1 for part in parts) else 1
    times = 1 if lowering.work.by_channel else len(lowering.blocks)  # a block of channels takes its own alone
    by_block, by_box = times * inputs + again * weights, inputs + len(cuts) * weights
    numbers = range(len(lowering.blocks))
    if by_block <= by_box:
        return ((number, box) for number in numbers for box in cuts)
    return ((number, box) for box in cuts for number in numbers)


def _one_window(work: LayerWork) -> bool:
    return (work.size_out, work.kernel, work.groups) == ((1, 1), (1, 1), 1)


def _in_slices(lowering: Lowering) -> Iterator[Job]:
    """A dense layer whose input is too large for a bank: each group of tiles comes with its part of the input."""
    work, box, fence, most = lowering.work, whole(lowering.work), True, _most_of_a_slice(lowering)
    for block in lowering.blocks:
        parts = groups(block.taps, lowering.machine, most)
        for group in parts:
            first, address = group.taps[0].first, lowering.banks.other(ACTIVATIONS)
            loads = [run_of_bytes(ACTIVATIONS, lowering.dram_in + first, address, group.n_rows)]
            loads += lowering.load_parameters(block) if group is parts[0] else []
            loads += lowering.load_weights(block, group)
            plane = Plane(address - first, 0, 0, 1, 1, work.channels)
            computes, stores = list(lowering.sums(block, group, box, plane)), []
            if group is parts[-1]:
                out = address + group.n_rows
                computes.append(lowering.finish(block, box, out, block.columns, block.columns))
                stores = _stored(work, block, box, out, lowering.dram_out)
            yield lowering.job(loads=loads, computes=computes, stores=stores, fence=fence)
            fence = False


def _most_of_a_slice(lowering: Lowering) -> int:
    """Inputs of a slice: half a bank, or less where the outputs of a block lie beside it; at least a tile's.

    Raises: InputError where a bank does not hold a tile's inputs and outputs.
    """
    bank, work = lowering.banks.size(ACTIVATIONS), lowering.work
    tile = max(tap.rows for block in lowering.blocks for tap in block.taps)
    outputs = max(block.columns for block in lowering.blocks) * work.output_bytes
    if (needs := tile + outputs) > bank:
        raise InputError(
            f"layer {work.name!r}: inputs and outputs of a tile take {needs:,} bytes of activations, a bank holds "
            f"{bank:,}; give the chip {2 * needs:,} bytes of activations, or a smaller array"
        )
    return max(tile, min(bank // 2, bank - outputs))


def stored_whole(lowering: Lowering) -> Job:
    """All of the output to DRAM."""
    n_bytes = whole(lowering.work).n_positions * lowering.work.n_out * lowering.work.output_bytes
    target = lowering.target
    store = Store(lowering.dram_out, target.address, 1, n_bytes, n_bytes, n_bytes)
    return lowering.job(stores=[store])

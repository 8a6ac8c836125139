"""A recurrent layer as jobs: step by step, since the spikes of a step are inputs of the next.

Its weights stay on the chip where all of them fit, in both banks; else they stream through once a step.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from circuits.accelerator.constants_layout import Block, Group, groups
from circuits.accelerator.instructions import Instruction, Mac, Store
from circuits.accelerator.lowering import (
    ACTIVATIONS,
    PARAMETERS,
    WEIGHTS,
    Lowering,
    begin_state,
    begin_target,
    run_of_bytes,
)
from circuits.accelerator.overlap import Job
from circuits.accelerator.tiles import Box, Plane, boxes_from_dram, filled, plane_of

ONE = {"inner_count": 1, "outer_count": 1, "inner_step": 0, "outer_step": 0}


def recurrent(lowering: Lowering) -> Iterator[Job]:
    """The jobs of a recurrent layer of spiking membranes."""
    stay = _constants_stay(lowering)
    loads, computes = [*stay.loads] if stay else [], begin_state(lowering) + begin_target(lowering)
    for stretch in _stretches(lowering):
        loads, fence = [*loads, *stretch.loads], True
        for job in _steps(lowering, stretch, stay):
            job.loads, job.computes, job.fence = loads + job.loads, computes + job.computes, fence
            yield job
            loads, computes, fence = [], [], False
        if stretch.stores:
            yield lowering.job(stores=stretch.stores)


@dataclass(frozen=True)
class Stretch:
    """Some steps, from `begin` on: their inputs, where the output of one is, what is loaded and stored for them."""

    begin: int
    n_steps: int
    source: Plane
    out: Callable[[int], int]
    loads: list[Instruction]
    stores: list[Instruction]


def _steps(lowering: Lowering, stretch: Stretch, stay: "Stay | None") -> Iterator[Job]:
    """For each step and block of columns a job for each group of tiles, the last with the membranes."""
    machine, n_out = lowering.machine, lowering.work.n_out
    for t, block in product(range(stretch.n_steps), lowering.blocks):
        addresses = (stretch.begin + t, stretch.source.at(0, t), stretch.out(t - 1))
        for group in groups((*block.taps, *block.recurrent), machine):
            loads = [] if stay else _streamed(lowering, block, group)
            computes = list(_sums(lowering, block, group, addresses, stay))
            if group.first + group.n_rows == block.n_rows:
                if stay:
                    lowering.loaded[PARAMETERS] = stay.parameters[block.start]
                one = Box(0, stretch.begin + t, 1, 1)
                computes.append(lowering.finish(block, one, stretch.out(t) + block.start, n_out, n_out))
            yield lowering.job(loads=loads, computes=computes)


def _streamed(lowering: Lowering, block: Block, group: Group) -> list[Instruction]:
    parameters = [] if group.first else lowering.load_parameters(block)
    return parameters + lowering.load_weights(block, group)


class Stay:
    """Constants that are on the chip for all of a layer: where those of each block are, and what loads them."""

    def __init__(self, lowering: Lowering):
        self.loads: list[Instruction] = []
        self.weights: dict[int, int] = {}
        self.parameters: dict[int, int] = {}
        weights = parameters = 0
        for block in lowering.blocks:
            n_bytes, about = block.n_rows * lowering.machine.columns, block.columns * lowering.work.parameter_bytes
            self.loads.append(run_of_bytes(WEIGHTS, block.weights, weights, n_bytes))
            self.loads.append(run_of_bytes(PARAMETERS, block.parameters, parameters, about))
            self.weights[block.start], self.parameters[block.start] = weights, parameters
            weights, parameters = weights + n_bytes, parameters + about


def _constants_stay(lowering: Lowering) -> Stay | None:
    machine, work = lowering.machine, lowering.work
    weights = sum(block.n_rows for block in lowering.blocks) * machine.columns
    fits = weights <= machine.weights and work.n_out * work.parameter_bytes <= machine.parameters
    return Stay(lowering) if fits else None


def _sums(
    lowering: Lowering, block: Block, group: Group, step: tuple[int, int, int], stay: Stay | None
) -> Iterator[Instruction]:
    """Products of one step's inputs, and behind them of the spikes of the step before; the first step has none."""
    t, inputs, spikes = step
    columns = lowering.machine.columns
    first = stay.weights[block.start] + group.first * columns if stay else lowering.loaded[WEIGHTS]
    row = group.first
    for tap in group.taps:
        own = row >= sum(one.rows for one in block.taps)
        if not (own and t == 0):
            address, signed = (spikes, False) if own else (inputs, lowering.work.signed_input)
            weights = first + (row - group.first) * columns
            yield Mac(bool(row), signed, weights, address + tap.first, 0, tap.rows, block.columns, **ONE)
        row += tap.rows


def _stretches(lowering: Lowering) -> Iterator[Stretch]:
    """One of all steps where input and output stay on the chip.

    Otherwise they come from DRAM, and before each but the first the output of the last step of the one before.
    """
    work, n_out = lowering.work, lowering.work.n_out
    if lowering.source is not None:
        target = lowering.target
        yield Stretch(0, work.size[1], lowering.source, lambda t: target.at(0, t), [], [])
        return
    for box in boxes_from_dram(work, lowering.machine):
        plane = plane_of(work, box, lowering.banks.other(ACTIVATIONS))
        begin = plane.address + plane.n_bytes + n_out
        loads = filled(work, plane, lowering.dram_in)
        if box.left:
            before = lowering.dram_out + (box.left - 1) * n_out
            loads.append(run_of_bytes(ACTIVATIONS, before, begin - n_out, n_out))
        n_bytes = box.columns * n_out
        store = Store(lowering.dram_out + box.left * n_out, begin, 1, n_bytes, n_bytes, n_bytes)
        yield Stretch(box.left, box.columns, plane, lambda t, begin=begin: begin + t * n_out, loads, [store])

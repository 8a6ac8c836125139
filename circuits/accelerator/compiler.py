"""From the layers of a network to a program of the machine.

IntegerNetwork -> works (shapes) -> jobs -> instructions;   its weights and parameters -> image of DRAM
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from circuits.accelerator.accesses import require_runnable
from circuits.accelerator.capacity import too_large
from circuits.accelerator.constants_image import constants_image
from circuits.accelerator.constants_layout import Block, blocks_of
from circuits.accelerator.instructions import End
from circuits.accelerator.layer_work import LayerWork, works
from circuits.accelerator.lowering import Lowering, feed_forward, stored_whole
from circuits.accelerator.machine import Machine
from circuits.accelerator.overlap import Banks, Job, in_order
from circuits.accelerator.program import Program, Region
from circuits.accelerator.recurrence import recurrent
from circuits.accelerator.tiles import Plane, filled, stays_on_chip, whole_plane
from circuits.mapping.limits import MappingError
from circuits.quantised.integers import IntegerNetwork

DTYPES = {"act": "uint8", "spikes": "uint8", "potential": "<i4"}


def compile_network(network: IntegerNetwork, machine: Machine, n_steps: int = 1) -> Program:
    """The program of one inference; a network of membranes runs `n_steps` time steps.

    Raises: MappingError listing all that the machine cannot hold.
    """
    return compile_works(network.name, works(network, n_steps), machine, network)


def compile_works(
    name: str, layers: Sequence[LayerWork], machine: Machine, network: IntegerNetwork | None = None
) -> Program:
    """The program of layers of these shapes; with a network, its image of DRAM too. Raises: as `compile_network`."""
    if broken := too_large(layers, machine, sum(work.n_weights for work in layers)):
        raise MappingError(broken)
    plan = _Plan(tuple(layers), machine)
    pairs = [*in_order(plan.jobs()), (len(layers) - 1, End())]
    first, last = layers[0], layers[-1]
    source = Region(0, (*first.size, first.channels), "int8" if first.signed_input else "uint8")
    dtype = "int8" if last.signed_output else DTYPES[last.finish]
    program = Program(
        name=name,
        machine=machine,
        instructions=tuple(instruction for _, instruction in pairs),
        layer_of=np.array([layer for layer, _ in pairs], np.int32),
        works=plan.works,
        input=source,
        output=Region(plan.tensors[-1], (*last.size_out, last.n_out), dtype),
        constants=plan.constants,
        n_constants=plan.end - plan.constants,
        image=None if network is None else constants_image(network, plan.works, plan.blocks, plan.constants, plan.end),
    )
    if broken := too_large(layers, machine, program.dram_bytes):
        raise MappingError(broken)
    require_runnable(program.instructions, machine, program.dram_bytes)
    return program


class _Plan:
    """Which tensors pass through DRAM, and where they and the constants lie."""

    def __init__(self, layers: tuple[LayerWork, ...], machine: Machine):
        self.works, self.machine, self.banks = layers, machine, Banks(machine)
        self.on_chip = [stays_on_chip(work, machine) for work in layers]
        sizes = [layers[0].size[0] * layers[0].size[1] * layers[0].channels]
        sizes += [_output_bytes(work) for work in layers]
        apart = (not (a and b) for a, b in pairwise(self.on_chip))
        through = [
            True,
            *(far or not _same_grid(*pair) for far, pair in zip(apart, pairwise(layers), strict=True)),
            True,
        ]
        self.tensors, address = [], 0  # of the input, and of each layer's output
        for size, used in zip(sizes, through, strict=True):
            self.tensors.append(address)
            address += _aligned(size) if used else 0
        self.through, self.constants = through, address
        self.blocks: list[tuple[Block, ...]] = []
        for work in layers:
            blocks, address = blocks_of(work, machine, address)
            self.blocks.append(blocks)
        self.end = address

    def jobs(self) -> Iterator[Job]:
        """Of all layers in turn."""
        bank, after_recurrence = 0, False
        for number, work in enumerate(self.works):
            lowering = self._lowering(number, bank)
            own = recurrent(lowering) if work.recurrent else feed_forward(lowering)
            own = self._with_transfers(lowering, own)
            first = next(own)
            first.fence |= after_recurrence
            yield first
            yield from own
            bank, after_recurrence = 1 - bank, work.recurrent

    def _lowering(self, number: int, bank: int) -> Lowering:
        work, half = self.works[number], self.machine.activations // 2
        source = target = None
        if self.on_chip[number]:
            source, target = whole_plane(work, bank * half), self._target(number, (1 - bank) * half)
        places = {"dram_in": self.tensors[number], "dram_out": self.tensors[number + 1]}
        return Lowering(number, work, self.machine, self.banks, self.blocks[number], source, target, **places)

    def _target(self, number: int, address: int) -> Plane:
        """All of a layer's output on the chip, inside the padding of the next layer if that stays on the chip too."""
        work, (height, width) = self.works[number], self.works[number].size_out
        up, aside = (0, 0) if self.through[number + 1] else self.works[number + 1].padding
        return Plane(address, -up, -aside, height + 2 * up, width + 2 * aside, work.n_out * work.output_bytes)

    def _with_transfers(self, lowering: Lowering, own: Iterator[Job]) -> Iterator[Job]:
        """The jobs of a layer, that load its whole input first and store its whole output last where it needs that."""
        number = lowering.number
        if lowering.source is None:
            yield from own
            return
        if self.through[number]:
            first = next(own)
            first.loads, first.fence = filled(lowering.work, lowering.source, lowering.dram_in) + first.loads, True
            yield first
        yield from own
        if self.through[number + 1]:
            yield stored_whole(lowering)


def _output_bytes(work: LayerWork) -> int:
    return work.n_positions * work.n_out * work.output_bytes


def _same_grid(work: LayerWork, after: LayerWork) -> bool:
    """Whether a layer can write its output inside the padding of the next: not where a reshape lies between them."""
    return after.padding == (0, 0) or (work.size_out, work.n_out) == (after.size, after.channels)


def _aligned(n_bytes: int) -> int:
    """Up to a whole number of 64 bytes, as memories like it."""
    return -(-n_bytes // 64) * 64

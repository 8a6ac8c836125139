"""Well-known networks side by side: what they hold, whether it fits on a chip, and what a chip makes of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from circuits.errors import InputError
from circuits.literature.workloads import BITS, Workload, load_workloads
from circuits.units import Joules, Seconds


@dataclass(frozen=True)
class WorkloadCost:
    """One inference of a network on a chip; None: not modelled."""

    cycles: int | None = None
    latency_s: Seconds | None = None
    energy_j: Joules | None = None


class WorkloadChip(Protocol):
    """A chip that knows what a network costs by the shapes of its layers alone."""

    @property
    def name(self) -> str:
        """That of its file."""

    def cost(self, network: Workload) -> WorkloadCost:
        """Cycles, time and energy of one inference."""


@dataclass(frozen=True, kw_only=True)
class WorkloadRow:
    """One network. Cells and transistors hold all weights and biases at `bits` each, six transistors a cell.

    sram_bytes: of those, without the values between layers, of which the largest tensor has `largest_activation`.
    fits: whether both find room on the chip; None where no size was given.
    additions, lacks: what the network needs and no compiler here does.
    """

    name: str
    weights: int
    parameters: int
    macs: int
    bits: int
    sram_bytes: int
    cells: int
    transistors: int
    largest_activation: int
    fits: bool | None
    chip: str
    cycles: int | None
    latency_s: Seconds | None
    energy_j: Joules | None
    additions: int
    lacks: str
    title: str
    source: str
    note: str


def workload_rows(
    chip: WorkloadChip | None = None,
    *,
    bits: int = BITS,
    sram_bytes: float | None = None,
    networks: Iterable[Workload] | None = None,
) -> tuple[WorkloadRow, ...]:
    """The networks of the package, or others, one row each; without a chip nothing is known of cycles and energy.

    Raises: InputError for bits outside 1..64, or a memory of no size.
    """
    if sram_bytes is not None and not 0 < sram_bytes < float("inf"):
        raise InputError(f"sram = {sram_bytes:g} B holds nothing; give a size in bytes, for example 28 MB")
    chosen = load_workloads().values() if networks is None else networks
    return tuple(_row(network, chip, bits, sram_bytes) for network in chosen)


def _row(network: Workload, chip: WorkloadChip | None, bits: int, sram_bytes: float | None) -> WorkloadRow:
    cost = WorkloadCost() if chip is None else chip.cost(network)
    residual = (f"{network.additions:,} residual additions",) if network.additions else ()
    return WorkloadRow(
        name=network.name,
        weights=network.n_weights,
        parameters=network.n_parameters,
        macs=network.macs,
        bits=bits,
        sram_bytes=math.ceil(network.sram_bits(bits) / 8),
        cells=network.sram_bits(bits),
        transistors=network.transistors(bits),
        largest_activation=network.largest_activation,
        fits=None if sram_bytes is None else network.fits(sram_bytes, bits),
        chip="" if chip is None else chip.name,
        cycles=cost.cycles,
        latency_s=cost.latency_s,
        energy_j=cost.energy_j,
        additions=network.additions,
        lacks="; ".join((*residual, *network.lacks)),
        title=network.title,
        source=network.source,
        note=network.note,
    )

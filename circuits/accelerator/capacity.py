"""What a machine must hold to run a network: every limit that is broken, all at once."""

from collections.abc import Sequence

from circuits.accelerator.layer_work import LayerWork
from circuits.accelerator.machine import Machine
from circuits.accelerator.tiles import least_bank, stays_on_chip
from circuits.mapping.limits import BrokenLimit


def too_large(layers: Sequence[LayerWork], machine: Machine, dram_bytes: int = 0) -> tuple[BrokenLimit, ...]:
    """The limits of the memories that a network breaks; DRAM's once it is known how much is used."""
    found = []
    tile = 2 * machine.rows * machine.columns
    if machine.weights < tile:
        remedy = "each bank holds a tile of the array: give the chip more, or a smaller array"
        found.append(BrokenLimit("weight memory in bytes", "the array", tile, machine.weights, remedy))
    for work in layers:
        where, wide = f"layer {work.name!r}", min(machine.columns, work.n_out)
        if (needs := 2 * wide * work.parameter_bytes) > machine.parameters:
            remedy = "each bank holds those of a block of columns: give the chip more, or fewer columns"
            found.append(BrokenLimit("parameter memory in bytes", where, needs, machine.parameters, remedy))
        if work.finish != "act" and (needs := 8 * work.n_out) > machine.state:
            remedy = "every membrane takes 8: give the chip more, or the layer fewer neurons"
            found.append(BrokenLimit("state memory in bytes", where, needs, machine.state, remedy))
        if not stays_on_chip(work, machine) and (needs := 2 * least_bank(work, machine)) > machine.activations:
            remedy = "each bank holds a window and what comes of it: give the chip more, or the layer fewer channels"
            found.append(BrokenLimit("activation memory in bytes", where, needs, machine.activations, remedy))
    if dram_bytes > machine.dram:
        remedy = "give the chip more DRAM, or the network fewer weights"
        found.append(BrokenLimit("DRAM in bytes", "the network", dram_bytes, machine.dram, remedy))
    return tuple(found)

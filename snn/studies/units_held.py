"""How much each core, tile, memory or layer of a chip holds of a placed network, whatever the technology calls it.

A report may tell it under `occupancy`: rows of `what`, `unit`, `name`, `used`, `room` and, if it likes, `holds`. Else
it is read off the placements that this package knows; of another it is not modelled.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from circuits.accelerator.program import Program
from circuits.chips.layer_passes import Schedule
from circuits.mapping.limits import CoreLimits


@dataclass(frozen=True)
class Held:
    """One unit: so much is used of its room."""

    name: str
    used: float
    room: float
    holds: str = ""

    @property
    def share(self) -> float:
        return self.used / self.room if self.room else 0.0


@dataclass(frozen=True)
class Holding:
    """What is held ("neuron sites"), in which kind of unit ("core")."""

    what: str
    unit: str
    units: tuple[Held, ...]


def units_held(technology: object, placement: object, told: Mapping[str, Any]) -> tuple[Holding, ...]:
    """One holding for each thing that a unit has room for; empty where the placement tells nothing of it.

    told: what the report prints.
    """
    if rows := told.get("occupancy"):
        return _of_rows(rows)
    if "tiles" in (tiled := told.get("placement") or {}):
        return _of_tiles(tiled)
    if isinstance(placement, Program):
        return _of_program(placement, told)
    if isinstance(placement, Schedule):
        return _of_schedule(placement, told)
    limits = getattr(technology, "limits", None)
    if limits is not None and (cores := told.get("cores")):
        return _of_cores(cores, limits)
    slices = getattr(placement, "slices", None)
    return _of_slices(slices, limits) if slices and isinstance(limits, CoreLimits) else ()


def _of_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Holding, ...]:
    kinds: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for row in rows:
        held = Held(str(row["name"]), float(row["used"]), float(row["room"]), str(row.get("holds", "")))
        kinds[str(row["what"]), str(row["unit"])].append(held)
    return tuple(Holding(what, unit, tuple(units)) for (what, unit), units in kinds.items())


def _of_tiles(tiled: Mapping[str, Any]) -> tuple[Holding, ...]:
    """Weights on the tiles of an analog memory, chip after chip."""
    tiles = (
        Held(f"chip {tile['chip']} tile {tile['tile']}", float(tile["weights"]), float(tile["capacity"]), tile["layer"])
        for tile in tiled["tiles"]
    )
    return (Holding("weights", "tile", tuple(tiles)),)


def _of_cores(cores: Iterable[Mapping[str, Any]], limits: object) -> tuple[Holding, ...]:
    """What cores on a mesh hold of each limit that is published."""
    found = []
    for name in ("neurons", "synapses", "axons_in", "axons_out"):
        if room := getattr(limits, name, None):
            units = tuple(Held(f"core {core['core']}", float(core[name]), float(room)) for core in cores)
            found.append(Holding(name.replace("_", " "), "core", units))
    return tuple(found)


def _of_slices(slices: Iterable[Any], limits: CoreLimits) -> tuple[Holding, ...]:
    """Neuron sites, input sites and synapses of every core in use."""
    cores: dict[int, list[Any]] = defaultdict(list)
    for piece in slices:
        cores[piece.core].append(piece)
    counted = {
        "neuron sites": (lambda piece: 0 if piece.as_input else piece.stop - piece.start, limits.neurons),
        "input sites": (lambda piece: piece.stop - piece.start if piece.as_input else 0, limits.input_neurons),
        "synapses": (lambda piece: piece.n_synapses, limits.synapses),
    }
    return tuple(
        Holding(what, "core", tuple(_core(core, cores[core], used, room) for core in sorted(cores)))
        for what, (used, room) in counted.items()
        if room
    )


def _core(number: int, pieces: Iterable[Any], used: Any, room: int) -> Held:
    held = [(piece, used(piece)) for piece in pieces]
    said = ", ".join(f"{piece.layer} {piece.start} to {piece.stop - 1}" for piece, n in held if n)
    return Held(f"core {number}", float(sum(n for _, n in held)), float(room), said)


def _of_program(program: Program, told: Mapping[str, Any]) -> tuple[Holding, ...]:
    """The array is one and computes layer after layer: the products of each, of those that it could have made."""
    elements = program.machine.rows * program.machine.columns
    layers = tuple(
        Held(str(row["layer"]), float(row["macs"]), float(row["cycles"] * elements), f"{row['cycles']:,} cycles")
        for row in told.get("layers", ())
    )
    return (Holding("products of the array", "layer", layers),) if layers else ()


def _of_schedule(schedule: Schedule, told: Mapping[str, Any]) -> tuple[Holding, ...]:
    """One memory: what it holds at once."""
    capacity = float(told.get("memory", {}).get("capacity_bytes", 0))
    parts = [Held(f"weights of {work.layer}", float(work.weights + work.parameters), capacity)
             for work in schedule.layers if work.weights + work.parameters]  # fmt: skip
    parts += [
        Held(name, float(size), capacity)
        for name, size in (("activations", schedule.activations), ("state", schedule.state))
    ]
    return (Holding("bytes of the memory", "content", tuple(parts)),) if capacity else ()

"""Placement: layers cut into slices that fit the cores, in layer order."""

from dataclasses import dataclass

from circuits.chips.chip import ChipSpec
from circuits.mapping.rules import HARD_RULES, fan_in, one_core_is_published, weights_fit_the_synapse
from circuits.network import NetworkSpec


class MappingError(ValueError):
    """The network breaks a rule of the chip; the message lists every broken rule."""


@dataclass(frozen=True)
class CoreSlice:
    """Neurons `start` to `stop` of one layer on one core; `as_input` if they sit on input sites."""

    core: int
    layer: str
    start: int
    stop: int
    as_input: bool
    n_synapses: int


@dataclass(frozen=True)
class Placement:
    """Where every neuron is, and what had to be assumed for it."""

    chip: ChipSpec
    slices: tuple[CoreSlice, ...]
    notes: tuple[str, ...]

    @property
    def cores_used(self) -> int:
        return 1 + max(piece.core for piece in self.slices)


def place(net: NetworkSpec, chip: ChipSpec) -> Placement:
    """Fill cores in layer order: an encoder on the input sites, all other neurons where sites and synapses are left.

    Raises: MappingError that lists every rule of the chip the network breaks.
    """
    broken = tuple(line for rule in HARD_RULES for line in rule(net, chip))
    if broken:
        raise MappingError("; ".join(broken))
    slices = _input_slices(net, chip) + _neuron_slices(net, chip)
    cores_used = 1 + max(piece.core for piece in slices)
    notes = one_core_is_published(net, chip, cores_used) + weights_fit_the_synapse(net, chip)
    return Placement(chip, slices, notes)


def _input_slices(net: NetworkSpec, chip: ChipSpec) -> tuple[CoreSlice, ...]:
    """Encoder neurons, `input_neurons` to a core from core 0 on."""
    sites = chip.limit("input_neurons")
    return tuple(
        CoreSlice(start // sites, layer.name, start, min(start + sites, layer.n_neurons), True, 0)
        for layer in net.layers
        if layer.kind == "encoder"
        for start in range(0, layer.n_neurons, sites)
    )


def _neuron_slices(net: NetworkSpec, chip: ChipSpec) -> tuple[CoreSlice, ...]:
    """All other neurons, one after the other; a core is full when its sites or its synapses are."""
    slices, core, sites, synapses = [], 0, chip.limit("neurons"), chip.limit("synapses")
    for layer in net.layers:
        if layer.kind == "encoder":
            continue
        start, used, needs = 0, 0, fan_in(layer)
        for i, need in enumerate(needs):
            if sites == 0 or synapses < need:
                if i > start:
                    slices.append(CoreSlice(core, layer.name, start, i, False, int(used)))
                core, sites, synapses = core + 1, chip.limit("neurons"), chip.limit("synapses")
                start, used = i, 0
            sites, synapses, used = sites - 1, synapses - need, used + need
        slices.append(CoreSlice(core, layer.name, start, layer.n_neurons, False, int(used)))
    return tuple(slices)

"""The deck of a core: what of a network can be signed off against the engine."""

from circuits.errors import InputError
from circuits.netlist.deck_of_network import longest_step, network_deck
from circuits.netlist.provenance import head, network_hash
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_text
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.units import si

MAX_STEPS = 1e6  # hours


def core_deck(chip: ChipNetwork, stimulus: Stimulus) -> str:
    """The core under a stimulus as SPICE text that runs by itself, see `network_deck`.

    Raises:  InputError for a network that is no core (spikes from outside, readout, adaptation), for a refractory time
    shorter than delay + t_pulse, for a stimulus that does not fit or needs more than `MAX_STEPS` steps, and as
    `network_deck`.
    """
    net = chip.network
    stimulus.require_fits(net)
    wiring = wire(chip)
    _require_core(net, wiring, stimulus)
    return network_deck(wiring, stimulus, head(f"core {safe_text(net.name)}", chip.circuit, network_hash(chip)))


def _require_core(net: NetworkSpec, wiring: Wiring, stimulus: Stimulus) -> None:
    if net.n_external or wiring.adaptive.any() or not wiring.spiking.all():
        kinds = ", ".join(layer.kind for layer in net.layers)
        raise InputError(
            f"{net.name!r} has layers {kinds}; a core is an encoder and layers of kind lif, its readout is off chip"
        )
    busy, held = wiring.delay + wiring.t_pulse, wiring.circuit.t_refractory
    if held < busy * (1 - 1e-9):
        raise InputError(
            f"t_refractory = {si(held, 's')} of {net.name!r} is shorter than delay + t_pulse = {si(busy, 's')}: a line "
            "could spike again within its pulse, where the netlist has one pulse and the engine two; make t_refractory "
            "at least that long"
        )
    step = longest_step(wiring, stimulus)
    if stimulus.duration / step > MAX_STEPS:
        raise InputError(
            f"{si(stimulus.duration, 's')} take {stimulus.duration / step:.3g} steps of {si(step, 's')}, more than "
            f"{MAX_STEPS:g}; shorten the clip, or let the chip run faster than the signal"
        )

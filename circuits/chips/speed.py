"""Whether the network's currents are such that the device can make them: said in the report, with a remedy."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.mapping.limits import BrokenLimit
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed
from circuits.neuron.control import ROUNDING, conflicts
from circuits.neuron.synapse import SynapseKernel
from circuits.units import si

IDLE_LEAK = 0.1  # ASSUMED: what may leak into a neuron in one step, as a fraction of q


def largest_acceleration(net: NetworkSpec, circuit: LIFCircuit, synapse: SynapseKernel) -> float:
    """dt / (t_pulse + t_refractory): a step must hold a synaptic pulse and a reset."""
    return net.dt / (synapse.device_pulse + circuit.t_refractory)


def only_acceleration(net: NetworkSpec, bias_devices: Mapping[str, BiasDevices]) -> float | None:
    """The one that a network has: 1, in the time of its chip, or that of its bias devices; None: it is free."""
    own = [1.0] * net.event_driven + [devices.acceleration for devices in bias_devices.values()]
    return own[0] if own else None


def least_acceleration(chip: ChipNetwork) -> int:
    """The slowest, real time or faster, at which the device can make all currents, if `acceleration_fits`."""
    return whole(max((1.0, *(one.factor for one in too_slow(chip, 1.0)))))


def whole(acceleration: float) -> int:
    """The whole number from there on."""
    return math.ceil(acceleration * (1 - ROUNDING))


def acceleration_fits(
    net: NetworkSpec, circuit: LIFCircuit, synapse: SynapseKernel, acceleration: float
) -> tuple[BrokenLimit, ...]:
    """It must be positive, and its steps hold a pulse and a reset.

    A network that is event driven is in the time of its chip, with pulses and refractory times of that chip: only 1.
    """
    where = f"network {net.name!r}"
    if net.event_driven:
        remedy = "it is in the time of its chip already: leave it out, or train with another neuron.acceleration"
        return () if acceleration == 1 else (BrokenLimit("acceleration", where, acceleration, 1, remedy),)
    largest = largest_acceleration(net, circuit, synapse)
    if 0 < acceleration <= largest:
        return ()
    limit = f"above 0 to {math.floor(largest) if largest >= 1 else float(f'{largest:.3g}')}"
    held = f"a step of {si(net.dt, 's')} holds a synaptic pulse and a reset, {si(net.dt / largest, 's')}"
    return (BrokenLimit("acceleration", where, acceleration, limit, f"1 is real time, auto the cheapest; {held}"),)


@dataclass(frozen=True)
class Off:
    """What the device cannot make at a speed: in words, and how many times faster it could (1: speed is not why)."""

    said: str
    factor: float = 1.0


def silicon_notes(chip: ChipNetwork) -> tuple[str, ...]:
    """What is assumed of a bias and of inhibition at any speed, extrapolated, or mended by no speed, one line each."""
    circuit = chip.circuit
    never = tuple(str(one) for one in conflicts(circuit) if not one.speed > 1)
    beyond = circuit.control.extrapolated(circuit.v_dd, circuit.device.temperature)
    return bias_has_its_own_line(chip) + inhibition_reaches_the_floor(chip) + beyond + never


def speed_notes(chip: ChipNetwork, acceleration: float) -> tuple[str, ...]:
    """What the device cannot do at this speed, one line each, the last with what mends them all; none where it can."""
    return noted(chip, acceleration, too_slow(chip, acceleration) + biases_are_for_this_speed(chip, acceleration))


def noted(chip: ChipNetwork, acceleration: float, off: Sequence[Off]) -> tuple[str, ...]:
    """What is off at this speed with the chip's own remedy."""
    return with_remedy(off, _remedy(chip, acceleration, max((one.factor for one in off), default=1.0)))


def too_slow(chip: ChipNetwork, acceleration: float) -> tuple[Off, ...]:
    """The currents that are too small for the device and its control transistors at this speed."""
    off = rheobase_is_above_the_floor(chip, acceleration) + idle_synapses_are_quiet(chip, acceleration)
    return off + control_keeps_up(circuit_at_speed(chip.circuit, acceleration), acceleration)


def control_keeps_up(circuit: LIFCircuit, acceleration: float) -> tuple[Off, ...]:
    """Inverters switch at this speed, starved ones within the reset pulse, and the open switch leaks less than g."""
    slow = (one for one in conflicts(circuit) if one.speed > 1)
    return tuple(Off(f"at an acceleration of {acceleration:g}: {one.said}", one.speed) for one in slow)


def bias_has_its_own_line(chip: ChipNetwork) -> tuple[str, ...]:
    """A bias is a pulse per step from an always-active line, which the published crossbar does not name."""
    pulsed = [x for x in chip.network.layers if x.kind != "encoder" and x.name not in chip.bias_devices]
    biased = [layer.name for layer in pulsed if np.any(layer.bias)]
    if not biased:
        return ()
    return (f"bias of {', '.join(biased)}: one always-active line per core beside the others, ASSUMED",)


def inhibition_reaches_the_floor(chip: ChipNetwork) -> tuple[str, ...]:
    """A network trained with another rail of inhibition than the circuit's computes something else here."""
    trained, here = chip.network.v_floor, chip.circuit.v_floor
    if math.isclose(trained, here, rel_tol=1e-6, abs_tol=1e-9):
        return ()
    return (f"inhibition was trained to stop at {trained:g} thresholds, the rail of this circuit is at {here:g}",)


def biases_are_for_this_speed(chip: ChipNetwork, acceleration: float) -> tuple[Off, ...]:
    """Bias devices give the currents of one acceleration, the one that they were trained for."""
    return tuple(
        Off(
            f"layer {name!r}: its bias devices are set for an acceleration of {devices.acceleration:g}, not "
            f"{acceleration:g}: other biases than the network's"
        )
        for name, devices in chip.bias_devices.items()
        if devices.acceleration != acceleration
    )


def rheobase_is_above_the_floor(chip: ChipNetwork, acceleration: float) -> tuple[Off, ...]:
    """The least rheobase g_leak V_th of all neurons, against the least current of the device, i_floor W."""
    circuit = chip.circuit
    floor = circuit.device.i_floor * circuit.width
    least, name = min(
        (
            (float(np.min(circuit.c_mem / x.tau_mem * (circuit.v_reset + circuit.swing * x.v_threshold))), x.name)
            for x in chip.network.layers
            if x.spiking and x.n_neurons
        ),
        default=(math.inf, ""),
    )
    rheobase = least * acceleration
    if not 0 < rheobase < floor * (1 - ROUNDING):
        return ()
    said = (
        f"layer {name!r}: a rheobase of {si(rheobase, 'A')} lies below the device's floor of {si(floor, 'A')}, so no "
        "gate bias keeps the neuron at rest"
    )
    return (Off(said, floor / rheobase),)


def idle_synapses_are_quiet(chip: ChipNetwork, acceleration: float) -> tuple[Off, ...]:
    """Charge that the idle synapses of one neuron leak in a step, fan_in i_floor W dt, against q."""
    net, circuit = chip.network, chip.circuit
    floor = circuit.device.i_floor * circuit.width
    per_synapse = floor * net.dt / acceleration / circuit.charge_per_weight
    fan_in, name = max(
        ((int(np.count_nonzero(x.crossbar, axis=0).max()), x.name) for x in net.layers if x.n_neurons),
        default=(0, ""),
    )
    leak = fan_in * per_synapse
    if leak <= IDLE_LEAK * (1 + ROUNDING):
        return ()
    said = (
        f"layer {name!r}: {fan_in} idle synapses at the device's floor of {si(floor, 'A')} leak {leak:.3g} q per step, "
        f"more than {IDLE_LEAK} q"
    )
    return (Off(said, leak / IDLE_LEAK),)


def with_remedy(off: Sequence[Off], remedy: str) -> tuple[str, ...]:
    """A note for each, and in the last the one thing that mends them all."""
    if not off:
        return ()
    *first, last = (one.said for one in off)
    return (*first, f"{last}; {remedy} would mend {('it', 'both', 'all')[min(len(first), 2)]}")


def larger_membrane(circuit: LIFCircuit, factor: float) -> str:
    """A capacitor so many times as large, in words, and where the reset has no time to drain it, a pulse that has."""
    drain = circuit.control.t_drain(circuit.charge_per_weight * factor)
    longer = f" with a t_refractory of {si(1.01 * drain, 's')}" if drain > circuit.t_refractory else ""
    return f"a c_mem of {si(circuit.c_mem * factor, 'F')}{longer}"


def _remedy(chip: ChipNetwork, acceleration: float, factor: float) -> str:
    """What makes a chip `factor` times faster, as far as a step still holds a pulse; else a larger membrane.

    A network with an acceleration of its own takes another one only by training.
    """
    faster, c_mem = whole(acceleration * factor), larger_membrane(chip.circuit, factor)
    if chip.network.event_driven:
        return f"training with {math.ceil(100 * factor) / 100:g} times its neuron.acceleration or {c_mem}"
    own = only_acceleration(chip.network, chip.bias_devices)
    if own is not None and own != acceleration and not too_slow(chip, own):
        return f"an acceleration of {own:g}"
    if faster > largest_acceleration(chip.network, chip.circuit, chip.synapse):
        return f"no acceleration, but {c_mem}"
    if own is not None:
        return f"training for an acceleration of {faster}"
    return f"an acceleration of {faster} or {c_mem}"

"""The Brian2 twin of a network of circuits, in continuous time: synapses are pulses of current, after a delay.

    i_syn = sum over synapses of w q / t_pulse,   from `delay` after the presynaptic spike on, for t_pulse

A start for those who want to extend the model in Brian2: groups, monitors and the network are Brian2's own objects.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import EXTERNAL_INPUT, LayerSpec, NetworkSpec
from circuits.neuron.synapse import SynapseKernel
from circuits.units import Seconds, freeze_si, ns, require
from snn.reference.brian import code_for, load_brian2, run
from snn.reference.brian2_neuron import NeuronGroup, brian2_neuron


@dataclass(frozen=True)
class TwinTiming:
    """The grid, and the speed: `acceleration` runs the chip that many times faster than the speech."""

    acceleration: float = 1.0
    dt: Seconds = 5 * ns

    def __post_init__(self):
        freeze_si(self)
        require(self, "dt", self.dt > 0, "positive")
        require(self, "acceleration", self.acceleration > 0, "positive")


@dataclass(frozen=True, eq=False)
class CircuitTwin:
    """A network of circuits in Brian2: `groups` and `monitors` by the layer's name, and all of it as `network`."""

    network: Any
    dt: Seconds
    groups: dict[str, NeuronGroup] = field(default_factory=dict)
    monitors: dict[str, Any] = field(default_factory=dict)


@code_for("numpy")
def brian2_network(
    chip: ChipNetwork,
    *,
    spikes: tuple[np.ndarray, np.ndarray] | None = None,
    signal: np.ndarray | None = None,
    timing: TwinTiming = TwinTiming(),
) -> CircuitTwin:
    """The spiking layers of a chip's network as circuits: `delay` after a spike, w q / t_pulse flows for t_pulse.

    A bias is a current of bias q per step, or that of its own device where the layer has gate biases; these belong to
    one acceleration. A readout has no circuit and is left out.
    Args:  spikes: times (s, of the chip) and channels of the spikes from outside, where the first layer takes any.
        signal: `(step, channel)`, what drives an encoder; a step lasts dt / acceleration.
    Raises:  InputError for an adaptive layer, which has no published circuit, or an input that does not fit.
    """
    b2, net = load_brian2(), chip.network
    _require_fits(net, spikes, signal, timing.dt)
    _require_synapse(chip.synapse, timing.dt)
    _require_speed(chip, timing)
    twin = CircuitTwin(b2.Network(), timing.dt)
    source = None
    if spikes is not None:
        times, channels = np.asarray(spikes[0], dtype=float), np.asarray(spikes[1])
        source = b2.SpikeGeneratorGroup(net.n_external, channels, times * b2.second, dt=timing.dt * b2.second)
        twin.network.add(source)
    for layer in (x for x in net.layers if x.spiking):
        group = _population(layer, chip, signal, timing)
        twin.groups[layer.name], twin.monitors[layer.name] = group, b2.SpikeMonitor(group)
        tables = [(group, layer.recurrent), (source, None if layer.kind == "encoder" else layer.weights)]
        synapses = [_synapses(pre, group, w, chip, timing) for pre, w in tables if w is not None and np.any(w)]
        twin.network.add(group, twin.monitors[layer.name], *synapses)
        source = group
    return twin


def spike_times(twin: CircuitTwin, duration: Seconds, target: str = "numpy") -> dict[str, tuple[np.ndarray, ...]]:
    """Run on for a duration (s); the times (s) of all spikes of each neuron so far, by layer.

    Args:  target: of Brian2's code generation: "numpy", "cython" or "auto"; the last two want a compiler.
    """
    run(twin.network, duration, target)
    return {
        name: tuple(np.asarray(train) + twin.dt for train in monitor.spike_trains().values())  # seen at the step's end
        for name, monitor in twin.monitors.items()
    }


def _population(layer: LayerSpec, chip: ChipNetwork, signal: np.ndarray | None, timing: TwinTiming) -> NeuronGroup:
    """The neurons of a layer, their leak, threshold and constant currents set."""
    circuit, step = chip.circuit, chip.network.dt / timing.acceleration
    group = brian2_neuron(circuit, layer.n_neurons, dt=timing.dt)
    group.g_leak_ = circuit.c_mem / layer.tau_mem * timing.acceleration
    group.v_threshold_ = circuit.v_reset + circuit.swing * layer.v_threshold
    if devices := chip.bias_devices.get(layer.name):
        group.v_gs_, group.width_ = devices.v_gs, devices.width
    else:
        group.width_, group.i_in_ = 0.0, layer.bias * circuit.charge_per_weight / step
    if layer.kind == "encoder":
        b2 = load_brian2()
        charge = (signal @ layer.weights + layer.bias) * circuit.charge_per_weight
        group.namespace["drive"] = b2.TimedArray(charge / step * b2.amp, dt=step * b2.second)
        group.run_regularly("i_in = drive(t, i)", when="start")
    return group


def _synapses(
    source: NeuronGroup, group: NeuronGroup, weights: np.ndarray, chip: ChipNetwork, timing: TwinTiming
) -> Any:
    """A current source per weight that is not zero, switched on and off again by each spike of its row's neuron."""
    b2, t_pulse = load_brian2(), chip.synapse.device_pulse
    # a spike from outside is there at its time, one of a neuron is seen a step after it was
    delay = chip.synapse.delay - timing.dt * isinstance(source, b2.SpikeGeneratorGroup)
    synapses = b2.Synapses(
        source,
        group,
        "i_pulse : amp (constant)",
        on_pre={"begin": "i_syn_post += i_pulse", "end": "i_syn_post -= i_pulse"},
        delay={"begin": delay * b2.second, "end": (delay + t_pulse) * b2.second},
        dt=timing.dt * b2.second,
    )
    pre, post = np.nonzero(weights)
    synapses.connect(i=pre, j=post)
    synapses.i_pulse_ = weights[pre, post] * chip.circuit.charge_per_weight / t_pulse
    return synapses


def _require_fits(
    net: NetworkSpec, spikes: tuple[np.ndarray, np.ndarray] | None, signal: np.ndarray | None, dt: Seconds
) -> None:
    """Raise InputError naming what is missing, too much, or has no circuit."""
    for layer in net.layers:
        if layer.kind == "adaptive_lif":
            raise InputError(f"layer {layer.name!r} is adaptive: no circuit is published; run it in steps, run_brian2")
    wanted = ["signal"] if net.layers[0].kind == "encoder" else ["spikes"] * (net.n_external > 0)
    given = [name for name, value in {"spikes": spikes, "signal": signal}.items() if value is not None]
    if given != wanted:
        asked, got = (" and ".join(names) or "nothing" for names in (wanted, given))
        raise InputError(f"network {net.name!r} is driven by {asked}, got {got}")
    if spikes is not None:
        _require_sound(*spikes, net.n_external)
        _require_apart(*spikes, dt)
    if signal is not None and np.shape(signal)[1:] != (net.layers[0].fan_in,):
        raise InputError(f"signal has shape {np.shape(signal)}, expected (step, channel) = (*, {net.layers[0].fan_in})")


def _require_synapse(kernel: SynapseKernel, dt: Seconds) -> None:
    """Raise InputError unless synapses are pulses that the grid can hold."""
    if kernel.without_circuit:
        raise InputError(kernel.without_circuit)
    for name in ("delay", "t_pulse"):
        require(kernel, name, getattr(kernel, name) >= dt, f"at least a time step dt = {dt} s")


def _require_speed(chip: ChipNetwork, timing: TwinTiming) -> None:
    """Raise InputError unless the chip runs at the speed that its gate biases are set for."""
    for name, devices in chip.bias_devices.items():
        if devices.acceleration != timing.acceleration:
            raise InputError(
                f"layer {name!r} is biased for an acceleration of {devices.acceleration:g}, the timing says "
                f"{timing.acceleration:g}; make them equal"
            )


def _require_sound(times: np.ndarray, channels: np.ndarray, n_channels: int) -> None:
    """Raise InputError unless every spike from outside has a time and a channel that exist."""
    times, channels = np.asarray(times, dtype=float), np.asarray(channels)
    if times.shape != channels.shape or times.ndim != 1:
        raise InputError(f"{EXTERNAL_INPUT} has {times.shape} times and {channels.shape} channels; give one each")
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise InputError(f"times of the {EXTERNAL_INPUT} must be finite and not negative (s), got {times.min()}")
    if channels.size and not 0 <= channels.min() <= channels.max() < n_channels:
        beyond = channels.max() if channels.min() >= 0 else channels.min()
        raise InputError(f"{EXTERNAL_INPUT} spikes on channel {beyond}, it has {n_channels}, from 0 on")


def _require_apart(times: np.ndarray, channels: np.ndarray, dt: Seconds) -> None:
    """Raise InputError where a channel spikes twice within a time step, of which Brian2 would know one."""
    steps = np.rint(np.asarray(times, dtype=float) / dt)
    found, counts = np.unique(np.stack((steps, channels)), axis=1, return_counts=True)
    if np.any(counts > 1):
        step, channel = found[:, np.argmax(counts)]
        raise InputError(
            f"channel {channel:.0f} of the {EXTERNAL_INPUT} spikes {counts.max()} times within the step of {dt} s at "
            f"{step * dt:.9g} s; lower TwinTiming.dt, or leave out one"
        )

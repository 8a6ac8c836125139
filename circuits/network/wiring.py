"""A network as wires: every neuron by number, every synapse and bias as a current."""

import math
from dataclasses import dataclass

import numpy as np

from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_name
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import n_signals
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel, synapses
from circuits.units import Seconds


@dataclass(frozen=True, eq=False)
class Wiring:
    """All neurons of a network in one row, in the order of its layers; currents in A, n neurons.

    A synapse drives its current for `t_pulse`, from `delay` after each spike of its line on. The lines are the external
    channels, then the neurons.
    """

    circuit: LIFCircuit
    names: tuple[str, ...]  # (n,), safe in every dialect, unique
    spiking: np.ndarray  # (n,), False for a readout
    g_leak: np.ndarray  # (n,), S
    v_threshold: np.ndarray  # (n,), V
    bias: np.ndarray  # (n,), A, constant
    signal: np.ndarray  # (signal, n), A per unit of signal
    synapses: np.ndarray  # (channel + n, n), A while the pulse lasts, negative for inhibition
    tau_adapt: np.ndarray  # (n,), s, infinite without adaptation
    coupling: np.ndarray  # (n,), dw/dv of the adaptation voltage w
    jump: np.ndarray  # (n,), V, of w at each spike
    n_external: int
    kernel: SynapseKernel
    dt: Seconds  # of the rows of a signal
    notes: tuple[str, ...] = ()

    @property
    def n_neurons(self) -> int:
        return len(self.names)

    @property
    def t_pulse(self) -> Seconds:
        return self.kernel.device_pulse

    @property
    def delay(self) -> Seconds:
        return self.kernel.delay

    @property
    def n_synapses(self) -> int:
        return int(np.count_nonzero(self.synapses))

    @property
    def adaptive(self) -> np.ndarray:
        """Neurons with an adaptation, `(n,)`."""
        return np.isfinite(self.tau_adapt)


def wire(chip: ChipNetwork) -> Wiring:
    """A network as currents: bias b q / dt, signal w q / dt, synapse w q / t_pulse with q = C (V_th - V_reset)."""
    net, circuit = chip.network, chip.circuit
    per_step = circuit.charge_per_weight / net.dt
    return Wiring(
        circuit=circuit,
        names=_names(net),
        spiking=np.concatenate([np.full(layer.n_neurons, layer.spiking) for layer in net.layers]),
        g_leak=circuit.c_mem / _each(net, "tau_mem", math.inf),
        v_threshold=circuit.v_reset + circuit.swing * _each(net, "v_threshold", 1.0),
        bias=per_step * np.concatenate([chip.bias_per_step(layer) for layer in net.layers]),
        signal=per_step * _signal(net),
        synapses=_synapses(net, circuit, chip.synapse.device_pulse),
        tau_adapt=_each(net, "tau_adapt", math.inf),
        coupling=_each(net, "adapt_a", 0.0),
        jump=circuit.swing * _each(net, "adapt_b", 0.0),
        n_external=net.n_external,
        kernel=chip.synapse,
        dt=net.dt,
        notes=_notes(chip),
    )


def _each(net: NetworkSpec, field: str, absent: float) -> np.ndarray:
    """A field of every layer in one row, `absent` for the neurons of a layer without it."""
    values = [(getattr(layer, field), layer.n_neurons) for layer in net.layers]
    return np.concatenate([np.full(n, absent) if value is None else value for value, n in values])


def _names(net: NetworkSpec) -> tuple[str, ...]:
    stems: list[str] = []
    for layer in net.layers:
        stems.append(safe_name(layer.name, stems))
    return tuple(f"{stem}_{i}" for stem, layer in zip(stems, net.layers, strict=True) for i in range(layer.n_neurons))


def _signal(net: NetworkSpec) -> np.ndarray:
    """Weights of the signal lines, `(signal, n)`."""
    weights = np.zeros((n_signals(net), net.n_neurons))
    if weights.size:
        weights[:, : net.layers[0].n_neurons] = net.layers[0].weights
    return weights


def _synapses(net: NetworkSpec, circuit: LIFCircuit, t_pulse: Seconds) -> np.ndarray:
    currents = np.zeros((net.n_external + net.n_neurons, net.n_neurons))
    line = first = 0  # of the layer before, among the lines; of this layer, among the neurons
    for layer in net.layers:
        own = slice(first, first + layer.n_neurons)
        if layer.kind != "encoder":
            currents[line : line + layer.fan_in, own] = _currents(layer.weights, circuit, t_pulse)
        own_line = net.n_external + first
        if layer.recurrent is not None:
            currents[own_line : own_line + layer.n_neurons, own] += _currents(layer.recurrent, circuit, t_pulse)
        line, first = own_line, first + layer.n_neurons
    return currents


def _currents(weights: np.ndarray, circuit: LIFCircuit, t_pulse: Seconds) -> np.ndarray:
    array = synapses(weights, circuit, t_pulse)
    return np.copysign(array.current, array.charge)


def _notes(chip: ChipNetwork) -> tuple[str, ...]:
    """Where the netlist and the stepped network differ."""
    notes = ("bias and signal flow all the time; pulses of a line that overlap are one",)
    if any(layer.tau_adapt is not None for layer in chip.network.layers):
        notes += ("adaptation is an ideal source: no BTBT circuit of it is published",)
    if chip.circuit.v_reset:
        notes += ("the membrane leaks to vss, the trained network's to v_reset",)
    return notes

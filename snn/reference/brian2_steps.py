"""The Brian2 twin of the trained network: the same steps of dt, in volts and coulombs, as Brian2 objects.

    dv/dt = -(v - v_reset + w) / tau_mem,   then v = max(v + charge / c_mem, v_sink), spike at v > v_threshold, reset

Brian2 integrates the membrane and carries the spikes; a layer acts within the step of the layer before it, its own
recurrent spikes in the next. The words are those of `circuits.netlist.parameters.DYNAMICS`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit
from snn.reference.brian import code_for, load_brian2, run

EQUATIONS = """
dv/dt = -(v - v_reset + w) / tau_mem : volt
w : volt
bias : volt (constant)
v_threshold : volt (constant)
tau_mem : second (constant)
"""
ADAPTATION = """
tau_adapt : second (constant)
coupling : 1 (constant)
jump : volt (constant)
"""
RELAX = "w = w * exp(-dt / tau_adapt) + (1 - exp(-dt / tau_adapt)) * coupling * (v - v_reset)"


@dataclass(frozen=True, eq=False)
class StepRun:
    """What a network did: by layer, spikes (0 or 1) and potentials after the step's reset, `(batch, time, neuron)`.

    Potentials are in units of the swing, 0 at reset. A readout has no spikes, its potential is the result.
    """

    spikes: dict[str, np.ndarray]
    potential: dict[str, np.ndarray]


@code_for("numpy")
def run_brian2(chip: ChipNetwork, inputs: np.ndarray, target: str = "numpy") -> StepRun:
    """Run the network from rest in Brian2, step by step as it was trained.

    Args:  inputs: `(batch, time, channel)`: spikes, 0 or 1, or the signal of a network that begins with an encoder.
        target: of Brian2's code generation: "numpy", "cython" or "auto"; the last two want a compiler.
    Raises:  InputError where the input does not fit.
    """
    b2, net, inputs = load_brian2(), chip.network, np.asarray(inputs, dtype=float)
    _require_fits(net, inputs)
    inputs = inputs.transpose(1, 0, 2)
    n_steps, n_batch, _ = inputs.shape
    network = b2.Network()
    network.schedule = [*(slot for k in range(len(net.layers)) for slot in _slots(k)), *network.schedule]
    groups = {}
    source = None
    if net.n_external:
        source = _external(inputs, net)
        network.add(source)
    for k, layer in enumerate(net.layers):
        group = groups[layer.name] = _population(layer, chip, inputs, k)
        tables = [(source, None if layer.kind == "encoder" else layer.weights), (group, layer.recurrent)]
        synapses = [_synapses(pre, group, w, chip, k) for pre, w in tables if w is not None and np.any(w)]
        network.add(group, *synapses)
        source = group
    spikes = {x.name: b2.SpikeMonitor(groups[x.name]) for x in net.layers if x.spiking}
    potential = {name: b2.StateMonitor(group, "v", record=True, when="end") for name, group in groups.items()}
    network.add(*spikes.values(), *potential.values())
    run(network, n_steps * net.dt, target)
    circuit = chip.circuit

    def clips(values: np.ndarray) -> np.ndarray:
        return values.reshape(n_steps, n_batch, -1).transpose(1, 0, 2)

    return StepRun(
        {name: clips(_raster(monitor, net, n_steps)) for name, monitor in spikes.items()},
        {name: clips((m.v_.T - circuit.v_reset) / circuit.swing) for name, m in potential.items()},
    )


def _slots(k: int) -> list[str]:
    """Brian2's slots of layer k, in the order of a step."""
    return [f"{what}_{k}" for what in ("groups", "synapses", "thresholds", "resets")]


def _external(inputs: np.ndarray, net: NetworkSpec) -> Any:
    """Spikes from outside, neuron `clip * n_channels + channel`, before the first layer of their step."""
    b2 = load_brian2()
    flat = inputs.reshape(len(inputs), -1)
    steps, index = np.nonzero(flat)
    dt = net.dt * b2.second
    return b2.SpikeGeneratorGroup(flat.shape[1], index, steps * dt, dt=dt, when="before_groups_0")


def _population(layer: LayerSpec, chip: ChipNetwork, inputs: np.ndarray, k: int) -> Any:
    """The neurons of layer k for every clip, neuron `clip * n_neurons + j`."""
    b2, circuit, n_batch = load_brian2(), chip.circuit, inputs.shape[1]
    dt = chip.network.dt * b2.second
    update, synapses, thresholds, resets = _slots(k)
    adaptive = layer.kind == "adaptive_lif"
    reset = ("v = v_reset", "w += jump")[: 1 + adaptive]
    group = b2.NeuronGroup(
        n_batch * layer.n_neurons,
        EQUATIONS + ADAPTATION * adaptive,
        threshold="v > v_threshold" if layer.spiking else None,
        reset="\n".join(reset) if layer.spiking else None,
        method="exact",
        dt=dt,
        namespace={"v_reset": circuit.v_reset * b2.volt, "v_sink": circuit.v_sink * b2.volt},
    )
    for name, value in _parameters(layer, circuit).items():
        setattr(group, f"{name}_", np.tile(value, n_batch))
    group.v_ = circuit.v_reset
    group.state_updater.when = update
    group.run_regularly("v += bias", when=synapses)
    if layer.kind == "encoder":
        signal = (inputs @ layer.weights).reshape(len(inputs), -1) * circuit.swing
        group.namespace["signal"] = b2.TimedArray(signal * b2.volt, dt=dt)
        group.run_regularly("v += signal(t, i)", when=synapses)
    if layer.spiking:
        group.run_regularly("v = clip(v, v_sink, inf * volt)", when=f"after_{synapses}")
        group.set_event_schedule("spike", when=thresholds)
        group.resetter["spike"].when = resets
    if adaptive:
        group.run_regularly(RELAX, when=f"after_{thresholds}")
    return group


def _parameters(layer: LayerSpec, circuit: LIFCircuit) -> dict[str, np.ndarray]:
    """Values of the group's variables, each `(neuron,)`; a charge of q is a step of the swing."""
    swing = circuit.swing
    values = {"tau_mem": layer.tau_mem, "v_threshold": circuit.v_reset + swing * layer.v_threshold}
    values["bias"] = swing * layer.bias
    if layer.kind == "adaptive_lif":
        values |= {"tau_adapt": layer.tau_adapt, "coupling": layer.adapt_a, "jump": swing * layer.adapt_b}
    return values


def _synapses(source: Any, group: Any, weights: np.ndarray, chip: ChipNetwork, k: int) -> Any:
    """One synapse for each weight that is not zero, in every clip."""
    b2, dt = load_brian2(), chip.network.dt
    clips = np.arange(len(group) // weights.shape[1])[:, None]
    pre, post = np.nonzero(weights)
    synapses = b2.Synapses(source, group, "step : volt (constant)", on_pre="v_post += step", dt=dt * b2.second)
    synapses.connect(i=(clips * weights.shape[0] + pre).ravel(), j=(clips * weights.shape[1] + post).ravel())
    synapses.step_ = np.tile(weights[pre, post] * chip.circuit.swing, len(clips))
    synapses.pre.when = _slots(k)[1]
    return synapses


def _raster(monitor: Any, net: NetworkSpec, n_steps: int) -> np.ndarray:
    """Spikes as 0 and 1, `(time, clip * neuron)`."""
    raster = np.zeros((n_steps, len(monitor.source)))
    raster[np.rint(monitor.t_ / net.dt).astype(int), monitor.i[:]] = 1
    return raster


def _require_fits(net: NetworkSpec, inputs: np.ndarray) -> None:
    """Raise InputError unless the input is finite, of the network's shape, and of 0 and 1 where it is spikes."""
    expected = f"(batch, time, channel) with {net.layers[0].fan_in} channels"
    if inputs.ndim != 3 or inputs.shape[2] != net.layers[0].fan_in or 0 in inputs.shape[:2]:
        raise InputError(f"inputs have shape {inputs.shape}, network {net.name!r} expects {expected}")
    if not np.isfinite(inputs).all():
        raise InputError(f"inputs of network {net.name!r} hold NaN or infinity; check the features")
    if net.n_external and not np.isin(inputs, (0, 1)).all():
        raise InputError(f"network {net.name!r} takes spikes, 0 or 1, got values from {inputs.min()} to {inputs.max()}")

"""One chip away from nominal: what mismatch, temperature, supply and age do to the currents and neurons of a network.

Every current is a tunnelling device of its own, drawn for its current at nominal; elsewhere the device gives

    factor = I(V_DS' - V_GS + shift; device') / I(V_DS - V_GS; device),   shift = mismatch + knob

at the gate bias V_GS that it was drawn for. A weight is a charge, so it takes the factor of its device. ASSUMED: gate
biases stay, supply sweeps included; a mirror that carries a signal has the factor of its full scale at every level.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from circuits.device.ageing import aged
from circuits.device.btbt import REFERENCE_TEMPERATURE, BTBTDevice, btbt_current
from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseArray, synapses
from circuits.transient.placed import neurons_of
from circuits.transient.population import Population
from circuits.units import ZERO_CELSIUS, Kelvin, Volts, freeze_si, require
from circuits.variation.corners import PROCESS_SHIFTS, Corner, corner_circuit
from circuits.variation.mismatch import Spread, sample

N_REPLICAS = 16  # ASSUMED: test devices of each bias line, and test neurons, that a chip carries for its calibration

Line = tuple[str, str]  # name of the layer, and what of it hangs on this bias line: weights, recurrent, bias, leak
Shifts = dict[Line, Volts | np.ndarray]  # what is added to V_DG of the devices on a line: a number, or one for each
Leak = Literal["body", "tunnelling"]


@dataclass(frozen=True)
class Condition:
    """Where a chip works.

    leak: no temperature law of the body-source leak is published. "body", ASSUMED: `leak_activation_ev` of the circuit,
      as of a transistor that is off, and no mismatch; "tunnelling", ASSUMED: the leak is set by a tunnelling device
      that carries the rheobase current, so it follows all other currents, and has a knob.
    """

    temperature: Kelvin = REFERENCE_TEMPERATURE
    supply: float = 1.0  # V_DD over its nominal value
    years: float = 0.0
    process: str = "TT"  # of `circuits.variation.corners.PROCESS_SHIFTS`
    leak: Leak = "body"

    def __post_init__(self):
        freeze_si(self)
        require(self, "supply", self.supply > 0, "positive")
        require(self, "years", self.years >= 0, "zero or positive")
        require(self, "process", self.process in PROCESS_SHIFTS, f"one of {', '.join(PROCESS_SHIFTS)}")
        require(self, "leak", self.leak in get_args(Leak), f"one of {', '.join(get_args(Leak))}")

    @property
    def label(self) -> str:
        """What differs from nominal, in words; empty where nothing does."""
        celsius = round(self.temperature - ZERO_CELSIUS)
        parts = {
            f"{celsius} C": self.temperature != REFERENCE_TEMPERATURE,
            f"{self.supply:.0%} supply": self.supply != 1,
            f"{self.years:g} year{'s' * (self.years != 1)}": self.years != 0,
            self.process: self.process != "TT",
        }
        return ", ".join(part for part, differs in parts.items() if differs)

    def circuit(self, nominal: LIFCircuit) -> LIFCircuit:
        """The circuit here: `corner_circuit`, then `aged`; its leak is that of leak = "body"."""
        there = corner_circuit(nominal, Corner("here", self.process, self.supply, self.temperature))
        return replace(there, device=aged(there.device, self.years))


@dataclass(frozen=True, eq=False)
class NeuronMismatch:
    """What mismatch gave each neuron, `(neuron,)`; as voltages, since those stay when temperature changes."""

    tunnel: Volts | np.ndarray = 0.0  # added to u of the neuron's own device
    threshold: Volts | np.ndarray = 0.0  # added to v_threshold
    subthreshold: Volts | np.ndarray = 0.0  # i_static times exp(this / v_crowbar)
    c_mem: float | np.ndarray = 1.0  # factor

    def of(self, neurons: Population) -> Population:
        """The neurons with this mismatch."""
        off = np.divide(self.subthreshold, neurons.v_crowbar, where=neurons.v_crowbar > 0, out=np.zeros(len(neurons)))
        return replace(
            neurons,
            v_onset=neurons.v_onset - self.tunnel,
            v_threshold=neurons.v_threshold + self.threshold,
            c_mem=neurons.c_mem * self.c_mem,
            i_static=neurons.i_static * np.exp(off),
        )


@dataclass(frozen=True, eq=False)
class Silicon:
    """The mismatch of one chip, the same at every condition; empty: the typical chip.

    shifts: of every device (V).   replicas: of the test devices of each line, `(replica,)` (V).
    """

    shifts: Shifts = field(default_factory=dict)
    neurons: NeuronMismatch = NeuronMismatch()
    replicas: dict[Line, np.ndarray] = field(default_factory=dict)
    test_neurons: NeuronMismatch = NeuronMismatch()


TYPICAL = Silicon()


def draw_silicon(chip: ChipNetwork, spread: Spread, rng: np.random.Generator, n_replicas: int = N_REPLICAS) -> Silicon:
    """Draw one chip: each device a normal shift of `sigma_tunnel`, the neurons as `circuits.variation.mismatch.sample`.

    Each part draws from a child generator of its own, so none depends on another's size.
    Raises: InputError for no replicas, or a threshold that falls to v_reset.
    """
    devices = bias_lines(chip)
    own, test, *children = rng.spawn(2 + len(devices))
    shifts, replicas = {}, {}
    for (line, drawn), child in zip(devices.items(), children, strict=True):
        of_devices, of_replicas = child.spawn(2)
        shifts[line] = spread.sigma_tunnel * of_devices.standard_normal(drawn.current.shape)
        replicas[line] = spread.sigma_tunnel * of_replicas.standard_normal(n_replicas)
    neurons = _mismatch(chip.circuit, spread, chip.network.n_neurons, own)
    return Silicon(shifts, neurons, replicas, _mismatch(chip.circuit, spread, n_replicas, test))


def _mismatch(circuit: LIFCircuit, spread: Spread, n: int, rng: np.random.Generator) -> NeuronMismatch:
    drawn = sample(circuit, spread, n, rng)
    off = np.log(drawn["i_static"] / circuit.i_static) * circuit.v_crowbar if circuit.i_static else 0.0
    threshold = drawn["v_threshold"] - circuit.v_threshold
    return NeuronMismatch(drawn["tunnel_shift"], threshold, off, drawn["c_mem"] / circuit.c_mem)


def bias_lines(chip: ChipNetwork) -> dict[Line, SynapseArray]:
    """The devices on each bias line: their nominal current (A) and gate bias (V), in the shape of the weights.

    w q / t_pulse for a synapse, w q / dt for a signal of 1 and for a bias, the rheobase q / tau_mem for a leak.
    Raises: InputError for bias devices with gate biases of their own, which no common line serves.
    """
    net, pulse, lines = chip.network, chip.synapse.device_pulse, {}
    for layer in net.layers:
        if layer.name in chip.bias_devices:
            raise InputError(f"layer {layer.name!r} has bias devices, whose spread is not modelled; export pulses")
        times = {"weights": net.dt if layer.kind == "encoder" else pulse, "recurrent": pulse, "bias": net.dt}
        arrays = {name: getattr(layer, name) for name in times}
        lines |= {
            (layer.name, name): synapses(array, chip.circuit, times[name])
            for name, array in arrays.items()
            if array is not None and array.any()
        }
        lines[layer.name, "leak"] = synapses(layer.v_threshold / layer.tau_mem, chip.circuit, 1.0)  # charge of 1 s
    return lines


def current_factor(
    v_gs: Volts | np.ndarray, nominal: BTBTDevice, there: BTBTDevice, shift: Volts | np.ndarray
) -> np.ndarray:
    """The module's equation; 1 where V_GS is NaN and there is no device, 0 where the device no longer tunnels."""
    before = btbt_current(np.asarray(nominal.v_ds - v_gs), nominal, 1.0)
    after = btbt_current(np.asarray(there.v_ds - v_gs + shift), there, 1.0)
    return np.divide(after, before, where=before > 0, out=np.ones(np.broadcast_shapes(after.shape, before.shape)))


def perturbed(
    chip: ChipNetwork,
    condition: Condition,
    silicon: Silicon = TYPICAL,
    knobs: Shifts | None = None,
) -> tuple[ChipNetwork, Population]:
    """The network and the neurons of one chip at a condition, for `simulate_network(network, ..., neurons=neurons)`.

    Args:
      knobs: what calibration adds to V_DG on each line (V), a number or one for each device of an encoder's neuron.
    The nominal condition of the typical chip gives back the weights bit for bit.
    Raises: InputError for bias devices, or where mismatch leaves a threshold at v_reset.
    """
    there, lines = condition.circuit(chip.circuit), bias_lines(chip)
    factors = {
        line: current_factor(
            devices.v_gs,
            chip.circuit.device,
            there.device,
            silicon.shifts.get(line, 0.0) + (knobs or {}).get(line, 0.0),
        )
        for line, devices in lines.items()
    }
    layers = tuple(_scaled(layer, factors) for layer in chip.network.layers)
    return chip.with_layers(layers), silicon.neurons.of(_neurons(chip, condition, there, factors))


def _scaled(layer: LayerSpec, factors: dict[Line, np.ndarray]) -> LayerSpec:
    """The layer with every charge times the factor of its device."""
    own = {name: factor for (owner, name), factor in factors.items() if owner == layer.name and name != "leak"}
    return replace(layer, **{name: getattr(layer, name) * factor for name, factor in own.items()})


def _neurons(chip: ChipNetwork, condition: Condition, there: LIFCircuit, factors: dict[Line, np.ndarray]) -> Population:
    """The neurons at a condition, without mismatch; a leak is a conductance, whatever the capacitor became."""
    body = there.g_leak / chip.circuit.g_leak if chip.circuit.g_leak else 1.0
    following = np.concatenate([factors[layer.name, "leak"] for layer in chip.network.layers])
    leak = following if condition.leak == "tunnelling" else body
    return neurons_of(replace(wire(replace(chip, circuit=there)), g_leak=wire(chip).g_leak * leak))


def below_floor(chip: ChipNetwork, condition: Condition) -> int:
    """Devices of a `perturbed` network whose current lies below the least drain current of the device here.

    No gate bias reaches there; the network is simulated as if it did. Leaks and absent devices are not counted.
    """
    floor = condition.circuit(chip.circuit).device.i_floor * chip.circuit.width
    currents = [devices.current for (_, name), devices in bias_lines(chip).items() if name != "leak"]
    return sum(int(np.count_nonzero((current > 0) & (current < floor))) for current in currents)

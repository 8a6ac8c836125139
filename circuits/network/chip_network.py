"""A network on the circuit of a chip: what turns thresholds into volts, and weights into charges.

q = C (V_th - V_reset) for a weight of 1,   g_leak = C / tau_mem,   V = V_reset + v (V_th - V_reset)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from circuits.device.btbt import bias_for_current
from circuits.errors import InputError
from circuits.network.spec import MEMBRANE_KINDS, LayerSpec, NetworkSpec
from circuits.neuron.bias import bias_drive, current_for_drive
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel

BIAS_TOLERANCE = 1e-4  # single precision, through the exponential of the device


@dataclass(frozen=True, eq=False)
class BiasDevices:
    """The tunnelling devices that deliver the bias of a layer, one for each neuron, at one speed of the chip."""

    v_gs: np.ndarray  # (neuron,), V
    width: np.ndarray  # (neuron,), m
    acceleration: float  # chip speed over real time that they are biased for

    def __post_init__(self):
        for name in ("v_gs", "width"):
            if not np.all(np.isfinite(getattr(self, name))):
                raise InputError(f"bias devices: {name} holds NaN or infinity; train again or check the file")
        if np.any(self.width <= 0):
            raise InputError(f"bias devices: width must be positive, got {self.width.min()} m")
        if not self.acceleration > 0:
            raise InputError(f"bias devices: acceleration must be positive, got {self.acceleration}")


@dataclass(frozen=True, eq=False)
class ChipNetwork:
    """A network, the circuit of each of its neurons, by layer the devices that deliver a bias, its synapses.

    A layer without bias devices gets its bias as one pulse per time step. `chip` names the chip that the network was
    trained for; "": none, so its circuit counts on whichever chip it is placed.
    """

    network: NetworkSpec
    circuit: LIFCircuit
    bias_devices: Mapping[str, BiasDevices] = field(default_factory=dict)
    synapse: SynapseKernel = field(default_factory=SynapseKernel)
    chip: str = ""

    def __post_init__(self):
        for layer in self.network.layers:
            if layer.kind not in MEMBRANE_KINDS:
                raise InputError(f"layer {layer.name!r} of kind {layer.kind!r} has no membrane that a circuit could be")
        for name, devices in self.bias_devices.items():
            layer = self.network.layer(name)
            if layer.kind in ("encoder", "readout"):
                raise InputError(f"layer {name!r} is of kind {layer.kind!r}, which has no bias devices; leave them out")
            for what in ("v_gs", "width"):
                shape = getattr(devices, what).shape
                if shape != (layer.n_neurons,):
                    raise InputError(
                        f"layer {name!r}: {what} of its bias devices has shape {shape}, expected ({layer.n_neurons},)"
                    )
            self._require_bias_agrees(layer, devices)

    def _require_bias_agrees(self, layer: LayerSpec, devices: BiasDevices) -> None:
        """Raise InputError unless the bias is what its devices leave on the membrane in a step."""
        drive = bias_drive(devices.v_gs, devices.width, layer.tau_mem, self.circuit, devices.acceleration)
        expected = -np.expm1(-self.network.dt / layer.tau_mem) * drive
        wrong = ~np.isclose(layer.bias, expected, rtol=BIAS_TOLERANCE, atol=0)
        if wrong.any():
            j = int(np.argmax(wrong))
            raise InputError(
                f"layer {layer.name!r}: the device of neuron {j}, {devices.v_gs[j]:g} V, {devices.width[j]:g} m, "
                f"gives a bias of {expected[j]:g}, the layer has {layer.bias[j]:g}; export it again"
            )

    def on(self, circuit: LIFCircuit) -> "ChipNetwork":
        """The same network on another circuit; the gates of its bias devices are set anew, so every bias stays."""
        if circuit == self.circuit:
            return self
        devices = {}
        for name, own in self.bias_devices.items():
            tau_mem = self.network.layer(name).tau_mem
            drive = bias_drive(own.v_gs, own.width, tau_mem, self.circuit, own.acceleration)
            current = current_for_drive(drive, tau_mem, circuit, own.acceleration)
            devices[name] = replace(own, v_gs=bias_for_current(current, circuit.device, own.width))
        return replace(self, circuit=circuit, bias_devices=devices)

    def with_layers(self, layers: tuple[LayerSpec, ...]) -> "ChipNetwork":
        """The same circuit under a network of these layers."""
        return replace(self, network=replace(self.network, layers=layers))

    def bias_per_step(self, layer: LayerSpec) -> np.ndarray:
        """What the bias draws in a step, `(neuron,)`, as a fraction of q.

        Pulses draw the bias itself. A current draws I dt, of which a part leaks away within the step.
        """
        rate = self.network.dt / layer.tau_mem
        return layer.bias * rate / -np.expm1(-rate) if layer.name in self.bias_devices else layer.bias

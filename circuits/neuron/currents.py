"""The three currents of the tunnelling transistor while its body charges."""

from dataclasses import dataclass

from circuits.device.btbt import drain_leak, validity_notes
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Amperes, Volts, si


@dataclass(frozen=True)
class DeviceCurrents:
    """What flows in the device of one neuron (A). Source of the three: group course report EE724, band diagram."""

    tunnelling: Amperes  # useful: electrons tunnel from body to drain, the holes left behind charge the body
    body_leak: Amperes  # the neuron's leak: holes leave the body for the source
    drain_leak: Amperes | None  # wasted: electrons from source to drain below threshold; None where not published

    @property
    def net(self) -> Amperes:
        """C dV/dt of the body: tunnelling less body leak."""
        return self.tunnelling - self.body_leak


def device_currents(circuit: LIFCircuit, v_body: Volts) -> DeviceCurrents:
    """The currents of the device at the circuit's own gate bias and a body potential (V).

    I_tunnel = I(V_DS - V_GS - body_factor V, V),   I_leak = g_leak V,   I_drain = W I_off 10^(V_GS / SS)
    """
    return DeviceCurrents(
        tunnelling=float(circuit.current_at(v_body)),
        body_leak=circuit.g_leak * v_body,
        drain_leak=drain_leak(circuit.v_gs, circuit.device, circuit.width),
    )


def circuit_notes(circuit: LIFCircuit) -> tuple[str, ...]:
    """One line for each way in which a circuit leaves what its device was fitted to or can make, or its control."""
    notes, floor = validity_notes(circuit.device, circuit.v_gs), circuit.device.i_floor * circuit.width
    notes += circuit.control.extrapolated(circuit.v_dd, circuit.device.temperature)
    if circuit.input_current < floor:
        notes += (
            f"the input current of {si(circuit.input_current, 'A')} lies below the least drain current of "
            f"{circuit.device.name}, {si(floor, 'A')}: no gate bias reaches it",
        )
    return notes

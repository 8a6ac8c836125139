"""The circuit at another supply voltage, and at another condition of supply and temperature."""

from dataclasses import replace

from circuits.errors import InputError
from circuits.neuron.circuit import OXIDE_LIMIT, LIFCircuit, at_temperature, moved_refractory
from circuits.units import Kelvin, Volts


def at_supply(circuit: LIFCircuit, v_dd: Volts) -> LIFCircuit:
    """The circuit at another V_DD (V): drain voltage and inverter threshold in proportion, the gate bias held.

    V_DS = V_DS0 r, V_th = V_th0 r, r = V_DD / V_DD0. ASSUMED: the drain's supply follows, and an inverter without
    a reference switches at a fixed fraction of it. The curves are of one drain voltage, so `validity_notes` says that
    another is extrapolated. Simulated control moves by its laws (its swing is 0.67 to 0.73 of any V_DD); the leak and
    capacitances keep their values.
    Raises: InputError unless v_dd is above 0 and within `OXIDE_LIMIT`, and where the threshold falls to v_reset.
    """
    if not 0 < v_dd <= OXIDE_LIMIT:
        raise InputError(f"v_dd must be above 0 and at most the {OXIDE_LIMIT:g} V that the oxide holds, got {v_dd} V")
    ratio = v_dd / circuit.v_dd
    control = circuit.control.at_supply(ratio)
    return replace(
        circuit,
        device=replace(circuit.device, v_ds=circuit.device.v_ds * ratio),
        control=control,
        v_dd=v_dd,
        v_threshold=circuit.v_threshold * ratio,
        t_refractory=moved_refractory(circuit, control),
        drawn=False,
    )


def at_condition(circuit: LIFCircuit, temperature: Kelvin | None = None, v_dd: Volts | None = None) -> LIFCircuit:
    """`at_supply`, then `at_temperature`; None: the circuit's own. Raises: InputError as these."""
    moved = circuit if v_dd is None else at_supply(circuit, v_dd)
    return moved if temperature is None else at_temperature(moved, temperature)

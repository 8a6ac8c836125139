"""Process, supply and temperature corners of a neuron: named points at which a design has to work.

The first letter of a process is the tunnelling source, the second the control circuit; their variations are measured
to be uncorrelated (source in mismatch.py), so FS and SF are as real as FF and SS. No foundry corner of a BTBT
device is published: every shift here is ASSUMED and meant to be replaced by the caller's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from circuits.device.btbt import BTBTDevice, arrhenius
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit, at_temperature
from circuits.neuron.supply import at_supply
from circuits.tables import did_you_mean
from circuits.units import ZERO_CELSIUS, Kelvin, Volts, freeze_si, require


@dataclass(frozen=True)
class ProcessShift:
    """How a process corner moves a circuit; fast is a larger tunnelling voltage, a lower threshold, a smaller body."""

    tunnel: Volts = 0.0  # added to u = V_DG - V_0, so taken off the onset V_0
    threshold: Volts = 0.0  # added to v_threshold
    c_mem: float = 1.0  # factor

    def __post_init__(self):
        freeze_si(self)
        require(self, "c_mem", self.c_mem > 0, "positive")


# ASSUMED: 20 mV, the example shift of the variability estimate; 20 mV of an inverter; 5 % of an oxide or junction
PROCESS_SHIFTS: dict[str, ProcessShift] = {
    "TT": ProcessShift(),
    "FF": ProcessShift(tunnel=0.020, threshold=-0.020, c_mem=0.95),
    "SS": ProcessShift(tunnel=-0.020, threshold=0.020, c_mem=1.05),
    "FS": ProcessShift(tunnel=0.020, threshold=0.020),
    "SF": ProcessShift(tunnel=-0.020, threshold=-0.020),
}


@dataclass(frozen=True)
class Corner:
    """One corner: a process by name, the supply as a ratio to the nominal one, and the temperature."""

    name: str
    process: str
    supply: float  # V_DD over its nominal value
    temperature: Kelvin

    def __post_init__(self):
        freeze_si(self)
        require(self, "supply", self.supply > 0, "positive")


def _corner(process: str, supply: float, temperature: Kelvin) -> Corner:
    """A corner with its name, `SS_n40C_90pct`: a word of letters, digits and underscores that a netlist can hold."""
    celsius = round(temperature - ZERO_CELSIUS)
    return Corner(f"{process}_{'n' * (celsius < 0)}{abs(celsius)}C_{supply:.0%}".replace("%", "pct"),
                  process, supply, temperature)  # fmt: skip


# ASSUMED: supply +-10 %, and -40, 27 and 125 degrees Celsius, as is usual of a hand-off
CORNERS: tuple[Corner, ...] = tuple(
    _corner(*point) for point in product(("TT", "FF", "SS"), (0.9, 1.0, 1.1), (233.15, 300.15, 398.15))
)


def corner_circuit(
    circuit: LIFCircuit,
    corner: Corner,
    shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS,
    law: Callable[[BTBTDevice, Kelvin], BTBTDevice] = arrhenius,
) -> LIFCircuit:
    """The circuit at a corner: process shift, then `at_supply`, then `at_temperature` by `law`.

    Args: shifts: the process corners by name, by default the ASSUMED `PROCESS_SHIFTS`.
    Raises: InputError for a process that `shifts` does not know, a threshold that falls to v_reset, or a temperature
    outside 200..450 K.
    """
    if corner.process not in shifts:
        hint = did_you_mean(corner.process, shifts)
        raise InputError(
            f"corner {corner.name!r}: unknown process {corner.process!r}{hint}; known: {', '.join(shifts)}"
        )
    shifted = _shifted(circuit, shifts[corner.process])
    return at_temperature(at_supply(shifted, corner.supply * circuit.v_dd), corner.temperature, law)


def _shifted(circuit: LIFCircuit, shift: ProcessShift) -> LIFCircuit:
    """The circuit with onset, threshold and body moved; its static current stays, whose spread is another one."""
    return replace(
        circuit,
        device=replace(circuit.device, v_onset=circuit.device.v_onset - shift.tunnel),
        v_threshold=circuit.v_threshold + shift.threshold,
        c_mem=circuit.c_mem * shift.c_mem,
        drawn=False,
    )

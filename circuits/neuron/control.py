"""The transistors of the control circuit, in one record: all that they load, leak, switch and cost follows from it.

    membrane -> first inverter -> second inverter -> reset switch -> membrane

    c_membrane = 2 C_gate + C_wire   c_control = 2 C_gate + C_wire   c_reset = C_gate + C_wire   i_static = 2 W I_off

The first inverter hangs on the membrane, the second on the first, the switch on the second; each inverter has one
transistor that is off, and both are starved. Every number here is ASSUMED until transistors have been simulated: a
narrow device of high threshold, 0.18 V above the tunnelling one's, since wider or leakier ones contradict themselves
(`contradictions`). The starving current is what its lower transistor carries at 0.4 V, W I_off 10^(0.4 V / SS): there
the first inverter switches.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from circuits.device.btbt import SUBTHRESHOLD_ACTIVATION_EV, boltzmann_factor
from circuits.units import (
    VACUUM_PERMITTIVITY,
    Amperes,
    AmperesPerMetre,
    Farads,
    FaradsPerMetre,
    Kelvin,
    Metres,
    Seconds,
    Volts,
    fF,
    freeze_si,
    nA,
    nm,
    require,
    require_plausible_fields,
    si,
    um,
)

OXIDE_PERMITTIVITY: FaradsPerMetre = 3.9 * VACUUM_PERMITTIVITY  # SiO2
ROUNDING = 1e-9  # what two floats may differ by and yet be the same


@dataclass(frozen=True)
class ControlTransistors:
    """Two inverters and a reset switch of five alike transistors, at one temperature."""

    width: Metres = 60 * nm  # ASSUMED: narrow, a seventh of the tunnelling device
    length: Metres = 40 * nm  # Source: Chavan 2020 device, drawn gate
    oxide: Metres = 1 * nm  # Source: EE724 report, base geometry
    permittivity: FaradsPerMetre = OXIDE_PERMITTIVITY
    c_wire: Farads = 0.03 * fF  # ASSUMED: wire and junctions at the membrane and behind each inverter, 0.15 um
    i_off: AmperesPerMetre = 1.35e-12 / um  # ASSUMED: 135 pA/um of figure 14, two decades lower by a higher threshold
    subthreshold_swing: Volts = 0.091  # V per decade. Source: figure 14
    i_on: AmperesPerMetre = 2e-4 / um  # ASSUMED: a third of figure 14's 590 uA/um at 1.45 V
    i_starve: Amperes = 2 * nA  # ASSUMED: limit of either inverter; it puts the first one's threshold at 0.4 V
    off_activation_ev: float = SUBTHRESHOLD_ACTIVATION_EV  # eV, of i_off. Source: figure 14 at V_GS = 0
    # As simulated in transistors, in place of what follows from gates and wire; None: it follows
    c_first: Farads | None = None  # what the first inverter switches
    c_second: Farads | None = None  # what the second inverter switches
    static: Amperes | None = None  # what both leak

    def __post_init__(self):
        freeze_si(self)
        for name in ("width", "length", "oxide", "permittivity", "i_on"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("c_wire", "i_off", "subthreshold_swing", "i_starve", "off_activation_ev"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        for name in ("c_first", "c_second", "static"):
            require(self, name, (getattr(self, name) or 0) >= 0, "zero or positive")
        require_plausible_fields(self)

    @property
    def gate(self) -> Farads:
        """One gate, eps W L / t_ox."""
        return self.permittivity * self.width * self.length / self.oxide

    @property
    def c_membrane(self) -> Farads:
        """What the first inverter loads the membrane with."""
        return 2 * self.gate + self.c_wire

    @property
    def c_control(self) -> Farads:
        """What the first inverter switches."""
        return 2 * self.gate + self.c_wire if self.c_first is None else self.c_first

    @property
    def c_reset(self) -> Farads:
        """What the second inverter switches."""
        return self.gate + self.c_wire if self.c_second is None else self.c_second

    @property
    def off(self) -> Amperes:
        """What one transistor leaks that is off: the reset switch, off the membrane, most of the time."""
        return self.width * self.i_off

    @property
    def i_static(self) -> Amperes:
        """One transistor of each inverter is off."""
        return 2 * self.off if self.static is None else self.static

    @property
    def v_crowbar(self) -> Volts:
        """The first inverter's current falls e-fold in SS / ln 10 below threshold."""
        return self.subthreshold_swing / math.log(10)

    def slew(self, v_dd: Volts) -> Seconds:
        """How long the starving current takes to move both inverters' outputs by V_DD; 0 where it is not limited."""
        return (self.c_control + self.c_reset) * v_dd / self.i_starve if self.i_starve else 0.0

    def at_temperature(self, temperature: Kelvin, since: Kelvin) -> "ControlTransistors":
        """Off-current by its activation, SS = n kT/q ln 10; gates, starving and on-current stay."""
        grown = boltzmann_factor(self.off_activation_ev, temperature, since)
        return replace(
            self,
            i_off=self.i_off * grown,
            static=None if self.static is None else self.static * grown,
            subthreshold_swing=self.subthreshold_swing * temperature / since,
        )


class Controlled(Protocol):
    """What a check asks of a circuit."""

    control: ControlTransistors
    c_mem: Farads
    g_leak: float
    t_refractory: Seconds
    v_threshold: Volts
    v_dd: Volts
    swing: Volts


@dataclass(frozen=True)
class Conflict:
    """What contradicts what, what mends it, and how many times as fast the circuit would not (1: no speed mends it)."""

    said: str
    remedy: str
    speed: float = 1.0

    def __str__(self) -> str:
        return f"{self.said}: {self.remedy}"


def contradictions(circuit: Controlled) -> tuple[str, ...]:
    """How a circuit contradicts its own transistors: value, limit and what mends it, a line each; none where it holds.

    A leak, a refractory time or a starving current of 0 is an ideal one, and asks nothing of the transistors.
    """
    return tuple(map(str, conflicts(circuit)))


def conflicts(circuit: Controlled) -> tuple[Conflict, ...]:
    """The same, each with its remedy apart."""
    return (*_of_the_load(circuit), *_of_the_pulse(circuit), *_of_what_is_off(circuit))


def _of_the_load(circuit: Controlled) -> Iterator[Conflict]:
    """The first inverter's gates are a part of the membrane."""
    if not circuit.c_mem > circuit.control.c_membrane:
        yield Conflict(
            f"c_mem = {si(circuit.c_mem, 'F')} is all that the membrane carries, but gates and wire of the first "
            f"inverter alone are {si(circuit.control.c_membrane, 'F')}",
            "raise c_mem, or narrow control.width",
        )


def _of_the_pulse(circuit: Controlled) -> Iterator[Conflict]:
    """Within the reset pulse the inverters move the reset gate, and the switch drains the membrane."""
    control, pulse = circuit.control, circuit.t_refractory
    slew, drain = control.slew(circuit.v_dd), circuit.c_mem * circuit.swing / (control.width * control.i_on)
    over = f"t_refractory = {si(pulse, 's')} is over before"
    if pulse and slew / pulse > 1 + ROUNDING:
        yield Conflict(
            f"{over} inverters starved to {si(control.i_starve, 'A')} have moved the reset gate, {si(slew, 's')}",
            f"raise control.i_starve to {si(control.i_starve * slew / pulse, 'A')}, or t_refractory",
            slew / pulse,
        )
    if 0 < pulse < drain:
        yield Conflict(
            f"{over} the reset switch has drained c_mem = {si(circuit.c_mem, 'F')}, {si(drain, 's')}",
            "widen control.width, raise t_refractory or lower c_mem",
        )


def _of_what_is_off(circuit: Controlled) -> Iterator[Conflict]:
    """The starving current exceeds what a transistor leaks that is off, and so does the leak of the membrane."""
    control, rheobase = circuit.control, circuit.g_leak * circuit.v_threshold
    if control.i_starve and control.off / control.i_starve > 1 + ROUNDING:
        yield Conflict(
            f"control.i_starve = {si(control.i_starve, 'A')} is no more than the {si(control.off, 'A')} that a "
            "transistor leaks when off, so no inverter switches",
            "raise control.i_starve, or lower control.i_off",
            control.off / control.i_starve,
        )
    if rheobase > 0 and control.off / rheobase > 1 + ROUNDING:
        yield Conflict(
            f"g_leak = {si(circuit.g_leak, 'S')} lets {si(rheobase, 'A')} off the membrane at threshold, but the open "
            f"reset switch alone leaks {si(control.off, 'A')}",
            "raise g_leak, or lower control.i_off",
            control.off / rheobase,
        )

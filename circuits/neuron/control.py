"""The transistors of the control circuit, in one record: all that they load, leak, switch and cost follows from it.

    membrane -> first inverter -> second inverter -> reset switch -> membrane

The first inverter hangs on the membrane, the second on the first, the switch on the second, and a capacitor leads the
output back onto the membrane. What they switch, draw and take is simulated in transistors (`SimulatedControl`). Without
that it follows from gates and wire, ASSUMED, of inverters that a current starves:

    c_membrane = 2 C_gate + C_wire + C_feedback   c_control = 2 C_gate + C_wire   c_reset = C_gate + C_wire
    i_static = 2 W I_off   i_crowbar = i_starve   t_switch = (c_control + c_reset) V_DD / i_starve
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from circuits.device.btbt import boltzmann_factor
from circuits.errors import InputError
from circuits.neuron.simulated_control import ROUNDING, SimulatedControl
from circuits.units import (
    VACUUM_PERMITTIVITY,
    Amperes,
    AmperesPerMetre,
    Coulombs,
    Farads,
    FaradsPerMetre,
    Kelvin,
    Metres,
    Seconds,
    Volts,
    fF,
    freeze_si,
    nm,
    require,
    require_plausible_fields,
    si,
    um,
)

OXIDE_PERMITTIVITY: FaradsPerMetre = 3.9 * VACUUM_PERMITTIVITY  # SiO2


@dataclass(frozen=True)
class ControlTransistors:
    """Two inverters and a reset switch of five alike transistors, at one supply and temperature.

    Raises: InputError for a negative value, or for simulated constants of transistors of another size.
    """

    width: Metres = 90 * nm  # Source: the cell of circuits.transistor, least width of FreePDK45
    length: Metres = 50 * nm  # Source: the same, least length
    oxide: Metres = 1.63 * nm  # Source: high-threshold cards of FreePDK45, electrical
    permittivity: FaradsPerMetre = OXIDE_PERMITTIVITY
    c_wire: Farads = 0.1 * fF  # ASSUMED: wire and junctions at a node, half a micrometre of metal
    c_feedback: Farads = 0.5 * fF  # Source: the cell of circuits.transistor, drawn as a gate
    i_off: AmperesPerMetre = 3.8e-12 / um  # Source: the same cards, the reset at 0.3 V and 27 C
    subthreshold_swing: Volts = 0.091  # V per decade. Source: figure 14; the crowbar is fitted with it
    i_on: AmperesPerMetre = 3.9e-7 / um  # Source: simulated, membrane charge over the width of the output's pulse
    i_starve: Amperes = 0.0  # limit of either inverter; 0: not starved
    off_activation_ev: float = 0.345  # eV, of i_off. Source: the same, 27 to 125 C
    simulated: SimulatedControl | None = field(default_factory=SimulatedControl)  # None: it follows from the gates

    def __post_init__(self):
        freeze_si(self)
        for name in ("width", "length", "oxide", "permittivity", "i_on"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("c_wire", "c_feedback", "i_off", "subthreshold_swing", "i_starve", "off_activation_ev"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        require(self, "simulated", isinstance(self.simulated, SimulatedControl | None), "a SimulatedControl or None")
        require_plausible_fields(self)
        self._require_as_simulated()

    def _require_as_simulated(self) -> None:
        if (of := self.simulated) and (of.width, of.length) != (self.width, self.length):
            raise InputError(
                f"control is {si(self.width, 'm')} by {si(self.length, 'm')}, but its constants were simulated of "
                f"{si(of.width, 'm')} by {si(of.length, 'm')}; give simulated = None (in a file false), so that they "
                "follow from the gates, or simulate these transistors (snn neuron --level transistor)"
            )

    def evidence(self, v_dd: Volts) -> str:
        """How what it switches, draws and takes is known in a circuit of this supply (V)."""
        if not self.simulated:
            return "transistors ASSUMED"
        if math.isclose(self.simulated.v_dd * self.simulated.supply, v_dd, rel_tol=1e-6):
            return "simulated in transistors"
        return f"simulated in transistors at {self.simulated.v_dd * self.simulated.supply:g} V, ASSUMED at {v_dd:g} V"

    @property
    def gate(self) -> Farads:
        """One gate, eps W L / t_ox."""
        return self.permittivity * self.width * self.length / self.oxide

    @property
    def c_membrane(self) -> Farads:
        """What the first inverter loads the membrane with."""
        return 2 * self.gate + self.c_wire + self.c_feedback

    @property
    def c_control(self) -> Farads:
        """What the first inverter switches."""
        return self.simulated.c_first if self.simulated else 2 * self.gate + self.c_wire

    @property
    def c_reset(self) -> Farads:
        """What the second inverter switches."""
        return self.simulated.c_second if self.simulated else self.gate + self.c_wire

    @property
    def off(self) -> Amperes:
        """What one transistor leaks that is off: the reset switch, off the membrane, most of the time."""
        return self.width * self.i_off

    @property
    def i_static(self) -> Amperes:
        """One transistor of each inverter is off."""
        return self.simulated.i_static if self.simulated else 2 * self.off

    @property
    def static_activation_ev(self) -> float:
        """Of i_static (eV)."""
        return self.simulated.static_activation_ev if self.simulated else self.off_activation_ev

    @property
    def i_crowbar(self) -> Amperes:
        """The most that flows through the first inverter near its threshold."""
        return self.simulated.i_crowbar if self.simulated else self.i_starve

    @property
    def v_crowbar(self) -> Volts:
        """The first inverter's current falls e-fold in SS / ln 10 below threshold."""
        return self.subthreshold_swing / math.log(10)

    def t_switch(self, v_dd: Volts) -> Seconds:
        """How long from threshold until the reset has switched; 0 of inverters without limit that nobody simulated."""
        if self.simulated:
            return self.simulated.t_switch
        return (self.c_control + self.c_reset) * v_dd / self.i_starve if self.i_starve else 0.0

    def switched(self, pulse: Seconds) -> Seconds:
        """What of a refractory time is simulated switching, so that it moves with supply and temperature."""
        return min(self.simulated.t_switch, pulse) if self.simulated else 0.0

    def extrapolated(self, v_dd: Volts, temperature: Kelvin) -> tuple[str, ...]:
        """How a supply (V) and a temperature (K) leave what was simulated; nothing where nobody simulated."""
        return self.simulated.extrapolated(v_dd, temperature) if self.simulated else ()

    def t_drain(self, charge: Coulombs) -> Seconds:
        """How long the reset switch takes to drain a membrane."""
        return charge / (self.width * self.i_on)

    def at_temperature(self, temperature: Kelvin, since: Kelvin) -> "ControlTransistors":
        """Off-currents by their activation, SS = n kT/q ln 10, the simulated by their laws; gates stay."""
        grown = boltzmann_factor(self.off_activation_ev, temperature, since)
        return replace(
            self,
            i_off=self.i_off * grown,
            subthreshold_swing=self.subthreshold_swing * temperature / since,
            simulated=self.simulated and self.simulated.moved(temperature=temperature),
        )

    def at_supply(self, ratio: float) -> "ControlTransistors":
        """At `ratio` times V_DD: the simulated by their laws; without them only what is proportional to V_DD moves."""
        return replace(self, simulated=self.simulated and self.simulated.moved(supply=ratio))


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
    return (*_of_the_load(circuit), *_of_the_threshold(circuit), *_of_the_pulse(circuit), *_of_what_is_off(circuit))


def _of_the_load(circuit: Controlled) -> Iterator[Conflict]:
    """The first inverter's gates are a part of the membrane."""
    if not circuit.c_mem > circuit.control.c_membrane:
        yield Conflict(
            f"c_mem = {si(circuit.c_mem, 'F')} is all that the membrane carries, but gates and wire of the first "
            f"inverter alone are {si(circuit.control.c_membrane, 'F')}",
            "raise c_mem" if circuit.control.simulated else "raise c_mem, or narrow control.width",
        )


def _of_the_threshold(circuit: Controlled) -> Iterator[Conflict]:
    """An inverter switches between its rails."""
    if not circuit.v_threshold < circuit.v_dd:
        yield Conflict(
            f"v_threshold = {si(circuit.v_threshold, 'V')} is not below v_dd = {si(circuit.v_dd, 'V')}, where no "
            "inverter switches",
            "lower v_threshold, or raise v_dd",
        )


def _of_the_pulse(circuit: Controlled) -> Iterator[Conflict]:
    """Within the refractory time the inverters switch, and the reset drains the membrane."""
    control, pulse = circuit.control, circuit.t_refractory
    switch, drain = control.t_switch(circuit.v_dd), control.t_drain(circuit.c_mem * circuit.swing)
    over = f"t_refractory = {si(pulse, 's')} is over before"
    if pulse and switch / pulse > 1 + ROUNDING:
        yield _too_short(control, pulse, switch, over)
    if 0 < pulse < drain:
        yield Conflict(
            f"{over} the reset switch has drained c_mem = {si(circuit.c_mem, 'F')}, {si(drain, 's')}",
            f"{'' if control.simulated else 'widen control.width, '}raise t_refractory or lower c_mem",
        )


def _too_short(control: ControlTransistors, pulse: Seconds, switch: Seconds, over: str) -> Conflict:
    """Inverters that no longer starve do switch in time; those that were simulated take as long as they take."""
    if control.simulated:
        return Conflict(f"{over} the simulated inverters have switched, {si(switch, 's')}", "raise t_refractory")
    return Conflict(
        f"{over} inverters starved to {si(control.i_starve, 'A')} have moved the reset gate, {si(switch, 's')}",
        f"raise control.i_starve to {si(control.i_starve * switch / pulse, 'A')}, or t_refractory",
        switch / pulse,
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

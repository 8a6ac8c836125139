"""The control circuit as simulated in transistors: what its inverters switch, draw and take, and how that moves.

    v = v_0 (V_DD / V_DD0)^n exp(-E_a / k (1/T - 1/T_0))

Source of every number: `circuits.transistor.behavioural`. Values are those of the neuron of `circuits.transistor` at
its own gate bias (high-threshold FreePDK45 cards, 0.5 V, predictive and without layout), laws those of three supplies
and three temperatures. They err by 18 % (crowbar) and 14 % (switching) rms; gates do not move. That of the static
current is of 27 C and warmer, where it matters; colder, leaking gates keep it up to six times higher. Beyond the
supplies and temperatures that were simulated `extrapolated` says so.
"""

import math
from dataclasses import dataclass, replace

from circuits.device.btbt import thermal
from circuits.units import (
    Amperes,
    Farads,
    Kelvin,
    Metres,
    Seconds,
    Volts,
    fF,
    freeze_si,
    nA,
    nm,
    ns,
    pA,
    require,
    require_plausible_fields,
)

ROUNDING = 1e-9  # what two floats may differ by and yet be the same
SUPPLIES = 0.1  # of V_DD0, up and down: the supplies that were simulated
TEMPERATURES: tuple[Kelvin, Kelvin] = (233.15, 398.15)  # likewise


@dataclass(frozen=True)
class SimulatedControl:
    """Gates, currents and delay of two inverters of one size, at one supply and temperature.

    The crowbar current is charged whole while the membrane is within v_crowbar of threshold, and not before: fitted so.

    Raises: InputError for a negative value, or one of another magnitude than such a circuit has.
    """

    width: Metres = 90 * nm
    length: Metres = 50 * nm
    c_first: Farads = 2.1414 * fF  # what comparator and output switch at a spike
    c_second: Farads = 0.1252 * fF  # the gate of the reset
    i_static: Amperes = 8.0 * pA  # of both inverters at rest
    i_crowbar: Amperes = 1.476 * nA  # within v_crowbar of threshold
    t_switch: Seconds = 317.8 * ns  # from threshold to the end of the reset
    v_dd: Volts = 0.5  # V_DD0: simulated within `SUPPLIES` of it
    supply: float = 1.0  # these values are of so many times V_DD0
    temperature: Kelvin = 300.0  # T_0: these values are of it
    static_exponent: float = 1.56  # n
    crowbar_exponent: float = 8.07
    switch_exponent: float = -5.40
    static_activation_ev: float = 0.254  # E_a
    crowbar_activation_ev: float = 0.139
    switch_activation_ev: float = -0.163  # warmer is faster

    def __post_init__(self):
        freeze_si(self)
        for name in ("width", "length", "v_dd", "supply", "temperature"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("c_first", "c_second", "i_static", "i_crowbar", "t_switch"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        require_plausible_fields(self)

    def extrapolated(self, v_dd: Volts, temperature: Kelvin) -> tuple[str, ...]:
        """One line for each way in which a supply (V) and a temperature (K) leave what was simulated."""
        low, high = ((1 + sign * SUPPLIES) * self.v_dd for sign in (-1, 1))
        cold, hot = TEMPERATURES
        laws, notes = "crowbar, static current and refractory time are extrapolated", ()
        if not low * (1 - ROUNDING) <= v_dd <= high * (1 + ROUNDING):
            notes += (f"V_DD = {v_dd:g} V, the control circuit was simulated at {low:g} to {high:g} V: {laws}",)
        if not cold <= temperature <= hot:
            notes += (f"{temperature:g} K, the control circuit was simulated at {cold:g} to {hot:g} K: {laws}",)
        return notes

    def moved(self, supply: float = 1.0, temperature: Kelvin | None = None) -> "SimulatedControl":
        """The same at `supply` times V_DD and another temperature (K); None: its own."""
        there = self.temperature if temperature is None else temperature
        heat = thermal(there, self.temperature)

        def law(exponent: float, activation_ev: float) -> float:
            return supply**exponent * math.exp(activation_ev * heat)

        return replace(
            self,
            supply=self.supply * supply,
            temperature=there,
            i_static=self.i_static * law(self.static_exponent, self.static_activation_ev),
            i_crowbar=self.i_crowbar * law(self.crowbar_exponent, self.crowbar_activation_ev),
            t_switch=self.t_switch * law(self.switch_exponent, self.switch_activation_ev),
        )

"""The BTBT leaky integrate-and-fire circuit: its parameters, and its f-I curve in closed form.

    C dV/dt = I_in - g_leak V,   spike at V = V_th, then V = V_reset for t_refractory

A tunnelling current charges the membrane (C: floating body, gates of the first inverter, feedback, wire), the
body-source path and the open reset switch leak (g_leak), two inverters compare and fire, and a switch at the body
contact resets.

Sources. The tunnelling device: that of the Chavan 2020 neuron (IEEE T-ED 10.1109/TED.2020.2985167: 100 to 150 kHz; 40 x
450 nm gate). C, swing, refractory time and the control circuit (`circuits.neuron.control`): the neuron of
`circuits.transistor` with that device, simulated at the same bias (`snn neuron --level transistor`). Where there is
neither the field says ASSUMED; the 45RFSOI silicon values of the TCAS-I 2022 chip are unknown.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.integrate import quad

from circuits.device.btbt import (
    DEVICES,
    MOST_ACTIVATION_EV,
    SUBTHRESHOLD_ACTIVATION_EV,
    BTBTDevice,
    arrhenius,
    boltzmann_factor,
    btbt_current,
    drain_leak,
    warn_outside_fit,
)
from circuits.errors import InputError
from circuits.neuron.control import ControlTransistors, contradictions
from circuits.tables import NOT_IN_FILE
from circuits.units import (
    Amperes,
    Coulombs,
    Farads,
    Hertz,
    Kelvin,
    Metres,
    Seconds,
    Siemens,
    Volts,
    Watts,
    fF,
    freeze_si,
    ns,
    pS,
    require,
    require_plausible_fields,
    um,
)

OXIDE_LIMIT: Volts = 3.0  # ASSUMED: a field of 3 V over 1 nm of oxide breaks it


@dataclass(frozen=True)
class LIFCircuit:
    """One BTBT neuron; the defaults are those that its transistors give, biased to about the rate of Chavan 2020."""

    device: BTBTDevice = field(default_factory=lambda: DEVICES["32nm-pdsoi"])
    width: Metres = 0.45 * um  # Source: Chavan 2020 device, as used for the BTBT calibration
    v_gs: Volts = -0.57  # where the neuron in transistors fires at 125 kHz, amid the published 100 to 150 kHz
    c_mem: Farads = 1.8435 * fF  # Source: simulated in transistors, with the feedback's 0.5 fF
    v_threshold: Volts = 0.36095  # Source: simulated, the swing of the membrane
    v_reset: Volts = 0.0  # the source, to which the body leaks; in transistors the feedback pulls 0.06 V lower
    v_sink: Volts = 0.0  # rail of inhibition, the lowest potential of the body; below 0 where the source is raised
    body_factor: float = 0.0  # -dV_DG/dV of the tunnelling junction as the body charges; not published, so none
    g_leak: Siemens = 46.0875 * pS  # ASSUMED: tau_mem = 40 us, several periods long
    t_refractory: Seconds = 317.8 * ns  # Source: simulated, from threshold to the end of the reset
    v_dd: Volts = 0.5  # Source: the neuron in transistors; the drain has its own supply, the device's V_DS
    control: ControlTransistors = field(default_factory=ControlTransistors)
    leak_activation_ev: float = SUBTHRESHOLD_ACTIVATION_EV  # eV, of g_leak. ASSUMED: as the transistor's off-current
    # False once it is brought to another speed or condition, where `contradictions` tells and nothing is refused
    drawn: bool = field(default=True, compare=False, repr=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        for name in ("width", "c_mem", "v_dd"):
            require(self, name, getattr(self, name) > 0, "positive")
        require(self, "body_factor", 0 <= self.body_factor < 1, "in 0..1")
        for name in ("g_leak", "t_refractory"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        require(self, "v_sink", self.v_sink <= self.v_reset, f"at most v_reset = {self.v_reset} V")
        require(self, "v_threshold", self.v_threshold > self.v_reset, f"above v_reset = {self.v_reset} V")
        most = f"in 0..{MOST_ACTIVATION_EV} eV"
        require(self, "leak_activation_ev", 0 <= self.leak_activation_ev <= MOST_ACTIVATION_EV, most)
        require_plausible_fields(self)
        if self.drawn and (found := contradictions(self)):
            raise InputError(f"LIFCircuit contradicts itself: {'; '.join(found)}")
        warn_outside_fit(self.device, self.v_gs, stacklevel=4)

    @property
    def swing(self) -> Volts:
        return self.v_threshold - self.v_reset

    @property
    def tau_mem(self) -> Seconds:
        """C / g_leak, infinite without leak."""
        return self.c_mem / self.g_leak if self.g_leak else math.inf

    @property
    def charge_per_weight(self) -> Coulombs:
        """q = C (V_th - V_reset): the charge that a weight of 1 delivers, enough for one spike from reset."""
        return self.c_mem * self.swing

    def current_at(self, v_body: Volts | np.ndarray) -> Amperes | np.ndarray:
        """Tunnelling current at the circuit's own gate bias and a potential of the body; it falls as that rises."""
        v_dg = self.v_ds - self.v_gs - self.body_factor * v_body
        return btbt_current(v_dg, self.device, self.width, v_body)

    @property
    def input_current(self) -> Amperes:
        """The tunnelling current at the circuit's own gate bias, with the body at 0 V."""
        return float(self.current_at(0.0))

    @property
    def follows_body(self) -> bool:
        """Whether the tunnelling current changes as the body charges, so that a period has no closed form."""
        return bool(np.any(self.body_factor) or np.any(self.device.drain_body))

    @property
    def rheobase(self) -> Amperes:
        """g_leak V_th: below this current the neuron stays silent."""
        return self.g_leak * self.v_threshold

    @property
    def v_floor(self) -> float:
        """(V_sink - V_reset) over the swing: how far down inhibition reaches, in thresholds."""
        return (self.v_sink - self.v_reset) / self.swing

    @property
    def crowbar_window(self) -> float:
        """V_crowbar over the swing: how near its threshold, in thresholds, a neuron draws crowbar current."""
        return self.v_crowbar / self.swing

    @property
    def c_body(self) -> Farads:
        """What of `c_mem` is no load of the first inverter: the body's or a drawn capacitor's, and junctions."""
        return self.c_mem - self.control.c_membrane

    @property
    def c_control(self) -> Farads:
        """What the first inverter switches at a spike."""
        return self.control.c_control

    @property
    def c_reset(self) -> Farads:
        """What the second inverter switches: the gate of the reset."""
        return self.control.c_reset

    @property
    def i_crowbar(self) -> Amperes:
        """The most that flows through the first inverter near its threshold."""
        return self.control.i_crowbar

    @property
    def v_crowbar(self) -> Volts:
        """In which that current falls e-fold below threshold."""
        return self.control.v_crowbar

    @property
    def i_static(self) -> Amperes:
        """What the inverters leak all the time."""
        return self.control.i_static

    @property
    def v_ds(self) -> Volts:
        """The supply that tunnelling currents come from."""
        return self.device.v_ds

    @property
    def drain_leak(self) -> Amperes:
        """Drain-source leak at the circuit's own gate bias; 0 where the device's source gives none."""
        return drain_leak(self.v_gs, self.device, self.width) or 0.0

    @property
    def static_power(self) -> Watts:
        """I_static V_DD + I_drain_leak V_DS: paid whether it fires or not."""
        return self.i_static * self.v_dd + self.drain_leak * self.v_ds


def circuit_at_speed(circuit: LIFCircuit, speed: float) -> LIFCircuit:
    """The circuit `speed` times as fast: its leak scaled, and the current that starves its inverters, if one does.

    Starved, the crowbar charge of a spike stays; of simulated inverters, which are not, it grows as a neuron slows.
    Where its transistors no longer switch so, `contradictions` tells.
    """
    control = replace(circuit.control, i_starve=circuit.control.i_starve * speed)
    return replace(circuit, g_leak=circuit.g_leak * speed, control=control, drawn=False)


def circuit_for_tau(tau_mem: Seconds, circuit: LIFCircuit | None = None) -> LIFCircuit:
    """The circuit at the speed where C / g_leak = tau_mem (s); without leak, before or after, only the leak changes.

    Raises: InputError unless tau_mem > 0.
    """
    circuit = circuit or LIFCircuit()
    if not tau_mem > 0:
        raise InputError(f"tau_mem must be positive, got {tau_mem} s")
    if math.isinf(tau_mem) or math.isinf(circuit.tau_mem):
        return replace(circuit, g_leak=circuit.c_mem / tau_mem, drawn=False)
    return circuit_at_speed(circuit, circuit.tau_mem / tau_mem)


def circuit_for_device(device: BTBTDevice, v_gs: Volts, circuit: LIFCircuit | None = None) -> LIFCircuit:
    """The circuit with another device or bias, at the speed of its input current.

    So it sits at the same point of its f-I curve, faster or slower: I / rheobase is that of `circuit`.
    """
    circuit = circuit or LIFCircuit()
    moved = replace(circuit, device=device, v_gs=v_gs)
    return circuit_at_speed(moved, moved.input_current / circuit.input_current)


def at_temperature(
    circuit: LIFCircuit,
    temperature: Kelvin,
    law: Callable[[BTBTDevice, Kelvin], BTBTDevice] = arrhenius,
) -> LIFCircuit:
    """The circuit at another temperature (K): tunnelling by `law`, drain, control and leak by their own activations."""
    since = circuit.device.temperature
    if temperature == since:
        return circuit
    control = circuit.control.at_temperature(temperature, since)
    return replace(
        circuit,
        device=law(circuit.device, temperature),
        control=control,
        t_refractory=moved_refractory(circuit, control),
        g_leak=circuit.g_leak * boltzmann_factor(circuit.leak_activation_ev, temperature, since),
        drawn=False,
    )


def moved_refractory(circuit: LIFCircuit, control: ControlTransistors) -> Seconds:
    """The refractory time with a control circuit that moved; what is held beyond its switching is ASSUMED to stay."""
    if not (switched := circuit.control.switched(circuit.t_refractory)):
        return circuit.t_refractory
    grown = control.simulated.t_switch / circuit.control.simulated.t_switch
    return circuit.t_refractory - switched + switched * grown


def rise_time(circuit: LIFCircuit, i_in: Amperes, v_from: Volts, v_to: Volts) -> Seconds:
    """Time of the membrane from v_from up to v_to: tau ln((V_inf - v_from) / (V_inf - v_to)), V_inf = I / g.

    Written as C dv / i_net ln(1 + x) / x with i_net = I - g v_to and x = g dv / i_net, which holds without leak too.
    Infinite where the current cannot reach v_to. Arrays of circuits and currents give an array.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        i_net = np.asarray(i_in - circuit.g_leak * v_to, dtype=float)
        x = circuit.g_leak * (v_to - v_from) / i_net
        logarithm = np.where(x > 0, np.log1p(x) / x, 1.0)
        time = np.where(i_net > 0, circuit.c_mem * (v_to - v_from) / i_net * logarithm, np.inf)  # inf for NaN too
    return time if time.ndim else float(time)


def period(circuit: LIFCircuit, i_in: Amperes) -> Seconds:
    """Inter-spike interval at a constant current (A): t_refractory + rise_time(V_reset, V_th); inf below rheobase."""
    return circuit.t_refractory + rise_time(circuit, i_in, circuit.v_reset, circuit.v_threshold)


def firing_rate(circuit: LIFCircuit, i_in: Amperes) -> Hertz:
    """The f-I curve, 1 / period, of a constant current (A); zero at or below rheobase.

    A gate bias gives a constant current only where none follows the body: the rate at a bias is 1 / `interval`.
    """
    return 1 / period(circuit, i_in)


def interval(circuit: LIFCircuit, v_gs: Volts | None = None) -> Seconds:
    """Inter-spike interval (s) at a gate bias (V; None: the circuit's own), inf where it never spikes.

    The closed form of `period`, or  t_refractory + integral of C dV / (I(V) - g_leak V)  where I follows the body.
    """
    circuit = circuit if v_gs is None else replace(circuit, v_gs=v_gs)
    if not circuit.follows_body:
        return period(circuit, circuit.input_current)
    return circuit.t_refractory + biased_rise(circuit, circuit.v_reset)[0]


def biased_rise(circuit: LIFCircuit, v_from: Volts) -> tuple[Seconds, Coulombs]:
    """Time from v_from up to threshold at the circuit's own bias, and the charge that tunnels meanwhile, by quadrature.

    Both infinite where it never gets there.
    """

    def net(v: float) -> float:
        return float(circuit.current_at(v)) - circuit.g_leak * v

    if not net(circuit.v_threshold) > 0:  # it falls with V, so it is least at threshold
        return math.inf, math.inf
    time, charge = (
        quad(integrand, v_from, circuit.v_threshold, epsabs=0, epsrel=1e-10)[0]
        for integrand in (lambda v: circuit.c_mem / net(v), lambda v: circuit.c_mem * circuit.current_at(v) / net(v))
    )
    return time, charge

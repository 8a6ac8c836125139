"""What a designer may wish of a neuron, and why it cannot be had: limits, reasons and remedies."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from circuits.btbt import DEVICES, BTBTDevice, btbt_current
from circuits.neuron import LIFCircuit
from circuits.units import AmperesPerMetre, Farads, Hertz, Metres, Seconds, Volts, freeze_si, require, si

LEAST_OVERDRIVE = 0.01  # ASSUMED: a current is held 1 % above rheobase, no closer
NARROWEST = 0.2  # ASSUMED: a fifth of the circuit's own width, 90 nm of the default 450 nm


@dataclass(frozen=True)
class Remedy:
    """One change of the arguments of `design_neuron` that meets a refused wish, and its words."""

    text: str
    change: dict[str, Any]


class DesignError(ValueError):
    """A wish that no bias meets: `why`, and the `remedies`, each of which has been tried."""

    def __init__(self, why: str, remedies: tuple[Remedy, ...]):
        met = " or ".join(remedy.text for remedy in remedies)
        super().__init__(f"{why}; " + (f"what meets it: {met}" if met else "no single change meets it"))
        self.why, self.remedies = why, remedies


@dataclass(frozen=True)
class Wish:
    """What a designer asks for; `width` or `c_mem` None leaves the choice to `design_neuron`."""

    tau_mem: Seconds
    rate: Hertz
    swing: Volts
    circuit: LIFCircuit
    width: Metres | None = None
    c_mem: Farads | None = None

    def __post_init__(self):
        freeze_si(self)
        for name in ("tau_mem", "rate", "swing"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("width", "c_mem"):
            require(self, name, getattr(self, name) is None or getattr(self, name) > 0, "positive, or None")
        if self.circuit.body_factor:
            raise ValueError(
                f"body_factor = {self.circuit.body_factor:g} has no closed form; design with 0, then simulate"
            )

    @property
    def rise(self) -> Seconds:
        """The interval without the refractory time."""
        return 1 / self.rate - self.circuit.t_refractory

    @property
    def body_per_width(self) -> float:
        """Capacitance of the body per width (F/m), ASSUMED to grow with it."""
        return self.circuit.c_mem / self.circuit.width


def current_range(device: BTBTDevice) -> tuple[AmperesPerMetre, AmperesPerMetre]:
    """Least and greatest current per width (A/m) of the fitted bias range, none of it below the floor of the curve."""
    weakest, strongest = (
        float(btbt_current(device.v_ds - v_gs, device, 1.0)) for v_gs in (device.v_gs_max, device.v_gs_min)
    )
    return max(weakest, device.i_floor), strongest


def check_timing(wish: Wish) -> None:
    """Refractory time, supply and rheobase: what no device or capacitor changes."""
    circuit = wish.circuit
    if not wish.rise > 0:
        most = round_down(0.9 / circuit.t_refractory)
        why = f"rate = {wish.rate:g} Hz leaves no time to rise beside t_refractory = {si(circuit.t_refractory, 's')}"
        raise DesignError(why, (_value("rate", most, "Hz"), _at_speed(wish, most / wish.rate)))
    room = circuit.v_dd - circuit.v_reset
    if wish.swing > room:
        why = f"swing = {wish.swing:g} V exceeds the {room:g} V between v_reset and the supply"
        raise DesignError(why, (_value("swing", round_down(room), "V"),))
    if wish.swing < circuit.v_crowbar:
        why = f"swing = {wish.swing:g} V is below the {si(circuit.v_crowbar, 'V')} in which the first inverter turns"
        raise DesignError(why, (_value("swing", round_up(circuit.v_crowbar), "V"),))
    v_threshold = circuit.v_reset + wish.swing
    if v_threshold <= 0:  # no rheobase: it fires without input
        return
    most_taus = math.log1p(wish.swing / (LEAST_OVERDRIVE * v_threshold))
    if wish.rise > most_taus * wish.tau_mem:
        why = (
            f"one interval at {wish.rate:g} Hz is {wish.rise / wish.tau_mem:.3g} tau_mem: the current would have to "
            f"stay within {LEAST_OVERDRIVE:.0%} of the rheobase, below which the neuron is silent"
        )
        rate = round_up(1 / (circuit.t_refractory + most_taus * wish.tau_mem))
        raise DesignError(why, (_value("tau_mem", round_up(wish.rise / most_taus), "s"), _value("rate", rate, "Hz")))


def check_sizes(wish: Wish, slope: float, width: Metres, c_mem: Farads) -> None:
    """The body fits the capacitor, and the current fits the device."""
    device, body = wish.circuit.device, wish.body_per_width * width
    low, high = current_range(device)
    density = slope * c_mem / width
    sizes = f"with c_mem = {si(c_mem, 'F')} and width = {si(width, 'm')}"
    needs = f"{sizes} the rate needs {si(density * width, 'A')}"
    narrowest = NARROWEST * wish.circuit.width
    if width < narrowest * (1 - 1e-9):
        why = f"width = {si(width, 'm')} is below the {si(narrowest, 'm')} that can be drawn (ASSUMED)"
        raise DesignError(why, (_value("width", round_up(narrowest), "m"),))
    if c_mem < body * (1 - 1e-9):
        why = f"c_mem = {si(c_mem, 'F')} is below the {si(body, 'F')} of the body of a {si(width, 'm')} wide device"
        narrow = round_down(c_mem / wish.body_per_width)
        raise DesignError(why, (_value("c_mem", round_up(body), "F"), _value("width", narrow, "m"), *_devices(wish)))
    if density < low:
        limit = "the floor" if low == device.i_floor else f"{device.v_gs_max:g} V, the weakest fitted bias,"
        why = f"{needs}, below the {si(low * width, 'A')} of {limit} of {device.name}"
        sized = (
            _value("c_mem", round_up(low * width / slope), "F"),
            _value("width", round_down(width * density / low), "m"),
        )
        raise DesignError(why, (*sized, *_devices(wish), _at_speed(wish, round_up(low / density))))
    if density > high:
        limit = f"{device.v_gs_min:g} V, the strongest fitted bias,"
        why = f"{needs}, above the {si(high * width, 'A')} of {limit} of {device.name}"
        sized = (
            _value("c_mem", round_down(high * width / slope), "F"),
            _value("width", round_up(width * density / high), "m"),
        )
        slower = (
            _value("swing", round_down(wish.swing * high / density), "V"),
            _at_speed(wish, round_down(high / density)),
        )
        raise DesignError(why, (*sized, *_devices(wish), *slower))


def _value(name: str, value: float, unit: str) -> Remedy:
    return Remedy(f"{name} = {value:g} {unit}", {name: float(f"{value:g}")})


def _at_speed(wish: Wish, speed: float) -> Remedy:
    """The same neuron in another time: everything `speed` times as fast."""
    tau_mem, rate = float(f"{wish.tau_mem / speed:.6g}"), float(f"{wish.rate * speed:.6g}")
    return Remedy(
        f"time run {speed:g} times as fast (tau_mem = {tau_mem:g} s, rate = {rate:g} Hz)",
        {"tau_mem": tau_mem, "rate": rate},
    )


def _devices(wish: Wish) -> tuple[Remedy, ...]:
    """The other named devices, where the wish is about one of them as it is (300 K)."""
    own = wish.circuit.device
    if DEVICES.get(own.name) != own:
        return ()
    others = (device for device in DEVICES.values() if device != own)
    return tuple(Remedy(f"device {d.name}", {"circuit": replace(wish.circuit, device=d)}) for d in others)


def round_up(value: float) -> float:
    """Three digits, rounded up: what is typed back lies on the safe side."""
    return _to_three_digits(value * (1 + 1e-6), math.ceil)


def round_down(value: float) -> float:
    """Three digits, rounded down."""
    return _to_three_digits(value * (1 - 1e-6), math.floor)


def _to_three_digits(value: float, rounding: Callable[[float], int]) -> float:
    exponent = math.floor(math.log10(value)) - 2
    return float(f"{rounding(value / 10.0**exponent)}e{exponent}")

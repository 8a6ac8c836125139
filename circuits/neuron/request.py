"""What a designer may ask of a neuron, and why it cannot be had: limits, reasons and remedies."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from circuits.device.btbt import DEVICES, BTBTDevice, btbt_current
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import (
    AmperesPerMetre,
    Farads,
    Hertz,
    Metres,
    Seconds,
    Volts,
    freeze_si,
    require,
    require_plausible_fields,
    si,
)

LEAST_OVERDRIVE = 0.01  # ASSUMED: a current is held 1 % above rheobase, no closer
HUGE = 1e30  # in whatever unit: beyond it, or below its inverse, products overflow
NARROWEST = 0.2  # ASSUMED: a fifth of the circuit's own width, 90 nm of the default 450 nm


@dataclass(frozen=True)
class Remedy:
    """One change of the arguments of `design_neuron` that meets a refused request, and its words."""

    text: str
    change: dict[str, Any]


class DesignError(InputError):
    """A request that no bias meets: `why`, and the `remedies`, each of which has been tried."""

    def __init__(self, why: str, remedies: tuple[Remedy, ...]):
        met = " or ".join(remedy.text for remedy in remedies)
        super().__init__(f"{why}; what meets it: {met or 'nothing found, change several figures at once'}")
        self.why, self.remedies = why, remedies


@dataclass(frozen=True)
class Request:
    """What a designer asks for; `width` or `c_mem` None leaves the choice to `design_neuron`."""

    tau_mem: Seconds
    rate: Hertz
    swing: Volts
    circuit: LIFCircuit
    width: Metres | None = None
    c_mem: Farads | None = None

    def __post_init__(self):
        freeze_si(self)
        for name in ("tau_mem", "rate", "swing", "width", "c_mem"):
            value = getattr(self, name)
            require(self, name, value is None or value > 0, "positive")
            require(self, name, value is None or 1 / HUGE < value < HUGE, f"within {1 / HUGE:g} and {HUGE:g}")
        require_plausible_fields(self)
        if self.circuit.follows_body:
            raise InputError(
                f"body_factor = {self.circuit.body_factor:g} and drain_body = {self.circuit.device.drain_body:g} V^3 "
                "have no closed form; design with 0, then simulate"
            )

    @property
    def rise(self) -> Seconds:
        """The interval without the refractory time."""
        return 1 / self.rate - self.circuit.t_refractory

    @property
    def body_per_width(self) -> float:
        """Capacitance of the body per width (F/m), ASSUMED to grow with it."""
        return self.circuit.c_body / self.circuit.width

    def least_capacitor(self, width: Metres) -> Farads:
        """The body of a device of that width, and the load of the first inverter."""
        return self.body_per_width * width + self.circuit.control.c_membrane

    def widest(self, c_mem: Farads) -> Metres:
        """Its inverse: the width whose body fits into a capacitor; 0 or less where the load alone does not."""
        return (c_mem - self.circuit.control.c_membrane) / self.body_per_width


def current_range(device: BTBTDevice) -> tuple[AmperesPerMetre, AmperesPerMetre]:
    """Least and greatest current per width (A/m) of the fitted bias range, none of it below the floor of the curve."""
    weakest, strongest = (
        float(btbt_current(device.v_ds - v_gs, device, 1.0)) for v_gs in (device.v_gs_max, device.v_gs_min)
    )
    return max(weakest, device.i_floor), strongest


def check_timing(request: Request) -> None:
    """Refractory time, supply and rheobase: what no device or capacitor changes."""
    circuit = request.circuit
    if not request.rise > 0:
        most = round_down(0.9 / circuit.t_refractory)
        why = f"rate = {request.rate:g} Hz leaves no time to rise beside t_refractory = {si(circuit.t_refractory, 's')}"
        raise DesignError(why, (_value("rate", most, "Hz"), _at_speed(request, most / request.rate)))
    room = circuit.v_dd - circuit.v_reset
    if request.swing > room:
        why = f"swing = {request.swing:g} V exceeds the {room:g} V between v_reset and the supply"
        raise DesignError(why, (_value("swing", round_down(room), "V"),))
    if request.swing < circuit.v_crowbar:
        why = f"swing = {request.swing:g} V is below the {si(circuit.v_crowbar, 'V')} in which the first inverter turns"
        raise DesignError(why, (_value("swing", round_up(circuit.v_crowbar), "V"),))
    v_threshold = circuit.v_reset + request.swing
    if v_threshold <= 0:  # no rheobase: it fires without input
        return
    most_taus = math.log1p(request.swing / (LEAST_OVERDRIVE * v_threshold))
    if request.rise > most_taus * request.tau_mem:
        why = (
            f"one interval at {request.rate:g} Hz is {request.rise / request.tau_mem:.3g} tau_mem: the current would "
            f"have to stay within {LEAST_OVERDRIVE:.0%} of the rheobase, below which the neuron is silent"
        )
        rate = round_up(1 / (circuit.t_refractory + most_taus * request.tau_mem))
        raise DesignError(why, (_value("tau_mem", round_up(request.rise / most_taus), "s"), _value("rate", rate, "Hz")))


def check_slope(request: Request, slope: float) -> None:
    """Some input is needed: a leak that pulls up past the threshold fires on its own, and no current slows it."""
    if slope <= 0:
        v_threshold = request.circuit.v_reset + request.swing
        why = f"the leak alone fires faster than {request.rate:g} Hz, as the threshold of {v_threshold:g} V is below 0"
        slower = _value("tau_mem", round_up(request.rise * 100), "s")
        raise DesignError(why, (_value("swing", round_up(-1.1 * request.circuit.v_reset), "V"), slower))


def check_body(request: Request, width: Metres, c_mem: Farads) -> None:
    """The device can be drawn, and its body is no larger than the capacitor."""
    least, narrowest = request.least_capacitor(width), NARROWEST * request.circuit.width
    if width < narrowest * (1 - 1e-9):
        why = f"width = {si(width, 'm')} is below the {si(narrowest, 'm')} that can be drawn (ASSUMED)"
        raise DesignError(why, (_value("width", round_up(narrowest), "m"),))
    if c_mem < least * (1 - 1e-9):
        why = (
            f"c_mem = {si(c_mem, 'F')} is below the {si(least, 'F')} of the body of a {si(width, 'm')} wide device and "
            "the first inverter"
        )
        narrow = request.widest(c_mem)
        narrower = (_value("width", round_down(narrow), "m"),) if narrow > 0 else ()
        raise DesignError(why, (_value("c_mem", round_up(least), "F"), *narrower))


def check_current(request: Request, slope: float, width: Metres, c_mem: Farads) -> None:
    """The current that the rate needs, slope (V/s) times capacitor, is one that the device controls."""
    device, current = request.circuit.device, slope * c_mem
    low, high = current_range(device)
    least, most = low * width, high * width
    needs = f"with c_mem = {si(c_mem, 'F')} and width = {si(width, 'm')} the rate needs {si(current, 'A')}"
    if current < least:
        limit = "the floor" if low == device.i_floor else f"{device.v_gs_max:g} V, the weakest fitted bias,"
        sizes = _value("c_mem", round_up(least / slope), "F"), _value("width", round_down(current / low), "m")
        faster = _at_speed(request, round_up(least / current))
        why = f"{needs}, below the {si(least, 'A')} of {limit} of {device.name}"
        raise DesignError(why, (*sizes, *_devices(request), faster))
    if current > most:
        sizes = _value("c_mem", round_down(most / slope), "F"), _value("width", round_up(current / high), "m")
        swing = _value("swing", round_down(request.swing * most / current), "V")
        slower = _at_speed(request, round_down(most / current))
        limit = f"{device.v_gs_min:g} V, the strongest fitted bias,"
        why = f"{needs}, above the {si(most, 'A')} of {limit} of {device.name}"
        raise DesignError(why, (*sizes, *_devices(request), swing, slower))


def _value(name: str, value: float, unit: str) -> Remedy:
    return Remedy(f"{name} = {value:g} {unit}", {name: float(f"{value:g}")})


def _at_speed(request: Request, speed: float) -> Remedy:
    """The same neuron in another time: everything `speed` times as fast."""
    tau_mem, rate = float(f"{request.tau_mem / speed:.6g}"), float(f"{request.rate * speed:.6g}")
    return Remedy(
        f"time run {speed:g} times as fast (tau_mem = {tau_mem:g} s, rate = {rate:g} Hz)",
        {"tau_mem": tau_mem, "rate": rate},
    )


def _devices(request: Request) -> tuple[Remedy, ...]:
    """The other named devices, where the request is about one of them as it is (300 K)."""
    own = request.circuit.device
    if DEVICES.get(own.name) != own:
        return ()
    others = (device for device in DEVICES.values() if device != own)
    return tuple(Remedy(f"device {d.name}", {"circuit": replace(request.circuit, device=d)}) for d in others)


def round_up(value: float) -> float:
    """Three digits, rounded up: what is typed back lies on the safe side."""
    return _to_three_digits(value * (1 + 1e-6), math.ceil)


def round_down(value: float) -> float:
    """Three digits, rounded down."""
    return _to_three_digits(value * (1 - 1e-6), math.floor)


def _to_three_digits(value: float, rounding: Callable[[float], int]) -> float:
    exponent = math.floor(math.log10(value)) - 2
    return float(f"{rounding(value / 10.0**exponent)}e{exponent}")

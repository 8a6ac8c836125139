"""Logic over its supply, through threshold: delay, leak, energy of an operation, and the supply at which it is least.

    x = (V - V_th + dibl V) / (2 n phi),   phi = kT/q           above 0: the transistor is on
    IC = ln^2(1 + e^x),                    delay = V / (drive IC)             far above threshold IC = x^2
    leak = drive exp((-V_th + dibl V) / (n phi)) (1 - e^(-V/phi))             IC with the gate at 0, below threshold
    E(V) = E0 (V/V0)^2 + V I_leak(V) t(V)

The first is the interpolation of Enz, Krummenacher and Vittoz (EKV, 1995); far above threshold it is the alpha-power
law of Sakurai and Newton (1990) with alpha = 2. Below the supply of least energy an operation takes so long that its
leak outweighs what its charge saves (Zhai et al. 2004).
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import minimize_scalar

from circuits.errors import InputError
from circuits.tables import NOT_IN_FILE
from circuits.units import BOLTZMANN, Joules, Kelvin, Seconds, Volts, VoltsPerKelvin, Watts, eV, freeze_si, require

STRONG: Volts = 0.1  # the alpha-power law holds from so much above threshold on
EXPONENTS = (2.0, 2.3)  # of the supply in a switched energy. Source: fit to a 7 nm macro over 0.65..1 V gives 2.22
COLDEST, HOTTEST = 233.15, 398.15  # K, -40 to 125 C: the range of consumer and car parts
TRIED = 200  # supplies of the search, before it is refined


def thermal_voltage(temperature: Kelvin) -> Volts:
    """kT/q, 25.85 mV at 300 K."""
    return BOLTZMANN * temperature / eV


@dataclass(frozen=True)
class LogicProcess:
    """A kind of transistor at a temperature, as far as delay and leak follow from it.

    slope: n, 1 where a gate turns its channel ideally.   dibl: by how much the drain lowers the threshold, V/V.
    threshold_drift: of the threshold with temperature.   mobility_exponent: mobility falls as T to that power.
    drive: currents over those at the temperature that the threshold is known at.
    """

    v_threshold: Volts
    slope: float
    dibl: float
    temperature: Kelvin
    threshold_drift: VoltsPerKelvin
    mobility_exponent: float
    drive: float = field(default=1.0, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        require(self, "v_threshold", 0 < self.v_threshold < 2, "above 0 and below 2 V")
        require(self, "slope", 1 <= self.slope <= 3, "1 (ideal) to 3")
        require(self, "dibl", 0 <= self.dibl < 1, "0 to less than 1 V/V")
        require(self, "temperature", COLDEST <= self.temperature <= HOTTEST, f"{COLDEST} to {HOTTEST} K")
        require(self, "threshold_drift", -5e-3 <= self.threshold_drift <= 0, "0 to -5 mV/K")
        require(self, "mobility_exponent", 0 <= self.mobility_exponent <= 3, "0 to 3")
        require(self, "drive", self.drive > 0, "positive")

    @property
    def n_phi(self) -> Volts:
        """n kT/q, over which a current below threshold grows e-fold."""
        return self.slope * thermal_voltage(self.temperature)


def at_temperature(process: LogicProcess, temperature: Kelvin) -> LogicProcess:
    """The same transistors hotter or colder: their threshold moves, and so does their drive, mobility (kT/q)^2.

    Raises: InputError for a temperature outside -40 to 125 C.
    """
    moved = process.v_threshold + process.threshold_drift * (temperature - process.temperature)
    drive = process.drive * (temperature / process.temperature) ** (2 - process.mobility_exponent)
    return replace(process, v_threshold=moved, temperature=temperature, drive=drive)


def inversion(v_dd: Volts, process: LogicProcess) -> float:
    """IC = ln^2(1 + e^x) of a transistor whose gate is at the supply: 0.48 at threshold. Raises: InputError, V <= 0."""
    return float(np.logaddexp(0.0, _overdrive(v_dd, process))) ** 2


def delay(v_dd: Volts, process: LogicProcess) -> Volts:
    """V / (drive IC): of any gate, in units of its charge per volt and current, continuous through threshold."""
    return v_dd / (process.drive * inversion(v_dd, process))


def strong_inversion_delay(v_dd: Volts, process: LogicProcess, alpha: float = 2.0) -> Volts:
    """V / (drive x^alpha), the alpha-power law, in the units of `delay`.

    Raises: InputError within 0.1 V of the threshold, where it goes to infinity.
    """
    if not v_dd > process.v_threshold + STRONG:
        raise InputError(
            f"the alpha-power law holds above {process.v_threshold + STRONG:g} V, threshold and {STRONG} V, got "
            f"{v_dd:g} V; use `delay`, which goes through threshold"
        )
    return v_dd / (process.drive * _overdrive(v_dd, process) ** alpha)


def leak(v_dd: Volts, process: LogicProcess) -> float:
    """drive exp((-V_th + dibl V) / (n phi)) (1 - e^(-V/phi)): current of closed transistors, in units of drive."""
    _require_supply(v_dd)
    closed = math.exp((-process.v_threshold + process.dibl * v_dd) / process.n_phi)
    return process.drive * closed * -math.expm1(-v_dd / thermal_voltage(process.temperature))


def dynamic_scale(v_dd: Volts, known_at: Volts, exponent: float = EXPONENTS[0]) -> float:
    """(V / V0)^n, by which a switched energy moves. Raises: InputError for an n outside 2 to 2.3, or no supply."""
    _require_supply(v_dd)
    _require_supply(known_at)
    if not EXPONENTS[0] <= exponent <= EXPONENTS[1]:
        raise InputError(f"the exponent of the supply must be {EXPONENTS[0]:g} to {EXPONENTS[1]:g}, got {exponent}")
    return (v_dd / known_at) ** exponent


@dataclass(frozen=True)
class LogicBlock:
    """What one operation costs at the supply where that is known: a C V^2, leak, and how long all of it takes."""

    process: LogicProcess
    known_at: Volts
    dynamic: Joules
    leak: Watts
    time: Seconds

    def __post_init__(self):
        freeze_si(self)
        for name in ("known_at", "time"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("dynamic", "leak"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


def operation_time(block: LogicBlock, v_dd: Volts, process: LogicProcess | None = None) -> Seconds:
    """How long an operation takes at a supply, of transistors at another temperature where given."""
    return block.time * delay(v_dd, process or block.process) / delay(block.known_at, block.process)


def leak_power(block: LogicBlock, v_dd: Volts, process: LogicProcess | None = None) -> Watts:
    """V I_leak at a supply, of transistors at another temperature where given."""
    grown = leak(v_dd, process or block.process) / leak(block.known_at, block.process)
    return block.leak * grown * v_dd / block.known_at


def operation_energy(block: LogicBlock, v_dd: Volts, process: LogicProcess | None = None) -> Joules:
    """E0 (V/V0)^2 + V I_leak t: both parts of an operation at a supply."""
    static = leak_power(block, v_dd, process) * operation_time(block, v_dd, process)
    return block.dynamic * dynamic_scale(v_dd, block.known_at) + static


def least_energy_supply(block: LogicBlock, low: Volts, high: Volts, process: LogicProcess | None = None) -> Volts:
    """The supply within low..high at which an operation costs least; an end, where energy only falls towards it.

    Raises: InputError unless 0 < low < high.
    """
    if not 0 < low < high < math.inf:
        raise InputError(f"supplies must be 0 < low < high, got {low} to {high} V; 0.1 to 1.2 V is usual")
    tried = np.linspace(low, high, TRIED)
    best = int(np.argmin([operation_energy(block, v, process) for v in tried]))
    if best in (0, TRIED - 1):
        return float(tried[best])
    bounds = (tried[best - 1], tried[best + 1])
    found = minimize_scalar(lambda v: operation_energy(block, v, process), bounds=bounds, method="bounded",
                            options={"xatol": 1e-7})  # fmt: skip
    return float(found.x)


def _overdrive(v_dd: Volts, process: LogicProcess) -> float:
    _require_supply(v_dd)
    return (v_dd - process.v_threshold + process.dibl * v_dd) / (2 * process.n_phi)


def _require_supply(v_dd: Volts) -> None:
    if not 0 < v_dd < math.inf:
        raise InputError(f"a supply must be positive and finite, got {v_dd} V; give volts, 0.46 for instance")

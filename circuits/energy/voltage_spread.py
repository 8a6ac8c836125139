"""How far transistors differ, what that does to a delay near threshold, and below which supply something fails.

    sigma_VT = A_VT / sqrt(W L)                                                              (Pelgrom et al. 1989)
    sigma(ln t) = |d ln t / d V_th| sigma_VT / sqrt(N) = s(x) / (ln(1 + e^x) n phi) sigma_VT / sqrt(N)
    margin(V) = slope (V - V_floor),   P(one fails) = Q(margin / sigma_VT),   (1 - P)^n = yield
    =>  V_min = V_floor + Q^-1(1 - yield^(1/n)) sigma_VT / slope

with s the logistic function and N the gates of a path, whose differences average out. A memory has millions of small
cells of which none may fail, and a read disturbs them: so it fails at a higher supply than logic of larger gates.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import expit, ndtri

from circuits.energy.voltage_laws import COLDEST, HOTTEST, LogicProcess, at_temperature, delay
from circuits.errors import InputError
from circuits.units import Kelvin, Metres, VoltMetres, Volts, freeze_si, require

# Static noise margin of a 6T cell over its supply. Source: 220 mV at 0.9 V, 22 nm, IEDM 2008 (IBM, 0.1 um^2 cell).
READ_DISTURBED = 0.244
# ASSUMED of what no read disturbs: half of the supply, as of an ideal inverter. Cells of 7 or 8 transistors, logic.
UNDISTURBED = 0.5
# ASSUMED: 4 kT/q at 300 K, where a gate without any spread just restores a level; the ideal limit is 2 ln 2 kT/q.
FLOOR: Volts = 0.1
GLOBAL_SPREAD: Volts = 0.03  # ASSUMED: threshold from the typical chip to one at 3 sigma


@dataclass(frozen=True)
class FailingGates:
    """So many alike circuits, all of which have to hold a level: memory cells, or logic gates.

    a_vt: Pelgrom's constant, of the process.   width, length: gate of the transistor that decides.
    margin_slope: noise margin that a volt of supply gives.   floor: supply at which there is none, without spread.
    """

    n: int
    a_vt: VoltMetres
    width: Metres
    length: Metres
    margin_slope: float
    floor: Volts = FLOOR

    def __post_init__(self):
        freeze_si(self)
        require(self, "n", 1 <= self.n <= 1e15, "1 to 1e15")
        for name in ("a_vt", "width", "length"):
            require(self, name, getattr(self, name) > 0, "positive; A_VT is 1e-9 to 5e-9 V m in bulk CMOS")
        require(self, "margin_slope", 0 < self.margin_slope <= 0.5, "above 0 and at most 0.5 V/V")
        require(self, "floor", 0 <= self.floor < 1, "0 to less than 1 V")

    @property
    def sigma(self) -> Volts:
        """Standard deviation of the threshold, A_VT / sqrt(W L)."""
        return threshold_sigma(self.a_vt, self.width, self.length)


def threshold_sigma(a_vt: VoltMetres, width: Metres, length: Metres) -> Volts:
    """A_VT / sqrt(W L). Raises: InputError unless all three are positive."""
    for name, value in {"A_VT": a_vt, "width": width, "length": length}.items():
        if not 0 < value < math.inf:
            raise InputError(f"{name} of a transistor must be positive and finite, got {value}; give SI units")
    return a_vt / math.sqrt(width * length)


def delay_sensitivity(v_dd: Volts, process: LogicProcess) -> float:
    """|d ln t / d V_th| (1/V): 1 / (n phi) deep below threshold, 2 / (V - V_th) far above."""
    overdrive = (v_dd * (1 + process.dibl) - process.v_threshold) / (2 * process.n_phi)
    return float(expit(overdrive) / np.logaddexp(0.0, overdrive)) / process.n_phi


def delay_spread(v_dd: Volts, process: LogicProcess, sigma: Volts, n_gates: int = 1) -> float:
    """sigma(ln t) of a path of so many gates, whose thresholds spread by `sigma` (V) each by itself."""
    if not (sigma >= 0 and n_gates >= 1):
        raise InputError(f"a path needs a spread of at least 0 V and one gate, got {sigma} V and {n_gates} gates")
    return delay_sensitivity(v_dd, process) * sigma / math.sqrt(n_gates)


def lowest_supply(gates: FailingGates, fraction_good: float = 0.99) -> Volts:
    """V_min at which that fraction of chips has no failing circuit. Raises: InputError for a fraction not in 0 to 1."""
    if not 0 < fraction_good < 1:
        raise InputError(f"the fraction of working chips must lie between 0 and 1, got {fraction_good}; 0.99 is usual")
    fails = -math.expm1(math.log(fraction_good) / gates.n)
    return gates.floor + max(-float(ndtri(fails)), 0.0) * gates.sigma / gates.margin_slope


@dataclass(frozen=True)
class DelayCorner:
    """A chip whose transistors are all slow, typical or fast, at a temperature; its delay over the typical one's."""

    name: str
    temperature: Kelvin
    process: LogicProcess
    delay_ratio: float


def delay_corners(v_dd: Volts, process: LogicProcess, spread: Volts = GLOBAL_SPREAD) -> Iterator[DelayCorner]:
    """Slow, typical and fast chips at -40 C, the process' own temperature and 125 C.

    Below threshold heat makes logic faster, far above slower: the slowest corner changes sides.
    """
    thresholds = {"slow": spread, "typical": 0.0, "fast": -spread}
    for (name, shift), heat in product(thresholds.items(), (COLDEST, process.temperature, HOTTEST)):
        there = at_temperature(replace(process, v_threshold=process.v_threshold + shift), heat)
        yield DelayCorner(name, heat, there, delay(v_dd, there) / delay(v_dd, process))

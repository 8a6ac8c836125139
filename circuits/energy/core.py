"""Energy of a core of spiking neurons: each neuron a straight line over its rate, static power and marginal energy.

    P = n P_static / a + E_marginal sum of rates,   E = P T        rates, power and T in the time of the speech

At an acceleration a > 1 the core runs a times faster than the speech and is then powered off: a spike costs what it
costs, static power has less time. Static power that nobody published is None, and the sum is then a lower bound: even
where the figure per spike holds static power, that is true up to the rate it was published for.
Source: the affine law and like with like (one scope at a time), as in `circuits.literature.compare`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from circuits.errors import InputError
from circuits.ledger import Entry, Ledger, unknown
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed, period
from circuits.neuron.conventional import TUNNELLING, conventional_neuron, conventional_sources
from circuits.neuron.energy_terms import spike_energy, static
from circuits.units import Amperes, Hertz, Joules, Seconds, Watts, freeze_si, require, si

SCOPES = ("neuron", "core", "chip", "system")  # what joules pay for
SHORTEST: Seconds = 1e-12  # ASSUMED: shorter than a spike
FASTEST = 1e12  # ASSUMED: a second of speech in the time of a switching transistor
LONGEST: Seconds = 1e9  # ASSUMED: thirty years, longer than any load
GATING = (
    "power gating is ASSUMED ideal: between clips the supply is off and the core draws nothing; the switch, waking and "
    "the memory that holds the speech meanwhile are not modelled"
)
GATING_UNKNOWN = unknown("supply switch and waking", "memory that holds the speech")


@dataclass(frozen=True, kw_only=True)
class NeuronPower:
    """Power of one neuron over its rate, P = static + marginal rate.

    cost: of one spike and of one second, the latter of the whole where the scope is larger than a neuron.
    highest_rate: up to which the neuron is known to spike, in its own time; None: not published.
    """

    name: str
    cost: Ledger[float]
    scope: str = "neuron"
    measured: bool = False
    year: int | None = None
    source: str = "model"
    highest_rate: Hertz | None = None
    note: str = ""

    def __post_init__(self):
        freeze_si(self)
        require(self, "scope", self.scope in SCOPES, f"one of {', '.join(SCOPES)}")
        require(self, "marginal", self.marginal > 0, "positive")
        require(self, "static", self.static is None or self.static >= 0, "zero or positive, or None where not known")
        require(self, "highest_rate", self.highest_rate is None or self.highest_rate > 0, "positive, or None")

    @property
    def marginal(self) -> Joules:
        """What one more spike costs."""
        return self.cost.dynamic

    @property
    def static(self) -> Watts | None:
        """Power without any spike; None: not published, so not modelled."""
        return self.cost.static

    def static_decides_below(self, acceleration: float = 1.0) -> Hertz | None:
        """Rate below which static power exceeds dynamic power, P_static / (a E_marginal) (Hz); None: not known."""
        return None if self.static is None else self.static / (acceleration * self.marginal)


def affine_cost(marginal: Joules, static: Watts | None, source: str = "model") -> Ledger[float]:
    """One spike of marginal energy and one second of static power (None: not published)."""
    per_second = Entry("static", 1.0, static, "static", "second", source)
    return Ledger((Entry("spikes", 1.0, marginal, source=source), per_second))


@dataclass(frozen=True, eq=False)
class CoreLoad:
    """What a core does: the mean rate of each of its neurons over `duration`, both in the time of the speech."""

    rates: np.ndarray  # (neuron,), Hz
    duration: Seconds
    acceleration: float = 1.0

    def __post_init__(self):
        freeze_si(self)
        require(self, "duration", SHORTEST <= self.duration <= LONGEST, f"{SHORTEST:g} s to {LONGEST:g} s")
        require(
            self, "acceleration", 1 <= self.acceleration <= FASTEST, f"at least 1, real time, and at most {FASTEST:g}"
        )
        rates = np.asarray(self.rates, dtype=float)
        if rates.ndim != 1 or not rates.size or not (np.isfinite(rates).all() and (rates >= 0).all()):
            raise InputError(
                f"CoreLoad.rates must be finite, zero or positive and one for each neuron (Hz), got {self.rates!r}"
            )
        object.__setattr__(self, "rates", rates)

    @property
    def spikes(self) -> float:
        return float(self.rates.sum()) * self.duration


def core_energy(neuron: NeuronPower, load: CoreLoad) -> Ledger[float]:
    """Dynamic: spikes E_marginal. Static: n P_static T / a, once where the scope is more than a neuron.

    Where the static power is unknown the total is a lower bound.
    """
    count = load.rates.size if neuron.scope == "neuron" else 1
    seconds = count * load.duration / load.acceleration
    times = {"dynamic": load.spikes, "static": seconds}
    return Ledger(tuple(replace(entry, count=entry.count * times[entry.kind]) for entry in neuron.cost.entries))


def reaches(neuron: NeuronPower, load: CoreLoad) -> bool:
    """Whether the neuron is known to spike as fast as the load asks."""
    return neuron.highest_rate is None or float(load.rates.max()) * load.acceleration <= neuron.highest_rate


def winning_rates(
    ours: NeuronPower, other: NeuronPower, factor: float = 1.0, acceleration: float = 1.0
) -> tuple[Hertz, Hertz] | None:
    """The open range of rates (Hz) at which the other neuron costs more than `factor` times ours; None: there is none.

    P_o / a + E_o r > k (P_b / a + E_b r):  r above or below  (k P_b - P_o) / (a (E_o - k E_b)).
    A static power of the other that is not known counts as none: the range is then what is certain.
    Raises: InputError for two scopes, or where our own static power is not known.
    """
    if ours.scope != other.scope:
        raise InputError(f"{other.name} pays for a {other.scope}, {ours.name} for a {ours.scope}: not like with like")
    if ours.static is None:
        raise InputError(f"the static power of {ours.name} is not known: no rate follows")
    slope = other.marginal - factor * ours.marginal
    gap = (factor * ours.static - (other.static or 0.0)) / acceleration
    if slope > 0:
        return max(gap / slope, 0.0), math.inf
    return (0.0, gap / slope if slope else math.inf) if gap < 0 else None


def speech_circuit(circuit: LIFCircuit, tau_mem: Seconds, acceleration: float = 1.0) -> tuple[LIFCircuit, Amperes]:
    """The circuit whose time constant is tau_mem / a, and the current (A) that drives it as far above rheobase.

    Raises: InputError for a circuit without leak, which has no time constant, or for one no longer than its reset.
    """
    if math.isinf(circuit.tau_mem) or not tau_mem > 0:
        raise InputError(f"tau_mem = {tau_mem:g} s, g_leak = {circuit.g_leak:g} S; both must be positive")
    if not tau_mem / acceleration > circuit.t_refractory:
        raise InputError(
            f"acceleration = {acceleration:g} leaves a time constant of {si(tau_mem / acceleration, 's')}, no longer "
            f"than the reset of {si(circuit.t_refractory, 's')}; keep it below {tau_mem / circuit.t_refractory:g}"
        )
    speed = acceleration * circuit.tau_mem / tau_mem
    return circuit_at_speed(circuit, speed), circuit.input_current * speed


def modelled_neurons(circuit: LIFCircuit, i_in: Amperes) -> tuple[NeuronPower, ...]:
    """The tunnelling neuron first, then its twins on conventional sources, see `circuits.neuron.conventional`.

    All are driven alike, at i_in (A) of the tunnelling one; a slower constant current lingers longer below threshold.
    Raises: InputError where i_in does not exceed the rheobase.
    """
    limit = 1 / circuit.t_refractory if circuit.t_refractory else None
    own = _cost(circuit, spike_energy(circuit, i_in))
    neurons = [NeuronPower(name=TUNNELLING, cost=own, highest_rate=limit)]
    for source in conventional_sources(circuit.device if circuit.device.i_off is not None else None):
        twin = conventional_neuron(source, circuit, 1 / period(circuit, i_in))
        cost, name = _cost(twin.circuit, twin.energy), f"{source.name} twin"
        neurons.append(NeuronPower(name=name, cost=cost, highest_rate=limit, note=twin.reason))
    return tuple(neurons)


def _cost(circuit: LIFCircuit, spike: Ledger) -> Ledger:
    """The parts of a spike, without the static power of its interval, and a second of that."""
    return spike.where(lambda entry: entry.kind == "dynamic") + Ledger((static(circuit, 1.0),))

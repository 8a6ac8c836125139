"""Many neurons at once: the parameters of `LIFCircuit`, each an array with one entry per neuron."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np

from circuits.device.btbt import drain_leak
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Amperes, si_float

_POSITIVE = ("width", "c_mem", "v_dd", "prefactor", "v_slope", "v_ds_fit")
_NOT_NEGATIVE = ("g_leak", "t_refractory", "c_control", "c_reset", "i_crowbar", "v_crowbar", "i_static", "body_factor",
                 "drain_body")  # fmt: skip
_DEVICE = ("prefactor", "v_slope", "v_onset", "v_ds", "v_ds_fit", "drain_body")


@dataclass(frozen=True, eq=False)
class Population:
    """Parameters of n neurons, each `(neuron,)`, in the units of `LIFCircuit` and `BTBTDevice`.

    It stands in for both where a formula asks only for parameters: `period(population, i_in)` gives n periods.
    """

    prefactor: Annotated[np.ndarray, "A/m/V"]
    v_slope: Annotated[np.ndarray, "V"]
    v_onset: Annotated[np.ndarray, "V"]
    v_ds: Annotated[np.ndarray, "V"]
    v_ds_fit: Annotated[np.ndarray, "V"]
    drain_body: Annotated[np.ndarray, "V^3"]
    width: Annotated[np.ndarray, "m"]
    v_gs: Annotated[np.ndarray, "V"]
    c_mem: Annotated[np.ndarray, "F"]
    v_threshold: Annotated[np.ndarray, "V"]
    v_reset: Annotated[np.ndarray, "V"]
    v_sink: Annotated[np.ndarray, "V"]
    body_factor: np.ndarray
    g_leak: Annotated[np.ndarray, "S"]
    t_refractory: Annotated[np.ndarray, "s"]
    v_dd: Annotated[np.ndarray, "V"]
    c_control: Annotated[np.ndarray, "F"]
    c_reset: Annotated[np.ndarray, "F"]
    i_crowbar: Annotated[np.ndarray, "A"]
    v_crowbar: Annotated[np.ndarray, "V"]
    i_static: Annotated[np.ndarray, "A"]
    drain_leak: Annotated[np.ndarray, "A"]  # 0 where the device's source gives none

    def __post_init__(self):
        n = self.c_mem.shape
        for field in fields(self):
            value = np.ascontiguousarray(getattr(self, field.name), dtype=float)
            if value.shape != n or value.ndim != 1:
                raise InputError(f"Population.{field.name} has shape {value.shape}, expected (neuron,) = {n}")
            if not np.isfinite(value).all():
                raise InputError(f"Population.{field.name} holds NaN or infinity at {_where(~np.isfinite(value))}")
            object.__setattr__(self, field.name, value)
        for name in _POSITIVE:
            self._require(name, getattr(self, name) > 0, "positive")
        for name in _NOT_NEGATIVE:
            self._require(name, getattr(self, name) >= 0, "zero or positive")
        self._require("body_factor", self.body_factor < 1, "in 0..1")
        self._require("v_threshold", self.v_threshold > self.v_reset, "above v_reset")
        self._require("v_sink", self.v_sink <= self.v_reset, "at most v_reset")

    def _require(self, name: str, holds: np.ndarray, limit: str) -> None:
        if not holds.all():
            j = int(np.argmin(holds))
            value = getattr(self, name)[j]
            raise InputError(f"Population.{name} must be {limit}, got {value:g} at neuron {j} ({_where(~holds)})")

    def __len__(self) -> int:
        return self.c_mem.size

    def __getitem__(self, chosen: Any) -> "Population":
        """The neurons of an index array or slice."""
        return Population(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    swing = LIFCircuit.swing
    static_power = LIFCircuit.static_power
    current_at = LIFCircuit.current_at
    follows_body = LIFCircuit.follows_body

    @property
    def device(self) -> "Population":
        """Itself: it holds the device's parameters too."""
        return self

    @property
    def input_current(self) -> Amperes:
        """Tunnelling current of each neuron's own gate bias, with the body at 0 V."""
        return self.current_at(0.0)


def population(circuit: LIFCircuit | Sequence[LIFCircuit], n: int | None = None, **values: Any) -> Population:
    """n neurons like `circuit`, or one of each circuit, with fields replaced.

    Args:  values: a number or `(neuron,)` per field of `Population`; or `tunnel_shift` (V), what mismatch adds to u.
    Raises:  TypeError for an unknown field; InputError for a length that does not fit, or a value out of range.
    """
    circuits = [circuit] if isinstance(circuit, LIFCircuit) else list(circuit)
    known = {field.name for field in fields(Population)} | {"tunnel_shift"}
    if unknown := sorted(values.keys() - known):
        raise TypeError(f"unknown parameters {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if not circuits:
        raise InputError("no circuits; give one LIFCircuit, or a sequence of at least one")
    lengths = {np.shape(value)[0] for value in values.values() if np.ndim(value)} | ({n} if n is not None else set())
    lengths |= {len(circuits)} if len(circuits) > 1 else set()
    if len(lengths) > 1:
        raise InputError(f"lengths {sorted(lengths)} of n, circuits and values differ; give one length, or numbers")
    n = lengths.pop() if lengths else 1
    columns = {name: np.array([value[name] for value in map(_values, circuits)]) for name in _values(circuits[0])}
    columns |= {name: _column(name, value) for name, value in values.items() if name != "tunnel_shift"}
    columns["v_onset"] = columns["v_onset"] - _column("tunnel_shift", values.get("tunnel_shift", 0.0))
    return Population(**{name: np.broadcast_to(column, (n,)) for name, column in columns.items()})


def _values(circuit: LIFCircuit) -> dict[str, float]:
    """Every field of `Population`, of one circuit."""
    leak = drain_leak(circuit.v_gs, circuit.device, circuit.width)
    own = {field.name: getattr(circuit, field.name, None) for field in fields(Population)}
    return own | {name: getattr(circuit.device, name) for name in _DEVICE} | {"drain_leak": leak or 0.0}


def _column(name: str, value: Any) -> np.ndarray:
    return np.asarray(value, dtype=float) if np.ndim(value) else np.asarray(si_float(value, _unit(name), name))


def _unit(name: str) -> str:
    if name == "tunnel_shift":
        return "V"
    hints = {field.name: field.type for field in fields(Population)}
    return getattr(hints[name], "__metadata__", ("",))[0]


def _where(bad: np.ndarray) -> str:
    return f"{int(bad.sum())} of {bad.size} neurons"

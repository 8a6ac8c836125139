"""How a chip is run, and on which circuit: the chip's own, or the one that a network was trained for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.neuron.circuit import LIFCircuit
from circuits.tables import shortened
from circuits.units import Kelvin, Volts, si, unit_of_field

AUTO = "auto"  # the acceleration that the device allows and that costs least
SPEED = ("g_leak", "v_gs", "i_starve", "drawn")  # follow the time constants of a network, whatever the chip


def _times(acceleration: float | str) -> float:
    try:
        times = float(acceleration)
    except (TypeError, ValueError, OverflowError):
        times = math.nan
    if not 0 < times < math.inf:
        said = f"acceleration must be positive and finite, got {shortened(acceleration)}"
        raise InputError(f"{said}; 1 is real time, {AUTO} the cheapest that the device allows")
    return times


@dataclass(frozen=True)
class Operation:
    """So many times faster than the signal, at a temperature and a supply; None: those of the circuit.

    acceleration: a number, or AUTO; as text, as a command gets it, it becomes the number.
    Raises: InputError for an acceleration that is no number, not finite or not positive.
    """

    acceleration: float | str = AUTO
    temperature: Kelvin | None = None
    v_dd: Volts | None = None

    def __post_init__(self):
        if self.acceleration != AUTO:
            object.__setattr__(self, "acceleration", _times(self.acceleration))

    def supply(self, usual: Volts) -> Volts:
        """The one asked for, else the usual one."""
        return usual if self.v_dd is None else self.v_dd

    def refuse(self, **reasons: str) -> None:
        """Raise InputError with the reason for the first of acceleration, temperature and supply that is asked for."""
        given = None if self.acceleration in (AUTO, 1.0) else self.acceleration
        asked = {"acceleration": given, "temperature": self.temperature, "supply": self.v_dd}
        for name, reason in reasons.items():
            if asked[name] is not None:
                raise InputError(f"{name} = {asked[name]:g}: {reason}")


CHEAPEST = Operation()


def is_trained_here(chip: str, trained: ChipNetwork) -> bool:
    """Whether the circuit that a network was trained for stands in for that of the chip's file."""
    return trained.chip in ("", chip)


def other_circuit(chip: str, circuit: LIFCircuit, trained: ChipNetwork) -> tuple[str, ...]:
    """In what the circuit of a network and that of the chip's file differ, and which of the two is charged."""
    if is_trained_here(chip, trained):
        used, instead = trained.circuit, circuit
        said = f"the circuit is the one that the network was trained for, not that of the file of {chip}"
    else:
        used, instead = circuit, trained.circuit
        said = f"trained for the circuit of {trained.chip}, placed on that of {chip}"
    differ = "; ".join(_differences(instead, used))
    return (f"{said}: {differ}",) if differ else ()


def _differences(own: Any, used: Any, path: str = "") -> Iterator[str]:
    """Field by field, of the control circuit and what was simulated of it too; of a device of another name the name."""
    for field in fields(own):
        before, after = getattr(own, field.name), getattr(used, field.name)
        if before == after or field.name in SPEED:
            continue
        if type(before) is type(after) and is_dataclass(before) and _name(before) == _name(after):
            yield from _differences(before, after, f"{path}{field.name}.")
            continue
        unit = unit_of_field(type(own), field.name)
        shown = [si(value, unit) if unit and value is not None else _name(value) for value in (after, before)]
        yield f"{path}{field.name} {shown[0]} in place of {shown[1]}"


def _name(value: Any) -> str:
    return getattr(value, "name", type(value).__name__) if is_dataclass(value) else str(value)

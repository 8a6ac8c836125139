"""What a core holds, and what is said of a network that asks for more: every limit that it breaks, with the remedy."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from circuits.errors import InputError
from circuits.units import require

MOST, MOST_BITS = 2**31 - 1, 64  # of anything on a core, and of a weight: more is a slip of the pen


@dataclass(frozen=True)
class CoreLimits:
    """What fits on one core of a chip, and how many `cores` the chip has; whole numbers."""

    cores: int
    input_neurons: int  # sites without synapses, for encoders and channels from outside
    neurons: int
    lines: int  # of the crossbar
    synapses: int  # that are not zero
    weight_bits: int

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            least = int(field.name in ("cores", "weight_bits"))  # a core may lack any kind of site
            most = MOST_BITS if field.name == "weight_bits" else MOST
            number = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
            require(self, field.name, number and value == int(value), f"a whole number in {least}..{most}")
            object.__setattr__(self, field.name, int(value))


@dataclass(frozen=True)
class BrokenLimit:
    """One reason why a network does not fit: `where` asks for `value` of what `code` names, the chip allows `limit`."""

    code: str
    where: str
    value: float | str
    limit: float | str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.code} is {_shown(self.value)}, allowed {_shown(self.limit)}; {self.remedy}"


class MappingError(InputError):
    """The network does not fit the chip; `broken` lists every reason, and so does the message."""

    def __init__(self, broken: Sequence[BrokenLimit]):
        super().__init__("; ".join(map(str, broken)))
        self.broken = tuple(broken)


def _shown(value: float | str) -> str:
    return f"{value:d}" if isinstance(value, int) else value if isinstance(value, str) else f"{value:g}"

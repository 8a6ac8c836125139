"""Well-known networks as tables of layers: weights, products and values to be stored, without allocating a weight.

The tables live in `workloads.toml`. Counts are exact; what a layer needs that no chip here computes (`additions` of a
residual connection, `lacks` in words) is told, never dropped.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from circuits.errors import InputError
from circuits.literature.layer_tables import LayerLine
from circuits.network.layer_shape import LayerShape
from circuits.tables import did_you_mean, read_rows
from circuits.units import require

BITS = 8  # of a weight or a value, where nothing else is asked for
CELL_TRANSISTORS = 6  # of a static memory cell: two inverters and two pass transistors
MOST_BITS = 64


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One network by its lines; `layers` are the shapes that follow.

    shape_in: `(channel, row, column)` of the input.   width: multiplies the channels of lines that are `scaled`.
    lacks: what it computes besides and no line counts, in words.   Raises: InputError for a network without lines,
    or a window that is larger than what it slides over.
    """

    name: str
    title: str
    source: str
    shape_in: tuple[int, ...]
    lines: tuple[LayerLine, ...]
    width: float = 1.0
    lacks: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("name", "title", "source"):
            require(self, name, bool(getattr(self, name).strip()), "given")
        require(self, "width", 0 < self.width <= 10, "above 0 and at most 10")
        require(self, "lines", len(self.lines) > 0, "at least one line")
        _ = self.layers  # a kernel that is larger than its input is refused here

    @property
    def layers(self) -> tuple[LayerShape, ...]:
        """The layers in order, each behind the one before."""
        found, shape = [], self.shape_in
        for line in self.lines:
            found += line.shapes(shape, self.width)
            shape = found[-1].shape_out
        return tuple(found)

    @property
    def n_weights(self) -> int:
        return sum(layer.n_weights for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.n_weights + sum(layer.n_biases for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def additions(self) -> int:
        """Of residual connections."""
        return sum(layer.additions for layer in self.layers)

    @property
    def largest_activation(self) -> int:
        """Values of the largest tensor between two layers, the input among them."""
        return max(value for layer in self.layers for value in (layer.fan_in, layer.n_outputs))

    def sram_bits(self, bits: int = BITS) -> int:
        """Cells that hold all weights and biases. Raises: InputError for bits outside 1..64."""
        if not 1 <= bits <= MOST_BITS:
            raise InputError(f"bits = {bits}; a weight has 1 to {MOST_BITS}")
        return bits * self.n_parameters

    def transistors(self, bits: int = BITS) -> int:
        """Of those cells, six each, without decoders and sense amplifiers."""
        return CELL_TRANSISTORS * self.sram_bits(bits)

    def fits(self, sram_bytes: float, bits: int = BITS) -> bool:
        """Whether an on-chip memory holds all weights and biases and, beside them, the largest activation."""
        return self.sram_bits(bits) + bits * self.largest_activation <= 8 * sram_bytes

    def at_width(self, width: float) -> "Workload":
        """The same with other numbers of channels."""
        return replace(self, width=width)


def load_workloads(path: str | Path | None = None) -> dict[str, Workload]:
    """The `[[network]]` tables of a TOML file by name, in file order; None: the table that comes with the package.

    Raises:  FileNotFoundError; InputError naming the row for a missing or unknown key or a bad value, or broken TOML.
    """
    path = Path(__file__).with_name("workloads.toml") if path is None else Path(path)
    return {row.name: row for row in read_rows(path, "network", Workload)}


def load_workload(name: str) -> Workload:
    """One of the package. Raises: InputError for an unknown name."""
    known = load_workloads()
    if name not in known:
        raise InputError(f"unknown network {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
    return known[name]

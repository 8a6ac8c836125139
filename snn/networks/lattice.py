"""Random wiring of neurons on a lattice: near neighbours are connected more often than far ones.

    P(i -> j) = K exp(-(D / r0)^2),   D the distance of i and j, K by the kinds of i and j (excitatory or inhibitory)

Source: Maass, Natschlaeger and Markram 2002; r0 = 2 and K_EE, K_EI, K_IE, K_II = 0.45, 0.30, 0.60, 0.15 are those of
the spoken-digit reservoirs of Gorad, Saraswat and Ganguly 2019 (arXiv 1901.06240, parameter files).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from circuits.errors import InputError

MAX_NEURONS = 4096  # of a lattice: the table of all pairs stays small
MAX_DRAWS = 10_000  # until a draw has the number of synapses that was asked for
FAR = 8.0  # standard deviations from the number to expect: not worth a second draw


@dataclass(frozen=True)
class Lattice:
    """Neurons at the points of a box of `shape`, a share of them inhibitory; `k[from][to]`, excitatory first."""

    shape: tuple[int, ...] = (3, 3, 4)
    r0: float = 2.0  # in units of the lattice
    k: tuple[tuple[float, float], tuple[float, float]] = ((0.45, 0.30), (0.60, 0.15))
    inhibitory: float = 0.0  # share of the neurons

    def __post_init__(self):
        if not self.shape or min(self.shape) < 1 or not 1 <= self.n_neurons <= MAX_NEURONS:
            raise InputError(f"Lattice.shape must hold 1 to {MAX_NEURONS} points, got {self.shape}")
        if not (0 < self.r0 < math.inf and 0 <= self.inhibitory <= 1):
            raise InputError(f"r0 must be positive and inhibitory in 0..1, got {self.r0} and {self.inhibitory}")
        if not all(0 <= p <= 1 for row in self.k for p in row):
            raise InputError(f"Lattice.k holds probabilities, got {self.k}")

    @property
    def n_neurons(self) -> int:
        return math.prod(self.shape)

    @property
    def positions(self) -> np.ndarray:
        """`(neuron, dimension)`."""
        return np.stack(np.unravel_index(np.arange(self.n_neurons), self.shape), axis=-1)

    def probabilities(self, inhibitory: np.ndarray) -> np.ndarray:
        """P(from -> to), `(neuron, neuron)`; none from a neuron to itself."""
        kind = inhibitory.astype(int)
        distance2 = cdist(self.positions, self.positions, "sqeuclidean")
        p = np.asarray(self.k)[kind[:, None], kind[None]] * np.exp(-distance2 / self.r0**2)
        np.fill_diagonal(p, 0.0)
        return p


def connect(lattice: Lattice, rng: np.random.Generator, n_synapses: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Draw which neurons are inhibitory, `(neuron,)`, and the synapses `(from, to)`, both boolean.

    Args:  n_synapses: drawn anew until there are exactly so many; None: as they fall.
    Raises:  InputError, with the number to expect, if that many hardly ever come.
    """
    for _ in range(1 if n_synapses is None else MAX_DRAWS):
        inhibitory = np.zeros(lattice.n_neurons, dtype=bool)
        inhibitory[rng.permutation(lattice.n_neurons)[: round(lattice.inhibitory * lattice.n_neurons)]] = True
        p = lattice.probabilities(inhibitory)
        synapses = rng.random(p.shape) < p
        if n_synapses is None or synapses.sum() == n_synapses:
            return inhibitory, synapses
        spread = math.sqrt(float((p * (1 - p)).sum()))
        if abs(n_synapses - p.sum()) > FAR * spread:
            break
    raise InputError(
        f"{n_synapses} synapses between {lattice.n_neurons} neurons did not come in up to {MAX_DRAWS} draws: "
        f"r0 = {lattice.r0:g} gives {p.sum():.0f} +- {spread:.0f}; change r0, the lattice, or the number"
    )


def fan_out(n_inputs: int, n_neurons: int, n_synapses: int, rng: np.random.Generator) -> np.ndarray:
    """Synapses of the inputs, divided evenly among them, each onto neurons drawn without replacement: 1, else 0.

    Where they do not divide, the first inputs have one more; each has at least one. Returns `(input, neuron)`.
    Raises:  InputError if an input would have more synapses than there are neurons.
    """
    table = np.zeros((n_inputs, n_neurons))
    for i, row in enumerate(table):
        fan = max(1, n_synapses // n_inputs + (i < n_synapses % n_inputs))
        if fan > n_neurons:
            raise InputError(f"{n_synapses} synapses of {n_inputs} inputs need more than the {n_neurons} neurons")
        row[rng.permutation(n_neurons)[:fan]] = 1.0
    return table

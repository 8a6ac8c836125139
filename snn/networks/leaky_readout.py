"""The readout as a module: leaky integrators that nobody resets."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.kernels import Backend, run_readout
from snn.networks.time_constants import Tau, TimeConstants
from snn.neurons.axes import require_axes, require_state
from snn.neurons.lif import LIFParams, LIFState, decay, lif_state


class LeakyReadout(torch.nn.Module):
    """n leaky integrators, tau_mem v' = drive - v: drive `(batch, time, label)` to potentials of the same shape.

    Args: tau_mem: time constants (s), as of `LIF`. dt: one step (s). learn_tau: whether they are parameters.
    """

    def __init__(
        self,
        n: int,
        *,
        tau_mem: Tau,
        dt: Seconds,
        learn_tau: bool = True,
        generator: torch.Generator | None = None,
        backend: Backend = "auto",
    ):
        super().__init__()
        if not (n >= 1 and 0 < dt < math.inf):
            raise InputError(f"LeakyReadout needs n >= 1 and a positive dt, got n = {n}, dt = {dt} s")
        self.n, self.dt, self.backend = n, float(dt), backend
        self.mem = TimeConstants(n, tau_mem, learn=learn_tau, generator=generator)

    @property
    def tau_mem(self) -> Float[Tensor, " label"]:
        """Time constants (s)."""
        return self.mem()

    def params(self) -> LIFParams:
        """Parameters of one step."""
        alpha = decay(self.tau_mem, self.dt)
        return LIFParams(alpha, torch.ones_like(alpha))

    def forward(self, x: Float[Tensor, "batch time label"]) -> Float[Tensor, "batch time label"]:
        """Potentials from rest."""
        return self.run(x)[0]

    def run(
        self, x: Float[Tensor, "batch time label"], state: LIFState | None = None
    ) -> tuple[Float[Tensor, "batch time label"], LIFState]:
        """Potentials and the last state; `state` None starts from rest. Raises: InputError if shapes do not match."""
        require_axes(x.shape, self.n, f"LeakyReadout({self.n})")
        state = lif_state(len(x), self.mem.log_tau) if state is None else state
        require_state(x.shape, state.v.shape)
        potential, state = run_readout(x.transpose(0, 1), state, self.params(), self.backend)
        return potential.transpose(0, 1), state

    def extra_repr(self) -> str:
        return f"{self.n}, dt={self.dt:g}"

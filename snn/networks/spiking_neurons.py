"""Populations of spiking neurons as modules: what a network is composed of, between its linear layers."""

import math
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.kernels import Backend, run_layer
from snn.networks.time_constants import Tau, TimeConstants
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_state
from snn.neurons.axes import require_axes, require_state
from snn.neurons.lif import LIFParams, LIFState, decay, lif_state
from snn.neurons.surrogate import SpikeGrad, boxcar, surrogate

A_LIMIT, B_LIMIT = (-1.0, 1.0), (0.0, 2.0)  # Source: Bittar and Garner 2022
START = (0.0, 0.5)  # of a and b, uniform. Source: Bittar and Garner 2022

S = TypeVar("S", LIFState, AdaptiveState)


class Neurons(torch.nn.Module, ABC, Generic[S]):
    """n neurons: drive `(batch, time, neuron)` in units of the circuit's swing to spikes, 0 or 1, of the same shape.

    Args: tau_mem: membrane time constants (s): of all neurons, of each, or a span to start log-uniform in and stay in.
        dt: one step (s). recurrent: whether spikes come back in the next step, by `recurrent` weights (from, to).
        spike_grad: name of a surrogate, a `Surrogate`, or a function of v - v_threshold. v_floor: lowest potential.
        learn_tau: whether time constants are parameters. generator: draws what starts at random.
    Raises: InputError for a number that is none of this kind.
    """

    def __init__(
        self,
        n: int,
        *,
        tau_mem: Tau | TimeConstants,
        dt: Seconds,
        recurrent: bool = False,
        spike_grad: str | SpikeGrad = boxcar,
        v_threshold: float = 1.0,
        v_floor: float = -math.inf,
        learn_tau: bool = True,
        generator: torch.Generator | None = None,
        backend: Backend = "auto",
    ):
        super().__init__()
        if not (n >= 1 and 0 < dt < math.inf and 0 < v_threshold < math.inf and v_floor <= 0):
            raise InputError(
                f"{type(self).__name__} needs n >= 1, dt and v_threshold positive and v_floor at most 0, got n = {n}, "
                f"dt = {dt} s, v_threshold = {v_threshold}, v_floor = {v_floor}"
            )
        self.n, self.dt, self.spike_grad, self.backend = n, float(dt), surrogate(spike_grad), backend
        self.v_threshold, self.v_floor = v_threshold, v_floor
        given = isinstance(tau_mem, TimeConstants)
        self.mem = tau_mem if given else TimeConstants(n, tau_mem, learn=learn_tau, generator=generator)
        self.recurrent = None
        if recurrent:
            self.recurrent = torch.nn.Parameter(torch.randn(n, n, generator=generator) * 0.5 / math.sqrt(n))

    @property
    def tau_mem(self) -> Float[Tensor, " neuron"]:
        """Membrane time constants (s)."""
        return self.mem()

    @abstractmethod
    def params(self) -> LIFParams | AdaptiveParams:
        """Parameters of one step."""

    @abstractmethod
    def start(self, batch: int) -> S:
        """All neurons at rest."""

    def forward(self, x: Float[Tensor, "batch time neuron"]) -> Float[Tensor, "batch time neuron"]:
        """Spikes from rest."""
        return self.run(x)[0]

    def run(
        self, x: Float[Tensor, "batch time neuron"], state: S | None = None, recurrent: Tensor | None = None
    ) -> tuple[Float[Tensor, "batch time neuron"], S]:
        """Spikes and the last state; `state` None starts from rest, `recurrent` None takes its own weights.

        Raises: InputError if shapes do not match.
        """
        require_axes(x.shape, self.n, f"{type(self).__name__}({self.n})")
        state = self.start(len(x)) if state is None else state
        require_state(x.shape, state.v.shape)
        recurrent = self.recurrent if recurrent is None else recurrent
        spikes, state = run_layer(x.transpose(0, 1), state, self.params(), recurrent, self.backend)
        return spikes.transpose(0, 1), state

    def extra_repr(self) -> str:
        return f"{self.n}, dt={self.dt:g}" + (", recurrent=True" if self.recurrent is not None else "")


class LIF(Neurons[LIFState]):
    """Leaky integrate-and-fire neurons: tau_mem v' = drive - v, a spike above v_threshold, then v = 0."""

    def params(self) -> LIFParams:
        alpha = decay(self.tau_mem, self.dt)
        return LIFParams(alpha, torch.full_like(alpha, self.v_threshold), self.spike_grad, self.v_floor)

    def start(self, batch: int) -> LIFState:
        return lif_state(batch, self.mem.log_tau)


class AdaptiveLIF(Neurons[AdaptiveState]):
    """LIF neurons that tire: tau_mem v' = drive - w - v, tau_adapt w' = a v - w, w += b at each spike.

    Args: as of `LIF`. tau_adapt: as tau_mem. a, b: of all neurons, of each, or a span to start uniform in; they are
        learned, a within -1 and 1, b within 0 and 2, where the neuron is stable.
    """

    def __init__(
        self,
        n: int,
        *,
        tau_mem: Tau | TimeConstants,
        tau_adapt: Tau,
        dt: Seconds,
        a: float | tuple[float, float] | Tensor = START,
        b: float | tuple[float, float] | Tensor = START,
        recurrent: bool = False,
        spike_grad: str | SpikeGrad = boxcar,
        v_threshold: float = 1.0,
        v_floor: float = -math.inf,
        learn_tau: bool = True,
        generator: torch.Generator | None = None,
        backend: Backend = "auto",
    ):
        super().__init__(
            n,
            tau_mem=tau_mem,
            dt=dt,
            recurrent=recurrent,
            spike_grad=spike_grad,
            v_threshold=v_threshold,
            v_floor=v_floor,
            learn_tau=learn_tau,
            generator=generator,
            backend=backend,
        )
        self.adapt = TimeConstants(n, tau_adapt, learn=learn_tau, generator=generator)
        self.adapt_a = torch.nn.Parameter(_within("a", a, A_LIMIT, n, generator))
        self.adapt_b = torch.nn.Parameter(_within("b", b, B_LIMIT, n, generator))

    @property
    def tau_adapt(self) -> Float[Tensor, " neuron"]:
        """Time constants of the adaptation (s)."""
        return self.adapt()

    def params(self) -> AdaptiveParams:
        alpha, a, b = decay(self.tau_mem, self.dt), self.adapt_a.clamp(*A_LIMIT), self.adapt_b.clamp(*B_LIMIT)
        threshold, rho = torch.full_like(alpha, self.v_threshold), decay(self.tau_adapt, self.dt)
        return AdaptiveParams(alpha, threshold, rho, a, b, self.spike_grad, self.v_floor)

    def start(self, batch: int) -> AdaptiveState:
        return adaptive_state(batch, self.mem.log_tau)


def _within(
    name: str,
    start: float | tuple[float, float] | Tensor,
    limits: tuple[float, float],
    n: int,
    generator: torch.Generator | None,
) -> Float[Tensor, " neuron"]:
    """First values of a parameter. Raises: InputError for one beyond its limits."""
    values = torch.as_tensor(start, dtype=torch.get_default_dtype()).detach()
    if not ((values >= limits[0]) & (values <= limits[1])).all():
        raise InputError(f"{name} must lie within {limits[0]:g} and {limits[1]:g}, got {start}")
    if isinstance(start, tuple):
        return start[0] + (start[1] - start[0]) * torch.rand(n, generator=generator)
    if isinstance(start, Tensor) and start.shape != (n,):
        raise InputError(f"{name} of {n} neurons is ({n},), got {tuple(start.shape)}")
    return values.expand(n).clone()

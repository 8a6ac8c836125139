"""Encoders as the first stage of a network: features `(batch, frame, band)` to spikes `(batch, step, channel)`."""

import math
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Hertz, Seconds
from snn.encoders.events import delta_encode, delta_steps, latency_encode, rate_encode
from snn.kernels import Backend, run_layer
from snn.kernels.reference import GainLayer
from snn.neurons.axes import require_axes
from snn.neurons.lif import LIFParams, decay, lif_state
from snn.settings import section


@section
class EncoderSettings:
    """Features to spikes. "lif" trains a gain and a bias per BTBT neuron; the others have no weights."""

    kind: Literal["lif", "delta", "latency", "rate"] = "lif"
    per_channel: int = Field(2, ge=1, le=64)  # lif: neurons per band
    threshold: float = Field(0.3, gt=0)  # delta: in standard deviations of the features
    steps_per_frame: int = Field(5, ge=1, le=100)  # latency, rate
    max_rate_hz: float = Field(100.0, gt=0)  # rate

    def __post_init__(self):
        if self.kind == "latency" and self.steps_per_frame < 2:
            raise InputError("encoder.steps_per_frame must be at least 2 for a latency to mean anything")

    @property
    def description(self) -> str:
        """What it makes of features, in words and numbers; neurons are told of elsewhere."""
        return {
            "lif": "",
            "delta": f"; send-on-delta, threshold {self.threshold:g}",
            "latency": f"; latency, {self.steps_per_frame} steps per frame",
            "rate": f"; rate, {self.max_rate_hz:g} Hz at most, {self.steps_per_frame} steps per frame",
        }[self.kind]

    def step(self, hop: Seconds) -> Seconds:
        """One time step of the network (s): a frame, divided among the encoder's steps.

        Raises: InputError for a rate of more than one spike a step.
        """
        dt = hop / (self.steps_per_frame if self.kind in ("latency", "rate") else 1)
        if self.kind == "rate" and self.max_rate_hz * dt > 1:
            raise InputError(f"encoder.max_rate_hz must be at most one spike per step, {1 / dt:g} Hz")
        return dt


@runtime_checkable
class Encoder(Protocol):
    """What a network asks of its first stage: features `(batch, frame, band)` to spikes `(batch, step, channel)`.

    One that streams has `stream(signal, state) -> (spikes, state)` too, whose first state is None.
    """

    n_out: int  # spike channels

    def __call__(self, signal: Tensor) -> Tensor: ...


class LIFEncoder(torch.nn.Module):
    """LIF neurons driven by the features: drive = gain x + bias, `per_channel` neurons for each band.

    Gain and bias are trained: slope and offset of a neuron's input current in units of its rheobase. They start
    spread, so that the neurons of one band divide its range; every second one answers to falling values.
    Args: tau_mem, dt: membrane time constant and step (s). v_floor: lowest potential. generator: draws the start.
    """

    def __init__(
        self,
        n_bands: int,
        *,
        tau_mem: Seconds,
        dt: Seconds,
        per_channel: int = 2,
        v_floor: float = -math.inf,
        generator: torch.Generator | None = None,
        backend: Backend = "auto",
    ):
        super().__init__()
        if not (n_bands >= 1 and per_channel >= 1 and 0 < tau_mem < math.inf and 0 < dt < math.inf and v_floor <= 0):
            raise InputError(
                "LIFEncoder needs n_bands and per_channel >= 1, tau_mem and dt positive and v_floor at most 0, got "
                f"{n_bands}, {per_channel}, {tau_mem} s, {dt} s, {v_floor}"
            )
        self.n_bands, self.per_channel, self.n_out = n_bands, per_channel, n_bands * per_channel
        self.dt, self.v_floor, self.backend = float(dt), v_floor, backend
        sign = torch.where(torch.arange(self.n_out) % per_channel % 2 == 0, 1.0, -1.0)
        self.gain = torch.nn.Parameter(sign * (1 + torch.rand(self.n_out, generator=generator)))
        self.bias = torch.nn.Parameter(torch.rand(self.n_out, generator=generator))
        self.register_buffer("tau_mem", torch.full((self.n_out,), float(tau_mem)))

    def params(self) -> LIFParams:
        """Parameters of one step; the threshold is 1, the circuit's swing."""
        return LIFParams(decay(self.tau_mem, self.dt), torch.ones_like(self.bias), v_floor=self.v_floor)

    def gains(self) -> GainLayer:
        """The encoder as the kernels take it."""
        return GainLayer(self.gain, self.bias, self.params(), self.per_channel)

    def drive(self, signal: Float[Tensor, "batch time band"]) -> Float[Tensor, "batch time channel"]:
        """Input of each neuron, in units of the threshold."""
        return signal.repeat_interleave(self.per_channel, -1) * self.gain + self.bias

    def forward(self, signal: Float[Tensor, "batch time band"]) -> Float[Tensor, "batch time channel"]:
        require_axes(signal.shape, self.n_bands, "LIFEncoder", "batch, time, band")
        start, drive = lif_state(len(signal), self.bias), self.drive(signal).transpose(0, 1)
        return run_layer(drive, start, self.params(), backend=self.backend)[0].transpose(0, 1)


class _Events(torch.nn.Module):
    """Spikes without neurons, `n_out` channels of `n_bands`."""

    def __init__(self, n_bands: int, n_out: int):
        super().__init__()
        if n_bands < 1:
            raise InputError(f"{type(self).__name__} needs at least one band, got n_bands = {n_bands}")
        self.n_bands, self.n_out = n_bands, n_out

    def _checked(self, signal: Tensor) -> Tensor:
        require_axes(signal.shape, self.n_bands, type(self).__name__, "batch, time, band")
        return signal


class DeltaEncoder(_Events):
    """Send-on-delta on each band, ON and OFF channels; threshold in units of the features."""

    def __init__(self, n_bands: int, *, threshold: float):
        super().__init__(n_bands, 2 * n_bands)
        self.threshold = threshold

    def forward(self, signal: Float[Tensor, "batch time band"]) -> Float[Tensor, "batch time channel"]:
        return delta_encode(self._checked(signal), self.threshold)

    def stream(
        self, signal: Float[Tensor, "batch time band"], level: Tensor | None
    ) -> tuple[Float[Tensor, "batch time channel"], Float[Tensor, "batch band"]]:
        """Spikes of the next frames and the level last sent; `level` None begins a signal.

        Raises: InputError for a level of other channels, clips or precision, or one that is not finite.
        """
        first = self._checked(signal)[:, 0]
        level = first if level is None else level
        if (level.shape, level.dtype) != (first.shape, signal.dtype) or not torch.isfinite(level).all():
            raise InputError(
                f"the level last sent is {tuple(level.shape)} {level.dtype}, or not finite; these frames need finite "
                f"numbers, {tuple(first.shape)} {signal.dtype}: begin with start() of the same stream"
            )
        return delta_steps(signal, level, self.threshold)


class LatencyEncoder(_Events):
    """Time to first spike within each frame of n_steps; features pass a logistic function into 0..1.

    A feature one deviation below the mean spikes at the frame's end, two above at its start, less than that not at all.
    """

    def __init__(self, n_bands: int, *, n_steps: int):
        super().__init__(n_bands, n_bands)
        self.n_steps = n_steps

    def forward(self, signal: Float[Tensor, "batch time band"]) -> Float[Tensor, "batch steps channel"]:
        return latency_encode(self._checked(signal).sigmoid(), self.n_steps, v_threshold=0.25, tau=0.4)

    def stream(self, signal: Tensor, state: None) -> tuple[Tensor, None]:
        """Spikes of the next frames; a frame knows nothing of the one before."""
        return self(signal), None


class RateEncoder(_Events):
    """Random spikes at a rate that follows the features through a logistic function, n_steps of dt (s) a frame.

    `generator` draws them, unless a call brings its own.
    """

    def __init__(
        self,
        n_bands: int,
        *,
        max_rate: Hertz,
        dt: Seconds,
        n_steps: int = 1,
        generator: torch.Generator | None = None,
    ):
        super().__init__(n_bands, n_bands)
        self.n_steps, self.max_rate, self.dt, self.generator = n_steps, max_rate, float(dt), generator

    def forward(
        self, signal: Float[Tensor, "batch time band"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch steps channel"]:
        drawn_from = generator or self.generator
        if drawn_from is None:
            raise InputError("a rate encoder draws spikes: pass a generator")
        return rate_encode(self._checked(signal).sigmoid(), drawn_from, self.max_rate, self.dt, self.n_steps)

    def stream(self, signal: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes of the next frames; `drawn` is the state of the generator that they are drawn from."""
        generator = torch.Generator()
        generator.set_state(drawn)
        return self(signal, generator), generator.get_state()


ENCODERS = (LIFEncoder, DeltaEncoder, LatencyEncoder, RateEncoder)  # whose spikes are known to be 0 or 1


def encode(encoder: Encoder, signal: Tensor, generator: torch.Generator | None) -> Tensor:
    """The encoder's spikes; those of a rate encoder drawn from `generator`, where there is one."""
    return encoder(signal, generator) if isinstance(encoder, RateEncoder) else encoder(signal)


def build_encoder(
    settings: EncoderSettings,
    n_bands: int,
    circuit: LIFCircuit,
    dt: Seconds,
    generator: torch.Generator,
    backend: Backend = "auto",
) -> Encoder:
    """The encoder of that kind, for its bands and time step."""
    match settings.kind:
        case "lif":
            return LIFEncoder(
                n_bands,
                per_channel=settings.per_channel,
                tau_mem=circuit.tau_mem,
                dt=dt,
                v_floor=circuit.v_floor,
                generator=generator,
                backend=backend,
            )
        case "delta":
            return DeltaEncoder(n_bands, threshold=settings.threshold)
        case "latency":
            return LatencyEncoder(n_bands, n_steps=settings.steps_per_frame)
        case "rate":
            return RateEncoder(n_bands, max_rate=settings.max_rate_hz, dt=dt, n_steps=settings.steps_per_frame)

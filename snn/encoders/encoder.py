"""Encoders as the first stage of a network: features `(time, batch, band)` to spikes."""

from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds
from snn.encoders.events import delta_encode, delta_steps, latency_encode, rate_encode
from snn.kernels import Backend, run_layer
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
    """What a network asks of its first stage: the number of spike channels, and the spikes."""

    n_out: int

    def __call__(
        self, signal: Float[Tensor, "time batch band"], generator: torch.Generator | None
    ) -> Float[Tensor, "steps batch channel"]: ...


class LIFEncoder(torch.nn.Module):
    """BTBT neurons driven by the features: drive = gain x + bias, `per_channel` neurons for each band.

    Gain and bias are trained: slope and offset of a neuron's input current in units of its rheobase. They start
    spread, so that the neurons of one band divide its range; every second one answers to falling values.
    """

    def __init__(
        self,
        n_bands: int,
        per_channel: int,
        circuit: LIFCircuit,
        dt: Seconds,
        generator: torch.Generator,
        backend: Backend = "auto",
    ):
        super().__init__()
        self.per_channel, self.dt, self.backend, self.n_out = per_channel, dt, backend, n_bands * per_channel
        sign = torch.where(torch.arange(self.n_out) % per_channel % 2 == 0, 1.0, -1.0)
        self.gain = torch.nn.Parameter(sign * (1 + torch.rand(self.n_out, generator=generator)))
        self.bias = torch.nn.Parameter(torch.rand(self.n_out, generator=generator))
        self.v_floor = circuit.v_floor
        self.register_buffer("tau_mem", torch.full((self.n_out,), circuit.tau_mem))

    def params(self) -> LIFParams:
        """Parameters of one step; the threshold is 1, the circuit's swing."""
        return LIFParams(decay(self.tau_mem, self.dt), torch.ones_like(self.bias), v_floor=self.v_floor)

    def drive(self, signal: Float[Tensor, "time batch band"]) -> Float[Tensor, "time batch channel"]:
        """Input of each neuron, in units of the threshold."""
        return signal.repeat_interleave(self.per_channel, -1) * self.gain + self.bias

    def forward(
        self, signal: Float[Tensor, "time batch band"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "time batch channel"]:
        start = lif_state(signal.shape[1], self.bias)
        return run_layer(self.drive(signal), start, self.params(), backend=self.backend)[0]


class DeltaEncoder(torch.nn.Module):
    """Send-on-delta on each band, ON and OFF channels."""

    def __init__(self, n_bands: int, threshold: float):
        super().__init__()
        self.threshold, self.n_out = threshold, 2 * n_bands

    def forward(self, signal: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return delta_encode(signal, self.threshold)

    def stream(self, signal: Tensor, level: Tensor | None) -> tuple[Tensor, Tensor]:
        """Spikes of the next frames and the level last sent; `level` None begins a signal.

        Raises: InputError for a level of other channels, clips or precision, or one that is not finite.
        """
        level = signal[0] if level is None else level
        if (level.shape, level.dtype) != (signal.shape[1:], signal.dtype) or not torch.isfinite(level).all():
            raise InputError(
                f"the level last sent is {tuple(level.shape)} {level.dtype}, or not finite; these frames need finite "
                f"numbers, {tuple(signal.shape[1:])} {signal.dtype}: begin with start() of the same stream"
            )
        return delta_steps(signal, level, self.threshold)


class LatencyEncoder(torch.nn.Module):
    """Time to first spike within each frame; features pass a logistic function into 0..1.

    A feature one deviation below the mean spikes at the frame's end, two above at its start, less than that not at all.
    """

    def __init__(self, n_bands: int, n_steps: int):
        super().__init__()
        self.n_steps, self.n_out = n_steps, n_bands

    def forward(self, signal: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return latency_encode(signal.sigmoid(), self.n_steps, v_threshold=0.25, tau=0.4)

    def stream(self, signal: Tensor, state: None) -> tuple[Tensor, None]:
        """Spikes of the next frames; a frame knows nothing of the one before."""
        return self(signal), None


class RateEncoder(torch.nn.Module):
    """Random spikes at a rate that follows the features through a logistic function."""

    def __init__(self, n_bands: int, n_steps: int, max_rate: float, dt: Seconds):
        super().__init__()
        self.n_steps, self.max_rate, self.dt, self.n_out = n_steps, max_rate, dt, n_bands

    def forward(self, signal: Tensor, generator: torch.Generator | None = None) -> Tensor:
        if generator is None:
            raise InputError("a rate encoder draws spikes: pass a generator")
        return rate_encode(signal.sigmoid(), generator, self.max_rate, self.dt, self.n_steps)

    def stream(self, signal: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes of the next frames; `drawn` is the state of the generator that they are drawn from."""
        generator = torch.Generator()
        generator.set_state(drawn)
        return self(signal, generator), generator.get_state()


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
            return LIFEncoder(n_bands, settings.per_channel, circuit, dt, generator, backend)
        case "delta":
            return DeltaEncoder(n_bands, settings.threshold)
        case "latency":
            return LatencyEncoder(n_bands, settings.steps_per_frame)
        case "rate":
            return RateEncoder(n_bands, settings.steps_per_frame, settings.max_rate_hz, dt)

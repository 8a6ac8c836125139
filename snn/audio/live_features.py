"""Log-mel features of audio that arrives in pieces: state in, state out, the numbers of the whole recording."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from snn.audio.features import LogMel, check_finite, frame_features, frame_power
from snn.audio.running import RunningState, running_state


class FrameState(NamedTuple):
    """What the frames to come still need: the samples since the start of the next frame, and the averages so far."""

    samples: Float[Tensor, " time"]
    running: RunningState


def start_frames(mel: LogMel, dtype: torch.dtype = torch.float32) -> FrameState:
    """Before the first sample: the first frame is centred on it, half a frame of zeros comes before.

    Raises: InputError for a normalisation that needs the whole clip.
    """
    if mel.normalise not in ("running", "none"):
        raise InputError(
            f"normalise={mel.normalise!r} needs the whole clip and cannot stream; "
            "train with --set features.normalise=running"
        )
    return FrameState(torch.zeros(mel.n_fft // 2, dtype=dtype), running_state(1))


def push(
    state: FrameState, samples: Float[Tensor, " time"], mel: LogMel
) -> tuple[Float[Tensor, "frame band"], FrameState]:
    """Features of the frames that these samples complete, any number of either.

    Frame by frame the numbers are those of `log_mel` for the whole recording, bit for bit. A frame is complete half a
    frame (n_fft / 2 samples) after its centre. No gradient passes.
    Raises: InputError for samples of another precision, not finite, or not `(time,)`, and for a state that
        `start_frames` and `push` do not make.
    """
    samples = samples.detach()
    check_state(state)
    check_samples(state, samples, mel)
    samples = torch.cat((state.samples, samples))
    n_frames = max(0, (len(samples) - mel.n_fft) // mel.hop_length + 1)
    if n_frames == 0:
        return samples.new_empty(0, mel.n_mels), state._replace(samples=samples)
    power = frame_power(samples[None].unfold(1, mel.n_fft, mel.hop_length), mel)
    features, running = frame_features(power, state.running, mel)
    return features[0], FrameState(samples[n_frames * mel.hop_length :].clone(), running)


def finish(state: FrameState, mel: LogMel) -> Float[Tensor, "frame band"]:
    """The last frames, whose second half reaches beyond the recording into zeros; the stream is over."""
    return push(state, state.samples.new_zeros(mel.n_fft // 2), mel)[0]


def check_state(state: FrameState) -> None:
    """Raises: InputError unless the state is of one clip and finite: the compiled averages would read beyond it."""
    if state.samples.ndim != 1 or any(x.shape != (1,) or x.dtype != torch.float64 for x in state.running):
        shapes = [tuple(x.shape) for x in (state.samples, *state.running)]
        raise InputError(
            f"the state's samples, weight, level and mean are {shapes}; a stream needs (time,) and three times (1,) "
            "float64: begin with start_frames(mel)"
        )
    if not all(torch.isfinite(x).all() for x in (state.samples, *state.running)):
        raise InputError("the state holds NaN or infinity, which would stay for good: begin with start_frames(mel)")


def check_samples(state: FrameState, samples: Tensor, mel: LogMel) -> None:
    """Raises: InputError unless the samples can follow those of the state."""
    if samples.ndim != 1:
        raise InputError(f"a chunk is mono audio (time,), got shape {tuple(samples.shape)}")
    if samples.dtype != state.samples.dtype or samples.device != state.samples.device:
        raise InputError(
            f"the stream began with {state.samples.dtype} on {state.samples.device}, got {samples.dtype} on "
            f"{samples.device}; convert the chunk, or start_frames(mel, dtype)"
        )
    check_finite((mel.n_fft * samples).square())  # bounds the power of any frame that holds them

"""Live inference: a trained network on features or audio as they arrive, step by step, state in and state out.

    ears = AudioStream(model, mel)
    state = ears.start()
    for chunk in microphone:                       # any number of samples
        potential, state = ears.push(chunk, state) # (batch, step, label), as many steps as the chunk completes

The numbers are, bit for bit, those of the whole recording run at once on the CPU kernels.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from snn.audio.features import LogMel
from snn.audio.front_end import require_same
from snn.audio.live_features import FrameState, finish, push, start_frames
from snn.encoders.encoder import RateEncoder
from snn.experiments.model import Model
from snn.kernels import cpu_network, packed
from snn.kernels.checks import check_network
from snn.kernels.reference import Network
from snn.kernels.threads import flushed
from snn.networks.spiking_model import SpikingModel
from snn.neurons.axes import require_axes, require_batch


class NetworkStream:
    """A network whose weights are frozen as they were; every call returns a new state and leaves the old one alone.

    Raises: InputError if its shapes do not match; FloatingPointError if a weight or parameter is not finite.
    """

    def __init__(self, network: Network):
        check_network(network)
        net = self._net = packed.pack(network)
        self._numbers, self._layout, self._no_spikes = *net, np.empty((0, 0, 0), net.numbers.dtype)
        self._n_in, self._n_labels, self._n_neurons = net.n_in, net.n_labels, net.n_neurons

    def start(self, n_batch: int = 1) -> np.ndarray:
        """All neurons at rest: `(batch, 3, neuron)`, potential, last spike and adaptation."""
        if n_batch < 1:
            raise InputError(f"a stream has at least one clip, got n_batch = {n_batch}")
        return packed.rest(self._net, n_batch)

    def push(self, x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Readout potentials `(batch, step, label)` of the next steps, and the state after them.

        Work is done for spikes alone: a step costs what its events cost.
        Args: x: features, or an encoder's spikes, `(batch, step, channel)`; none to any number of steps.
        Raises: InputError if shapes or precision do not match, or x or the state is not finite; FloatingPointError if
            a potential overflows.
        """
        dtype = self._numbers.dtype
        if x.ndim != 3 or x.shape[0] != len(state) or x.shape[2] != self._n_in or x.dtype != dtype:
            self._refuse(x, len(state))
        if state.shape != (x.shape[0], 3, self._n_neurons) or state.dtype != dtype:
            packed.check_state(state, self._net, x.shape[0])
        # a step of one clip whose numbers lie one behind the other is alike either way, and has to be quick
        several = x.shape[:2] != (1, 1) or x.strides[2] != x.itemsize
        x = np.ascontiguousarray(x.transpose(1, 0, 2)) if several else x
        state, potential = state.copy(), np.empty((*x.shape[:2], self._n_labels), x.dtype)
        outcome = flushed(cpu_network.advance, x, self._numbers, self._layout, state, potential, self._no_spikes)
        if outcome != packed.SOUND:
            packed.check_outcome(outcome)
        return potential.transpose(1, 0, 2) if several else potential, state

    def _refuse(self, x: np.ndarray, n_batch: int) -> None:
        """Raises: InputError that tells what of x does not fit."""
        require_axes(x.shape, self._n_in, "the network")
        require_batch(x.shape, n_batch, "clips in the state")
        packed.check_input(x.transpose(1, 0, 2), self._net, n_batch)


class StreamState(NamedTuple):
    """What a spotter remembers between frames: its neurons, and what an encoder without neurons keeps."""

    neurons: np.ndarray
    encoder: Any = None


class SpotterStream:
    """A trained network on features `(batch, frame, band)` as they arrive; its weights are copied, on the CPU.

    Raises: InputError for an encoder of one's own that has no `stream(signal, state) -> (spikes, state)`.
    """

    def __init__(self, model: SpikingModel):
        with torch.no_grad():
            network = model.kernels()
        self.network = NetworkStream(network)
        self._encoder, self._n_lines = None if network.encoder is not None else model.encoder, model.n_lines
        if self._encoder is not None and not callable(getattr(self._encoder, "stream", None)):
            raise InputError(
                f"{type(self._encoder).__name__} does not stream: give it stream(signal, state) -> (spikes, state), "
                "where the first state is None"
            )

    def start(self, n_batch: int = 1, generator: torch.Generator | None = None) -> StreamState:
        """Nothing heard yet; a rate encoder draws from a copy of `generator`. Raises: InputError if it has none."""
        if not isinstance(self._encoder, RateEncoder):
            return StreamState(self.network.start(n_batch))
        if generator is None:
            raise InputError("a rate encoder draws spikes: pass a generator to start")
        return StreamState(self.network.start(n_batch), generator.get_state())

    def push(
        self, features: Float[Tensor, "batch frame band"], state: StreamState
    ) -> tuple[Float[Tensor, "batch step label"], StreamState]:
        """Readout potentials of the steps that these frames make, and the state after them.

        Raises: InputError if shapes or precision do not match, or a feature is not finite.
        """
        x, encoder = features.detach(), state.encoder
        if self._encoder is not None and x.shape[1]:
            with torch.inference_mode():
                x, encoder = self._encoder.stream(x, encoder)
        elif self._encoder is not None:
            x = x.new_empty(len(x), 0, self._n_lines)
        potential, neurons = self.network.push(x.numpy(), state.neurons)
        return torch.from_numpy(potential), StreamState(neurons, encoder)


class AudioState(NamedTuple):
    """What a listener remembers between chunks: the samples of the next frame, the averages, the network."""

    frames: FrameState
    network: StreamState


class AudioStream:
    """A trained spotter on one channel of audio at `sample_rate`, in chunks of any size; a step is `dt` (s).

    `mel` is the front end that the model was trained with, and may be left out.
    Raises: InputError for another one, for one of signals, for a normalisation that needs the whole clip, and for a
        model that is no spotter.
    """

    def __init__(self, model: Model, mel: LogMel | None = None):
        if not isinstance(model, SpikingModel):
            raise InputError(f'a stream needs a spotter, got a {type(model).__name__}; train with kind = "spotter"')
        if model.front_end is None:
            raise InputError("the model has no front end, so it takes features: give it one, or use SpotterStream")
        if mel is not None:
            require_same(model.front_end, replace(mel, duration_s=model.front_end.duration_s))  # a stream has no end
        if not isinstance(model.front_end, LogMel):
            raise InputError(f"the model is for multichannel signals, a stream hears sound; got {model.front_end}")
        start_frames(model.front_end)  # raises for a normalisation that needs the whole clip
        self.mel, self._spotter = model.front_end, SpotterStream(model)
        self.sample_rate, self.dt = self.mel.rate, model.dt

    def start(self, generator: torch.Generator | None = None) -> AudioState:
        """Before the first sample."""
        return AudioState(start_frames(self.mel), self._spotter.start(1, generator))

    def push(
        self, samples: Float[Tensor, " time"], state: AudioState
    ) -> tuple[Float[Tensor, "one step label"], AudioState]:
        """Readout potentials of the frames that these samples complete, and the state after them.

        Raises: InputError for samples that are not finite, not `(time,)`, or not float32.
        """
        features, frames = push(state.frames, samples, self.mel)
        potential, network = self._spotter.push(features[None], state.network)
        return potential, AudioState(frames, network)

    def finish(self, state: AudioState) -> Float[Tensor, "one step label"]:
        """Readout potentials of the last frames, which reach beyond the recording; the stream is over."""
        features = finish(state.frames, self.mel)
        return self._spotter.push(features[None], state.network)[0]

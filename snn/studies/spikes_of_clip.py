"""The spikes of one test clip, population by population, of whichever model fires any."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.units import Seconds
from snn.audio.examples import Examples
from snn.experiments.model import Model
from snn.networks.reservoir import INPUT, RESERVOIR
from snn.networks.reservoir_model import ReservoirModel
from snn.networks.spotter import Spotter


@dataclass(frozen=True)
class PopulationSpikes:
    """Times (s) and neurons of the spikes of one population."""

    name: str
    n_neurons: int
    times: tuple[float, ...]
    neurons: tuple[int, ...]


@dataclass(frozen=True)
class ClipSpikes:
    """What a clip of that label fires within `duration_s`, in the time of the sound."""

    label: str
    duration_s: Seconds
    populations: tuple[PopulationSpikes, ...]


def spikes_of_clip(model: Model, examples: Examples[Any], clip: int = 0) -> ClipSpikes | None:
    """The populations of one clip, as they come behind each other; None for a model without spikes."""
    if isinstance(model, Spotter):
        trains = _of_spotter(model, examples, clip)
    elif isinstance(model, ReservoirModel):
        one = (examples.features[clip],), examples.labels[clip : clip + 1]
        heard = model.hear(Examples(*one, examples.front_end))
        trains = {INPUT: heard.encoder[0], RESERVOIR: heard.reservoir[0]}
    else:
        return None
    populations = (
        PopulationSpikes(name, train.n_neurons, tuple(train.times.tolist()), tuple(train.neurons.tolist()))
        for name, train in trains.items()
    )
    label = model.labels[int(examples.labels[clip])]
    return ClipSpikes(label, max(train.duration for train in trains.values()), tuple(populations))


def _of_spotter(model: Spotter, examples: Examples[Any], clip: int) -> dict[str, SpikeTrains]:
    with torch.inference_mode():
        features = examples.pick(0, torch.tensor([clip])).to(model.device)
        found = model.infer(features, torch.Generator().manual_seed(model.seed)).spikes
    names = ("encoder", *(f"hidden{i}" for i in range(1, len(found))))
    return {name: _train(part[0].cpu().numpy(), model.dt) for name, part in zip(names, found, strict=True)}


def _train(fired: np.ndarray, dt: Seconds) -> SpikeTrains:
    """Of `(step, neuron)`, nonzero where one fires."""
    return spike_trains([np.flatnonzero(column) * dt for column in fired.T], len(fired) * dt)

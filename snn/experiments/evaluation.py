"""Accuracy, confusion and the activity that the energy is charged for."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.units import Seconds
from snn.encoders.encoder import LIFEncoder
from snn.experiments.detection import DetectionRates, rates_on_grid
from snn.networks.network_spec import chip_network, network_spec
from snn.networks.spotter import Spotter, SpotterOutput
from snn.neurons.lif import lif_state, lif_step
from snn.neurons.scan import Step, scan
from snn.reference import StepRun, run_brian2
from snn.training.examples import Examples
from snn.training.gradient import EVALUATION_BATCH, score_batches

Engine = Literal["torch", "brian2"]
ENGINES: tuple[Engine, ...] = ("torch", "brian2")
TWIN_CLIPS = 16  # run at once by Brian2, which holds every synapse of every clip
Observed = Iterator[tuple[str, Tensor]]  # name and `(time, batch, neuron)` values of what is counted


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a spotter does on some clips. `confusion[true, told]` counts clips."""

    accuracy: float
    confusion: np.ndarray
    activity: Activity
    synaptic_operations: float
    by_snr: tuple[DetectionRates, ...] = ()  # of voice activity

    def as_dict(self) -> dict[str, Any]:
        """What `snn evaluate --json` prints."""
        by_snr = {"by_snr": [asdict(row) for row in self.by_snr]} if self.by_snr else {}
        return {
            "accuracy": self.accuracy,
            "n_clips": self.activity.n_clips,
            "confusion": self.confusion.tolist(),
            "spikes_per_inference": self.activity.spikes_per_inference,
            "synaptic_operations": self.synaptic_operations,
            **by_snr,
        }


def evaluate(model: Spotter, examples: Examples, *, engine: str = "torch") -> Evaluation:
    """Run every clip as it is; accuracy, confusion matrix and mean activity per inference.

    Args: engine: "torch", or "brian2": the exported network in an independent simulator, in double precision and slow.
    Raises: ValueError for an unknown engine.
    """
    if engine not in ENGINES:
        raise InputError(f"unknown engine {engine!r}; known: {', '.join(ENGINES)}")
    if engine == "brian2":
        told, activity = _by_brian2(model, examples)
    else:
        told, activity = score_batches(model, examples).argmax(-1), measure_activity(model, examples)
    n_labels = model.readout_bias.numel()
    confusion = torch.bincount(examples.labels * n_labels + told, minlength=n_labels**2).view(n_labels, n_labels)
    return Evaluation(
        accuracy=(told == examples.labels).double().mean().item(),
        confusion=confusion.numpy(),
        activity=activity,
        synaptic_operations=activity.synaptic_operations(network_spec(model)),
        by_snr=_by_snr(examples, told),
    )


def _by_snr(examples: Examples, told: Tensor) -> tuple[DetectionRates, ...]:
    """Rates of voice activity, none for other tasks."""
    if examples.snr_db is None:
        return ()
    return rates_on_grid(examples.labels.numpy(), told.cpu().numpy(), examples.snr_db.numpy())


def measure_activity(model: Spotter, examples: Examples) -> Activity:
    """Mean spikes, time near threshold and encoder charge of one inference, per neuron."""
    model.eval()
    window = model.recipe.neuron.circuit().crowbar_window
    generator = torch.Generator().manual_seed(model.recipe.training.seed)
    with torch.inference_mode():
        parts = examples.features[0].split(EVALUATION_BATCH)
        observed = (_observe(model, part.to(model.device), window, generator) for part in parts)
        return _mean(len(examples), observed, model.dt, window)


def _mean(n_clips: int, batches: Iterable[Observed], dt: Seconds, window: float) -> Activity:
    """The activity of one inference, from what was observed in all."""
    sums: dict[str, Tensor] = {}
    n_steps = 0
    for batch in batches:
        for name, value in batch:
            n_steps = len(value)
            total = value.sum((0, 1), dtype=torch.float64)
            sums[name] = sums[name] + total if name in sums else total
    mean = {name: (total / n_clips).cpu().numpy() for name, total in sums.items()}
    return Activity(
        n_clips=n_clips,
        duration=n_steps * dt,
        spikes={name.removeprefix("spikes."): value for name, value in mean.items() if name.startswith("spikes.")},
        near_threshold={name.removeprefix("near."): value * dt for name, value in mean.items() if "near." in name},
        window=window,
        input_spikes=mean.get("input", np.zeros(0)),
        encoder_charge=mean.get("charge", np.zeros(0)),
    )


def _by_brian2(model: Spotter, examples: Examples) -> tuple[Tensor, Activity]:
    """The label told for every clip, and the activity, of the network as exported."""
    model.eval()
    chip = chip_network(model)
    window = chip.circuit.crowbar_window
    generator = torch.Generator().manual_seed(model.recipe.training.seed)
    told, observed = [], []
    for features in examples.features[0].split(EVALUATION_BATCH):  # as above, so that a rate encoder draws the same
        signal = features.to(model.device).transpose(0, 1)
        with torch.inference_mode():
            x = signal if isinstance(model.encoder, LIFEncoder) else model.encoder(signal, generator)
        for inputs in x.double().cpu().split(TWIN_CLIPS, 1):
            twin = run_brian2(chip, inputs.numpy())
            readout = torch.from_numpy(twin.potential[chip.network.layers[-1].name])
            told.append(SpotterOutput(readout, ()).log_scores.argmax(-1))
            observed.append(_observe_twin(chip.network, inputs.numpy(), twin, window))
    return torch.cat(told), _mean(len(examples), observed, model.dt, window)


def _observe_twin(spec: NetworkSpec, inputs: np.ndarray, twin: StepRun, window: float) -> Observed:
    """Name and `(time, batch, neuron)` values of everything that is counted, for one batch of the twin."""
    first = spec.layers[0]
    drive = inputs @ first.weights + first.bias
    yield ("input", torch.from_numpy(inputs)) if spec.n_external else ("charge", torch.from_numpy(drive).clamp_min(0))
    for layer in (x for x in spec.layers if x.spiking):
        spikes = twin.spikes[layer.name]
        near = (spikes > 0) | (twin.potential[layer.name] > layer.v_threshold - window)
        yield from ((f"spikes.{layer.name}", torch.from_numpy(spikes)), (f"near.{layer.name}", torch.from_numpy(near)))


def _observe(model: Spotter, features: Tensor, window: float, generator: torch.Generator) -> Observed:
    """Name and `(time, batch, neuron)` values of everything that is counted, for one batch."""
    signal = features.transpose(0, 1)
    if isinstance(model.encoder, LIFEncoder):
        drive, params = model.encoder.drive(signal), model.encoder.params()
        yield "charge", (drive * (1 - params.alpha)).clamp_min(0)  # a sink draws nothing from the supply
        start = lif_state(signal.shape[1], model.encoder.bias)
        x, near = scan(_watched(lif_step, window), drive, start, params)[0].unbind(-1)
        yield from (("spikes.encoder", x), ("near.encoder", near))
    else:
        x = model.encoder(signal, generator)
        yield "input", x
    for index, layer in enumerate(model.layers, 1):
        step, start = _watched(layer.step, window), layer.start(x.shape[1])
        x, near = scan(step, layer.drive(x), start, layer.params(), layer.recurrent)[0].unbind(-1)
        yield from ((f"spikes.hidden{index}", x), (f"near.hidden{index}", near))


def _watched(step: Step, window: float) -> Step:
    """The same step, with a second output: 1 where it ends in the crowbar window or in a spike."""

    def watched(drive: Tensor, state, params) -> tuple[Float[Tensor, "batch neuron two"], object]:
        spikes, state = step(drive, state, params)
        near = (spikes > 0) | (state.v > params.v_threshold - window)
        return torch.stack((spikes, near.to(spikes.dtype)), -1), state

    return watched

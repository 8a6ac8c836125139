"""What the network of a run takes, as NumPy: of its test clips, and of training clips to calibrate a chip on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from snn.audio.examples import Examples, load_examples
from snn.experiments.model import Model
from snn.experiments.read_clips import open_data
from snn.experiments.run_folder import Run
from snn.networks.answers import log_scores
from snn.networks.spiking_model import SpikingModel
from snn.networks.trained_network import EVALUATION_BATCH
from snn.reporter import Reporter

CALIBRATION = 256  # training clips. ASSUMED: a few hundred do


def calibration_clips(run: Run, reporter: Reporter = Reporter()) -> Examples[Any]:
    """Training clips as they are, evenly spaced over all. Raises: where they are gone."""
    clips = open_data(run.recipe, run.data).split("train")
    chosen = [clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, CALIBRATION).astype(int))]
    return load_examples(
        chosen,
        run.model.front_end,
        bad_files=run.recipe.data.bad_files,
        on_clip=lambda done, total: reporter.on_stage("reading clips to calibrate on", done, total),
    )


def network_inputs(model: Model, examples: Examples[Any]) -> Iterator[np.ndarray]:
    """Features, or the spikes that an encoder without neurons makes of them: `(clip, frame or step, channel)`.

    In the batches of the model's own evaluation, since what a rate encoder draws for a clip depends on them.
    """
    spiking = isinstance(model, SpikingModel)
    generator = torch.Generator().manual_seed(model.seed) if spiking else None  # a rate encoder draws from it
    for features in examples.in_turn(EVALUATION_BATCH):
        x = model.inputs(features, generator).transpose(0, 1) if spiking else features
        yield x.detach().double().numpy()


def scores_of(outputs: np.ndarray, spiking: bool) -> np.ndarray:
    """ln of the scores of each label, `(clip, label)`, of a readout's potentials in thresholds, or of logits."""
    if spiking:
        return log_scores(torch.from_numpy(outputs)).numpy()
    return torch.from_numpy(outputs.reshape(len(outputs), -1)).log_softmax(-1).numpy()

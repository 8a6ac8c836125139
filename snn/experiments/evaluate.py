"""Accuracy, confusion and the activity that the energy is charged for."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.spec import VALUE_KINDS
from snn.audio.examples import Examples
from snn.audio.front_end import require_same
from snn.data.corpora.corpus import with_labels
from snn.data.corpora.open_corpus import open_corpus
from snn.experiments.detection import DetectionRates, rates_on_grid
from snn.experiments.model import Model
from snn.experiments.read_clips import read_clips
from snn.experiments.run_folder import Run, own_test_differs, require_own_test
from snn.kernels.checks import require_labels
from snn.kernels.threads import denormals_flushed
from snn.networks.answers import Answers
from snn.reporter import Reporter
from snn.torch_device import choose_device


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model does on some clips. `confusion[true, predicted]` counts clips.

    `readouts`: the accuracy of further readouts, that of the one which learns on chip for instance. `macs`: products
    of a weight and a value in one inference of a conventional network, None of one that spikes.
    """

    accuracy: float
    confusion: np.ndarray
    activity: Activity
    synaptic_operations: float
    by_snr: tuple[DetectionRates, ...] = ()  # of voice activity
    readouts: dict[str, float] = field(default_factory=dict)
    macs: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """What `snn evaluate --json` prints."""
        by_snr = {"by_snr": [asdict(row) for row in self.by_snr]} if self.by_snr else {}
        return {
            "accuracy": self.accuracy,
            **{f"{name}_accuracy": accuracy for name, accuracy in self.readouts.items()},
            "n_clips": self.activity.n_clips,
            "confusion": self.confusion.tolist(),
            "spikes_per_inference": self.activity.spikes_per_inference,
            "synaptic_operations": self.synaptic_operations,
            **({} if self.macs is None else {"macs": self.macs}),
            **by_snr,
        }


def evaluate(
    model: Model, examples: Examples[Any], *, engine: str | None = None, reporter: Reporter = Reporter()
) -> Evaluation:
    """Run every clip as it is; accuracy, confusion matrix and mean activity per inference.

    Args: engine: one of the model's; None: the first. A spotter has "torch", and "brian2": the exported network in an
        independent simulator, in double precision and slow.
    Raises: InputError for an unknown engine, or examples of another front end than the model was trained with.
    """
    if None not in (model.front_end, examples.front_end):
        require_same(model.front_end, examples.front_end)
    _require_engine(model, engine)
    return assess(model, examples, model.run(examples, engine or model.engines[0], reporter))


def _require_engine(model: Model, engine: str | None) -> None:
    if engine not in (None, *model.engines):
        known = ", ".join(model.engines)
        raise InputError(f"unknown engine {engine!r}; known: {known} (of this kind of model); or leave out --engine")


def assess(model: Model, examples: Examples[Any], answers: Answers) -> Evaluation:
    """How good the answers to some clips are, and what they took."""
    labels, predicted, n_labels = examples.labels.numpy(), answers.predicted, len(model.labels)
    require_labels(examples.labels, n_labels)
    network = model.network()
    confusion = np.bincount(labels * n_labels + predicted, minlength=n_labels**2).reshape(n_labels, n_labels)
    return Evaluation(
        accuracy=float(np.mean(predicted == labels)),
        confusion=confusion,
        activity=answers.activity,
        synaptic_operations=answers.activity.synaptic_operations(network),
        by_snr=() if examples.snr_db is None else rates_on_grid(labels, predicted, examples.snr_db),
        readouts={name: float(np.mean(answer == labels)) for name, answer in answers.readouts.items()},
        macs=network.n_macs if network.layers[-1].kind in VALUE_KINDS else None,
    )


def is_own(run: Run, data: str | Path) -> bool:
    """Whether recordings are those that the run was tested on, by whichever name or path they are reached."""
    with suppress(InputError):
        settings = run.recipe.data
        there = open_corpus(data, task=settings.task, split=settings.split, to_train=False)
        return there.source == run.data or not own_test_differs(run.folder, there)
    return False


@denormals_flushed()
def evaluate_run(
    run: Run,
    data: str | Path | None = None,
    split: str | None = None,
    reporter: Reporter = Reporter(),
    *,
    device: str = "auto",
    engine: str | None = None,
) -> Evaluation:
    """Evaluate a run on its own test split, or on another split or corpus whose words it knows.

    `split` is "official", "speaker:NAME" or "all"; None takes the run's own, or all clips of another corpus. Words
    that the run was not trained on are left out, with a note. The run's model moves to `device`: auto, cpu or cuda.
    `engine` is that of `evaluate`.
    Raises: InputError if it knows none of the words.
    """
    where = choose_device(device)
    _require_engine(run.model, engine)
    examples = clips_to_test(run, data, split, reporter)
    return evaluate(run.model.to(where), examples, engine=engine, reporter=reporter)


def clips_to_test(
    run: Run, data: str | Path | None, split: str | None, reporter: Reporter = Reporter()
) -> Examples[Any]:
    """The clips that a run is evaluated on, as its model hears them. Args, raises: as `evaluate_run`."""
    own = data is None or is_own(run, data)
    voice = run.recipe.data.task == "voice"  # which makes of every corpus the same labels, and of its test a grid
    chosen = split or (run.recipe.data.split if own else "official" if voice else "all")
    task = run.recipe.data.task if own or voice else None
    there = open_corpus(data or run.data, task=task, split=chosen, to_train=False)
    if own and chosen == run.recipe.data.split:
        require_own_test(run.folder, there)
    corpus, strange = with_labels(there, run.labels)
    for line in corpus.notes:
        reporter.on_note(line)
    if strange:
        reporter.on_note(f"left out words that {run.folder} was not trained on: {', '.join(strange)}")
    if not own:
        reporter.on_note(f"{len(corpus.split('test'))} clips of {corpus.name}, split {chosen}")
    return read_clips(run.recipe, corpus, "test", run.model.front_end, reporter)

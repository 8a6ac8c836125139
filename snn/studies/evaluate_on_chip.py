"""A run as a chip computes it; of a digital one its accuracy in whole numbers, and whether its program agrees."""

from pathlib import Path
from typing import Any

import numpy as np

from circuits.accelerator.executor import BATCH, execute
from circuits.accelerator.program import Program
from circuits.chips import Chip, load_chip
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.quantised.integer_run import run_integers
from snn.audio.examples import Examples
from snn.experiments.evaluate import Evaluation, clips_to_test, evaluate
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.evaluate_on_silicon import Pieces, evaluate_on_silicon, require_pieces, require_steps
from snn.studies.integer_run_of import IntegerRun, integer_run
from snn.torch_device import choose_device

ONE_FRESH = Pieces()
BITS = 8  # of the weights and values of `circuits.quantised`


def evaluate_on_chip(
    run: Run,
    chip: str,
    data: str | Path | None = None,
    split: str | None = None,
    reporter: Reporter = Reporter(),
    pieces: Pieces = ONE_FRESH,
) -> dict[str, Any]:
    """The network as trained and as the chip computes it on the same clips: what `snn evaluate --chip --json` prints.

    In whole numbers its program too; of other chips several `pieces`, fresh or aged, as `require_pieces` has it.
    Raises: MappingError for a network that does not fit; InputError for pieces that could not differ.
    """
    technology = load_chip(chip, run.model.chip())
    require_pieces(technology, pieces)
    if getattr(technology, "integer_bits", None) is None:
        if broken := technology.check(run.network()):
            raise MappingError(broken)
        require_steps(run)  # before the clips are read
        examples = clips_to_test(run, data, split, reporter)
        return evaluate_on_silicon(run, technology, examples, pieces, reporter)
    if (bits := technology.integer_bits) != BITS:
        raise InputError(
            f"{technology.name} computes with {bits} bits, whole numbers here have {BITS}; evaluate on 8 bits"
        )
    if broken := technology.check(run.network()):
        raise MappingError(broken)
    examples = clips_to_test(run, data, split, reporter)
    whole = integer_run(run, reporter)
    program = technology.program(whole.network, _steps(whole, examples)) if hasattr(technology, "program") else None
    outputs, n_equal = _outputs(whole, examples, program, reporter)
    float_found = evaluate(run.model.to(choose_device("cpu")), examples, reporter=reporter)
    predicted = whole.scores(outputs).argmax(axis=1)
    told = _told(technology.name, run, float_found, examples.labels.numpy(), predicted, program, n_equal)
    return told | _memory(technology, run)


def _memory(technology: Chip, run: Run) -> dict[str, Any]:
    """Bytes of weights, activations and state, where the chip has a budget for them."""
    if (budget := getattr(technology, "budget_bytes", None)) is None:
        return {}
    used = technology.place(run.network()).memory
    return {"memory_bytes": used, "budget_bytes": budget, "in_budget": used <= budget}


def _steps(whole: IntegerRun, examples: Examples[Any]) -> int:
    """Time steps of a clip."""
    return next(whole.inputs(examples, 1)).shape[1] if whole.network.spiking else 1


def _outputs(
    whole: IntegerRun, examples: Examples[Any], program: Program | None, reporter: Reporter
) -> tuple[np.ndarray, int]:
    """Whole outputs of all clips, and of how many clips the program's are equal bit for bit."""
    outputs, n_equal = [], 0
    for x in whole.inputs(examples, BATCH):
        expected = run_integers(whole.network, x)
        if program is not None:
            found = execute(program, x).reshape(expected.shape)
            n_equal += int((found == expected).reshape(len(x), -1).all(axis=1).sum())
        outputs.append(expected.reshape(len(x), *expected.shape[1:]))
        reporter.on_stage("running clips in whole numbers", sum(map(len, outputs)), len(examples))
    return np.concatenate(outputs), n_equal


def _told(
    chip: str,
    run: Run,
    found: Evaluation,
    labels: np.ndarray,
    predicted: np.ndarray,
    program: Program | None,
    n_equal: int,
) -> dict[str, Any]:
    n_labels, n_clips = len(run.labels), len(labels)
    confusion = np.bincount(labels * n_labels + predicted, minlength=n_labels**2).reshape(n_labels, n_labels)
    accuracy = float(np.mean(predicted == labels))
    exact = {} if program is None else {"bit_exact": n_equal == n_clips, "bit_exact_clips": n_equal}
    return {
        "chip": chip,
        "accuracy": accuracy,
        "float_accuracy": found.accuracy,
        "accuracy_change": accuracy - found.accuracy,
        **exact,
        "n_clips": n_clips,
        "confusion": confusion.tolist(),
        "labels": list(run.labels),
    }

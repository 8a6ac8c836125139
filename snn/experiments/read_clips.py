"""The clips of one split, as a model hears them, with a line for all that was not as it should be."""

from collections.abc import Callable

import numpy as np

from circuits.errors import InputError
from snn.audio.examples import Examples, load_examples
from snn.audio.front_end import FrontEnd, require_fit
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import Split
from snn.recipes.data_section import Head
from snn.reporter import Reporter


def open_data(recipe: Head, data: str) -> Corpus:
    """The corpus that the recipe trains on."""
    return open_corpus(data, task=recipe.data.task, split=recipe.data.split)


def read_clips(
    recipe: Head, corpus: Corpus, split: Split, front_end: FrontEnd, reporter: Reporter = Reporter()
) -> Examples:
    """Features of one split, with altered copies where the recipe asks for them.

    A line for each file that was skipped, and one if clips were cut.
    Raises: InputError where the corpus has no clip there, or is not what the front end takes.
    """
    require_fit(front_end, corpus)
    if not (clips := corpus.split(split)):
        raise InputError(f"{corpus.name} has no {split} clips: too few recordings to split by {corpus.split_rule}")
    augment, copies = recipe.copies(split)
    examples = load_examples(
        clips,
        front_end,
        augment=augment,
        copies=copies,
        seed=recipe.seed,
        bad_files=recipe.data.bad_files,
        on_clip=_progress(reporter, split),
    )
    for line in examples.skipped:
        reporter.on_note(f"skipped {line}")
    if n_cut := n_longer(examples):
        reporter.on_note(
            f"{n_cut} of {len(examples)} {split} clips are longer than the {front_end.duration_s:g} s that the model "
            f"hears (ear.duration_s) and were cut; the longest lasts {np.nanmax(examples.lengths):.3g} s"
        )
    return examples


def n_longer(examples: Examples) -> int:
    """Clips that last longer than the front end listens, by more than a row."""
    front_end = examples.front_end
    return int(np.count_nonzero(examples.lengths > front_end.duration_s + front_end.hop_s))


def _progress(reporter: Reporter, split: Split) -> Callable[[int, int], None]:
    return lambda done, total: reporter.on_stage(f"reading {split} clips", done, total)

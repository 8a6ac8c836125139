"""The soak: rounds of training, evaluating and listening in one process, counted after each."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from census import grown, take

PIECE_S = 10  # seconds of audio between two checkpoints
SEEDS = 2  # the trainings take turns between them
# What the rounds after the warm-up may add. ASSUMED: the C library's heap wavers by a few MiB; the audio of two hours
# is 220, and what each round keeps of an import, a model or its clips passes the bound as well.
MEMORY_MIB = 16.0


@dataclass(frozen=True)
class Work:
    """One piece of each kind. Each returns its numbers in short, or whether they were right."""

    train: Callable[[int], str]  # of a seed
    evaluate: Callable[[], str]
    hear: Callable[[int], bool]  # a piece of audio, counted from 0: whether both streams gave the same


@dataclass(frozen=True)
class Plan:
    pieces: int = 2 * 3600 // PIECE_S
    evaluations: int = 300
    trainings: int = 50

    def share(self, total: int, k: int) -> range:
        """Which of `total` pieces fall to round k; the rounds are the trainings."""
        return range(total * k // self.trainings, total * (k + 1) // self.trainings)


def soak(work: Work, plan: Plan, folder: Path, progress: Callable[[int], object] = lambda k: None) -> dict[str, float]:
    """Counts, and what has grown since the warm-up, the first tenth of the rounds. All files lie in `folder`."""
    wrong, firsts, counted = Counter(), {}, []

    def compare(kind: str, key: object, told: str) -> None:
        wrong[kind] += firsts.setdefault((kind, key), told) != told

    for k in range(plan.trainings):
        compare("training_differs", k % SEEDS, work.train(k % SEEDS))
        for _ in plan.share(plan.evaluations, k):
            compare("evaluation_differs", None, work.evaluate())
        for piece in plan.share(plan.pieces, k):
            wrong["stream_differs"] += not work.hear(piece)
        counted.append(take(folder))
        progress(k + 1)
    warm = max(SEEDS, plan.trainings // 10)
    more = grown(counted[warm - 1], counted[warm:])
    return {
        "hours_of_audio": plan.pieces * PIECE_S / 3600,
        "evaluations": plan.evaluations,
        "trainings": plan.trainings,
        **{kind: wrong[kind] for kind in ("stream_differs", "evaluation_differs", "training_differs")},
        "memory_over": int(more.memory_mib > MEMORY_MIB),
        "open_files_left": max(0, more.open_files),
        "threads_left": max(0, more.threads),
        "files_left": max(0, more.files),
        "memory_grown_mib": round(more.memory_mib, 2),
        "memory_mib": round(counted[-1].memory_mib, 1),
    }


FAILURES = (
    "stream_differs", "evaluation_differs", "training_differs",
    "memory_over", "open_files_left", "threads_left", "files_left",
)  # fmt: skip

"""What every case needs: jobs, what each leaves without a fault, a place to work in, and the judgement afterwards."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import small_disk
from child import End, run
from file_events import watch
from jobs import TWIN, Job
from whole import Files, Verdict, differences, files_below, finished, half_written, unfinished

REFUSED = 2
METRICS, SUCCESSOR = "run/metrics.json", "run/.successor/metrics.json"  # of a run, and of one that takes its place
RUN = ("run/config.toml", METRICS)  # by which a folder says that a finished run lies in it


@dataclass(frozen=True)
class Reference:
    """What a job finds and leaves without a fault, and how many file events that takes."""

    before: Files
    files: Files
    n_events: int

    @property
    def n_bytes(self) -> int:
        """Of what it leaves."""
        return sum(map(len, self.files.values()))


@dataclass(frozen=True)
class Bench:
    """The jobs, and a folder to work in."""

    jobs: dict[str, Job]
    folder: Path
    references: dict[str, Reference] = field(default_factory=dict)

    @property
    def alone(self) -> dict[str, Reference]:
        """What each job leaves, without the twins, which are for pairs."""
        return {name: reference for name, reference in self.references.items() if not name.endswith(TWIN)}

    @contextmanager
    def place(self, job: Job, *, small: bool = False) -> Iterator[Path]:
        """A new place, a disk of its own if `small`, with what lies there before the job."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder, ExitStack() as stack:
            place = Path(folder) / "place"
            place.mkdir()
            if small:
                stack.enter_context(small_disk.disk(place))
            job.prepare(place)
            yield place

    def refer(self, name: str) -> None:
        """Run a job without a fault. Raises: RuntimeError if it fails."""
        job = self.jobs[name]
        with self.place(job) as place:
            before, (reading, writing) = files_below(place), os.pipe()
            ended = run_job(job, place, lambda: watch(place, lambda number: os.write(writing, b".")))
            os.close(writing)
            with os.fdopen(reading, "rb") as pipe:
                n_events = len(pipe.read())
            files = files_below(place)
        if ended.code != 0 or unfinished(files):
            raise RuntimeError(f"{name} fails without a fault: {ended}; it leaves {sorted(files)}")
        self.references[name] = Reference(before, files, n_events)


def run_job(job: Job, place: Path, before: Callable[[], object] = lambda: None) -> End:
    return run(job.at(place), job.environment(place), before)


def judge_fault(job: Job, place: Path, reference: Reference, verdict: Verdict) -> None:
    """What a fault may not do: leave halves, take what was there, or show a part as the whole."""
    files = files_below(place)
    verdict.add("half_written", *half_written(files))
    if not (job.replaces and any(files.get(place) == reference.files[METRICS] for place in (METRICS, SUCCESSOR))):
        kept = {name: files.get(name) for name in reference.before}
        allowed = {} if job.replaces else reference.files
        gone = (name for name, data in kept.items() if data not in (reference.before[name], allowed.get(name)))
        verdict.add("lost", *(f"{name} is not what it was" for name in gone))
    shown = {name: data for name, data in finished(files).items() if job.whole and name.startswith(f"{job.whole}/")}
    if shown:
        wanted = {name: data for name, data in reference.files.items() if name.startswith(f"{job.whole}/")}
        verdict.add("published_partial", *differences(shown, wanted))
    if all(name in files for name in RUN):
        run_files = {name: data for name, data in finished(files).items() if "checkpoint" not in name}
        if run_files != reference.before:
            verdict.add("published_partial", *differences(run_files, reference.files))


def judge_repeat(job: Job, place: Path, reference: Reference, verdict: Verdict) -> None:
    """The user repeats the command: it ends with what it leaves without a fault, and nothing else."""
    resumable = any(name.endswith("checkpoint.safetensors") for name in finished(files_below(place)))
    for number, command in enumerate(job.repeats):
        ended = run(job.at(place, command), job.environment(place))
        if ended.code != REFUSED:
            break
        if resumable and number == 0:
            verdict.add("lost", f"what was trained is refused: {ended}")
    if ended.code != 0:
        verdict.add("resume_differs", f"repeated, it ends with {ended}")
    files = files_below(place)
    verdict.add("resume_differs", *(f"repeated, {line}" for line in differences(files, reference.files)))
    verdict.add("left_over", *(f"repeated, {name} is left" for name in unfinished(files)))

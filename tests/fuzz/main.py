"""Ten thousand hostile inputs over all readers of the product: what is refused well, what is let in, what falls.

    python tests/fuzz/main.py --seed 0 --inputs 10000 [--json] [--only INDEX] [--findings FILE]

Prints one JSON object of counts; names each input that failed on standard error, to be repeated with --only. Exit code
1 where one did. Each input may take 256 MiB above what the process held, and 5 s and 2 s a MiB.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

from outcome import BAD, GOOD
from pool import Found, run


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    asked = _asked(arguments)
    indices = range(asked.inputs) if asked.only is None else [asked.only]
    with tempfile.TemporaryDirectory(prefix="tunnelspike-fuzz-") as folder:
        seeds = asked.seeds or Path(folder) / "seeds"
        if not seeds.is_dir():
            from seeds import make_seeds  # which trains two models

            make_seeds(seeds)
        about = asked.table, seeds, asked.seed, asked.seconds
        results = run(indices, Path(folder) / "scratch", asked.workers, *about)
        found = list(_told(results, len(indices), asked.json))
    counts = Counter(one.kind for one in found)
    sys.stdout.write(json.dumps({"seed": asked.seed, "inputs": len(found)} | {k: counts[k] for k in GOOD + BAD}) + "\n")
    if asked.findings:
        asked.findings.write_text(_grouped(found), encoding="utf-8")
    return int(any(counts[kind] for kind in BAD))


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--only", type=int, help="index of one input to repeat")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="for any input; each MiB of it has 2 more")
    parser.add_argument("--json", action="store_true", help="nothing on standard error but what failed")
    parser.add_argument("--findings", type=Path, help="file for the failures, grouped")
    parser.add_argument("--table", default="readers", help="module that holds READERS")
    parser.add_argument("--seeds", type=Path, help="folder of valid files; made there if it is not")
    return parser.parse_args(arguments)


def _told(results: Iterable[Found], n_inputs: int, quiet: bool) -> Iterable[Found]:
    """Each result, after its line on standard error where it failed."""
    started = monotonic()
    for n, one in enumerate(results, 1):
        if one.kind in BAD or n_inputs == 1:
            sys.stderr.write(f"{one.kind} --only {one.index}  {one.name}: {one.detail}\n")
        if not quiet and n % 500 == 0:
            sys.stderr.write(f"{n} of {n_inputs} inputs in {monotonic() - started:.0f} s\n")
        yield one


def _grouped(found: Iterable[Found]) -> str:
    """The failures as Markdown: by kind and reader, the most first, with up to four examples each."""
    groups: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        if one.kind in BAD:
            groups.setdefault((one.kind, one.name.partition(":")[0]), []).append(one)
    lines = []
    for (kind, reader), members in sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]))):
        lines.append(f"## {kind}, {reader}: {len(members)}")
        lines += [f"- `--only {one.index}` {one.name.partition(': ')[2]}: {one.detail}" for one in members[:4]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())

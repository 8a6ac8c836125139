"""A program on the accelerator as RTL: what it leaves in DRAM, and its cycles, in whatever simulator there is."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from circuits.accelerator.rtl.amaranth_run import run_in_amaranth
from circuits.accelerator.rtl.bench_of_program import BENCH, BenchRun, bench_text
from circuits.accelerator.rtl.simulators import find_simulator, simulate
from circuits.accelerator.rtl.verilog import accelerator_verilog
from circuits.errors import WorkError
from circuits.storage import scratch_folder, write_text


@dataclass(frozen=True, eq=False)
class RtlResult:
    """Whether the bench passed, the bytes at its address, its cycles (None where it never ended), and its words."""

    passed: bool
    output: np.ndarray  # uint8
    cycles: int | None
    text: str


def run_rtl(run: BenchRun, simulator: str | None = None, timeout_s: float = 600) -> RtlResult:
    """Run a program in `simulator`: icarus, verilator or amaranth; None takes the first of them that is installed.

    Raises:  InputError, MissingInputError, WorkError: as `simulators.simulate`.
    """
    simulator = simulator or find_simulator() or "amaranth"
    if simulator == "amaranth":
        output, cycles = run_in_amaranth(run)
        same = np.array_equal(output, run.expected) and cycles is not None and run.cycles in (None, cycles)
        return RtlResult(same, output, cycles, f"{cycles} cycles in Amaranth's simulator")
    with scratch_folder() as folder:
        for name, text in rtl_texts(run).items():
            write_text(folder / name, text)
        status, text = simulate(folder, BENCH, simulator, timeout_s, ("dump",))
        return RtlResult(status == 0, _output(folder, text), _cycles(text), text)


def rtl_texts(run: BenchRun) -> dict[str, str]:
    """accelerator.v, bench.v and the files that the bench reads."""
    return {"accelerator.v": accelerator_verilog(run.machine), "bench.v": bench_text(run), **run.memory_files()}


def _output(folder: Path, text: str) -> np.ndarray:
    path = folder / "output.hex"
    if not path.is_file():
        raise WorkError(f"the bench of the accelerator left no output: {text.strip()[-300:]}")
    words = re.sub(r"//.*|@\w+", "", path.read_text(encoding="ascii")).split()
    return np.array([-1 if "x" in word else int(word, 16) for word in words], np.int16)


def _cycles(text: str) -> int | None:
    found = re.search(r"(\d+) cycles, \d+ bytes compared", text)
    return None if found is None else int(found[1])

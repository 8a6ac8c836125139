"""Everything that a digital team gets of a compiled network: Verilog, a bench that checks itself, and what it reads."""

import numpy as np

from circuits.accelerator.cycles import schedule
from circuits.accelerator.encoding import encode
from circuits.accelerator.executor import execute
from circuits.accelerator.program import Program
from circuits.accelerator.rtl.bench_of_program import BENCH, BenchRun
from circuits.accelerator.rtl.program_run import rtl_texts
from circuits.errors import InputError, shown

SHEET = "README.txt"


def bench_run(program: Program, x: np.ndarray) -> BenchRun:
    """One clip `(1, ...)` of whole inputs: DRAM before it, and what the executor says of outputs and cycles.

    Raises: InputError as `execute`, and for more than one clip.
    """
    if len(x) != 1:
        raise InputError(f"a bench runs one clip, got {len(x)}; choose one of them")
    expected, image = execute(program, x), np.zeros(program.dram_bytes, np.uint8)
    image[program.constants :] = program.image
    _put(image, program.input.address, x, program.input.dtype)
    told = np.ascontiguousarray(expected.astype(program.output.dtype)).reshape(-1).view(np.uint8)
    cycles = schedule(program).cycles
    return BenchRun(program.machine, encode(program.instructions), image, program.output.address, told, cycles)


def _put(image: np.ndarray, address: int, values: np.ndarray, dtype: str) -> None:
    data = np.ascontiguousarray(values.astype(dtype)).reshape(-1).view(np.uint8)
    image[address : address + len(data)] = data


def rtl_files(program: Program, x: np.ndarray) -> dict[str, str]:
    """Texts by file name: accelerator.v, bench.v, program.hex, dram.hex, expected.hex, README.txt.

    The same program and clip give the same texts. Raises: as `bench_run`; InputError for memories that have no RTL.
    """
    run = bench_run(program, x)
    return rtl_texts(run) | {SHEET: _sheet(program, run)}


def _sheet(program: Program, run: BenchRun) -> str:
    machine = program.machine
    sizes = ", ".join(f"{name} {value}" for name, value in vars(machine).items())
    return _SHEET.format(
        name=" ".join(shown(program.name).split())[:80], sizes=sizes, bench=BENCH, latency=machine.dram_latency,
        instructions=run.n_instructions, cycles=run.cycles, checked=len(run.expected), address=run.address,
    )  # fmt: skip


_SHEET = """\
Network {name} on a systolic accelerator, as RTL

accelerator.v   the accelerator, module accelerator: {sizes}
bench.v         module {bench}: DRAM and program memory around it, and the comparison
program.hex     {instructions} instructions of 256 bits
dram.hex        DRAM before the run: inputs of one clip, then weights and parameters
expected.hex    the {checked} bytes that must lie at byte {address} behind it

Run it where these files are; it prints PASS and ends with status 0, or FAIL with what differs, and not 0:

  iverilog -g2012 -s {bench} -o run accelerator.v bench.v && vvp -n run
  verilator --binary --timing -Wno-fatal -Wno-lint -Wno-style --top-module {bench} -o run accelerator.v bench.v \\
    && obj_dir/run

Expected: {cycles} cycles. Memories are plain registers here: replace the modules of the memories by macros for silicon.
Behavioural timing of DRAM: one request a cycle, answered {latency} cycles later.
"""

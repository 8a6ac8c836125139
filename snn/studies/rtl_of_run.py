"""A run as RTL: the accelerator in Verilog, its program, and a bench that runs one clip and checks itself."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from circuits.accelerator.rtl.bench_of_program import BENCH
from circuits.accelerator.rtl.rtl_export import rtl_files
from circuits.accelerator.rtl.simulators import SIMULATORS, simulate
from circuits.accelerator.rtl.simulators import find_simulator as any_simulator
from circuits.storage import scratch_folder, write_text
from circuits.units import Seconds
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.compiled_run import require_program
from snn.studies.integer_run_of import integer_run

SKIPPED = "skipped: no Verilog simulator is on the PATH; install one (Debian: apt-get install iverilog)"


def rtl_of_run(run: Run, chip: str, reporter: Reporter = Reporter()) -> dict[str, str]:
    """Texts by file name; the bench hears the first of the training clips that the numbers were calibrated on.

    Raises: as `compile_run`; InputError where Amaranth is not installed, or a memory has no RTL.
    """
    technology = require_program(run, chip)
    whole = integer_run(run, reporter)
    reporter.on_stage("writing Verilog", 0, 0)
    steps = whole.network.shape_in[0] if whole.network.spiking else 1
    return rtl_files(technology.program(whole.network, steps), np.asarray(whole.first_clip))


def verify_rtl(texts: dict[str, str], timeout_s: Seconds) -> dict[str, Any]:
    """Run the bench in Verilator, or where that is absent in Icarus: what `snn export --verify` prints.

    Raises: WorkError where it does not compile, or takes longer than `timeout_s`.
    """
    simulator = _fastest()
    if simulator is None:
        return {"passed": None, "verification": SKIPPED}
    with scratch_folder() as folder:
        for name, text in texts.items():
            write_text(Path(folder) / name, text)
        status, output = simulate(Path(folder), BENCH, simulator, timeout_s)
    lines = [line for line in output.splitlines() if line.startswith(("PASS", "FAIL"))]
    return {"passed": status == 0 and "PASS" in output, "simulator": simulator, "verification": " | ".join(lines)[:400]}


def _fastest() -> str | None:
    compiled, _ = SIMULATORS["verilator"]
    return "verilator" if shutil.which(compiled) else any_simulator()

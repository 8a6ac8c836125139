"""Gates of a piece of hardware: synthesis by Yosys, into gates of CMOS without full adders."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from amaranth.hdl import Elaboratable

from circuits.accelerator.rtl.verilog import verilog_of
from circuits.errors import MissingInputError, WorkError
from circuits.processes import run_child
from circuits.storage import scratch_folder, write_text

# Products stay apart from the sum they are added to: in one tree of adders their signs would be 32 bits long. First
# values of registers are of the simulation only.
_SCRIPT = """\
read_verilog part.v
hierarchy -top {name}
proc
flatten
setattr -unset init w:*
synth -noalumacc -flatten -top {name}
dfflegalize -cell $_DFF_P_ x
abc -g NAND,NOR,XOR,XNOR,AOI3,OAI3,AOI4,OAI4,MUX
opt_clean
stat -tech cmos
"""
TIMEOUT_S = 600


@dataclass(frozen=True)
class GateCount:
    """Cells by Yosys's names, transistors as it estimates them, the version, and all that `stat` printed."""

    cells: dict[str, int]
    transistors: int
    version: str
    text: str


def count_cells(part: Elaboratable, name: str) -> GateCount:
    """The gates of a piece of hardware.

    Raises: MissingInputError where Yosys is not installed; WorkError where it fails.
    """
    if not shutil.which("yosys"):
        raise MissingInputError("yosys is not on the PATH; install it (Debian: apt-get install yosys)")
    with scratch_folder() as folder:
        write_text(folder / "part.v", verilog_of(part, name))
        write_text(folder / "count.ys", _SCRIPT.format(name=name))
        try:
            status, output = run_child(["yosys", "count.ys"], TIMEOUT_S, folder)
        except subprocess.TimeoutExpired as error:
            raise WorkError(f"yosys took longer than {TIMEOUT_S} s on {name}; count a smaller part") from error
    text = output.decode(errors="replace")
    found = re.search(r"Estimated number of transistors:\s+(\d+)", text)
    if status or found is None:
        raise WorkError(f"yosys failed on {name} (status {status}): {text.strip()[-300:]}")
    told = text[text.rindex("Printing statistics") :]
    cells = {cell: int(n) for cell, n in re.findall(r"\$_(\w+)_\s+(\d+)", told)}
    return GateCount(cells, int(found[1]), re.search(r"Yosys (\d\S*)", text)[1], told)

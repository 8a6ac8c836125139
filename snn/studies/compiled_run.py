"""A run as a program of the accelerator: instructions, cycles and what leaves as files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from circuits.accelerator.assembler import MNEMONICS, disassemble
from circuits.accelerator.cycles import schedule
from circuits.accelerator.encoding import encode
from circuits.accelerator.layer_counts import layer_counts
from circuits.accelerator.program import Program
from circuits.chips import load_chip
from circuits.chips.digital_systolic import DigitalSystolic
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.storage import write_atomically, write_text
from circuits.tables import did_you_mean
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.integer_run_of import integer_run

FILES = PROGRAM, LISTING, IMAGE, LAYOUT = "program.bin", "program.asm", "constants.bin", "layout.json"


@dataclass(frozen=True, eq=False)
class CompiledRun:
    """A program and the chip that it is for."""

    chip: str
    program: Program

    def listing(self, layer: str | None = None) -> str:
        """As text, of one layer or all; each line says its layer. Raises: InputError for a layer that is not there."""
        names = [work.name for work in self.program.works]
        if layer is not None and layer not in names:
            raise InputError(f"no layer {layer!r}{did_you_mean(layer, names)}; there are {', '.join(names)}")
        pairs = zip(self.program.instructions, self.program.remarks(), strict=True)
        kept = [(one, name) for one, name in pairs if layer in (None, name)]
        return disassemble([one for one, _ in kept], [name for _, name in kept])

    def as_dict(self) -> dict[str, Any]:
        """What `snn compile --json` prints."""
        program, times = self.program, schedule(self.program)
        counts = layer_counts(program, times)
        rows = [
            {"layer": one.name, "kind": one.kind, "macs": one.macs, "cycles": one.cycles, "stalls": one.stalls,
             "utilisation": one.utilisation(program.machine)}
            for one in counts
        ]  # fmt: skip
        kinds = [type(one).__name__.upper() for one in program.instructions]
        return {
            "chip": self.chip,
            "instructions": len(program.instructions),
            "instructions_by_kind": {name: kinds.count(name) for name in MNEMONICS},
            "program_bytes": len(encode(program.instructions)),
            "constants_bytes": program.n_constants,
            "dram_bytes": program.dram_bytes,
            "cycles": times.cycles,
            "stalls": sum(one.stalls for one in counts),
            "layers": rows,
        }

    def write(self, folder: str | Path) -> list[str]:
        """Program, listing, constants and where input and output lie; each whole or not at all."""
        folder = Path(folder)
        program = self.program
        layout = {
            "input": vars(program.input), "output": vars(program.output),
            "constants": {"address": program.constants, "file": IMAGE}, "machine": vars(program.machine),
        }  # fmt: skip
        binary = {PROGRAM: encode(program.instructions), IMAGE: np.asarray(program.image).tobytes()}
        for name, data in binary.items():
            write_atomically(folder / name, lambda path, data=data: path.write_bytes(data))
        write_text(folder / LISTING, self.listing())
        write_text(folder / LAYOUT, json.dumps(layout, indent=2) + "\n")
        return [str(folder / name) for name in FILES]


def compile_run(run: Run, chip: str, reporter: Reporter = Reporter()) -> CompiledRun:
    """The program of a run, its weights calibrated on clips of its training.

    Raises: MappingError for a network that does not fit; InputError for a chip without instructions.
    """
    technology = require_program(run, chip)
    whole = integer_run(run, reporter)
    steps = whole.network.shape_in[0] if whole.network.spiking else 1
    return CompiledRun(technology.name, technology.program(whole.network, steps))


def require_program(run: Run, chip: str) -> DigitalSystolic:
    """The chip, if it runs programs and holds the run. Raises: as `compile_run`."""
    technology = load_chip(chip)
    if not isinstance(technology, DigitalSystolic):
        raise InputError(f"{technology.name} runs no program; give --chip digital-systolic, or a file of that kind")
    if broken := technology.check(run.network()):
        raise MappingError(broken)
    return technology

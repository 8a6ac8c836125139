"""Well-known networks on the digital accelerator: compiled by their shapes, priced by the program's counts."""

from dataclasses import dataclass

from circuits.accelerator.compiler import compile_works
from circuits.accelerator.layer_work import works_of_shapes
from circuits.chips import load_chip
from circuits.chips.digital_systolic import DigitalSystolic
from circuits.errors import InputError
from circuits.literature.workload_table import WorkloadCost
from circuits.literature.workloads import Workload


@dataclass(frozen=True)
class DigitalWorkloads:
    """A chip that knows what a network costs by its shapes; see `WorkloadChip`."""

    chip: DigitalSystolic

    @property
    def name(self) -> str:
        return self.chip.name

    def cost(self, network: Workload) -> WorkloadCost:
        """Cycles, time and energy of one inference of 8 bits, without what the compiler lacks.

        Raises: MappingError or InputError for a network that the chip cannot hold.
        """
        program = compile_works(network.name, works_of_shapes(network.layers), self.chip.machine)
        report = self.chip.cost(program)
        return WorkloadCost(report.cycles, report.latency_s, report.ledger.total)


def workloads_on(chip: str) -> DigitalWorkloads:
    """The chip of that name or file. Raises: InputError for one of another kind."""
    found = load_chip(chip)
    if not isinstance(found, DigitalSystolic):
        raise InputError(f"{found.name} runs no program, and needs trained weights; give --chip digital-systolic")
    return DigitalWorkloads(found)

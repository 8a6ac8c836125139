"""The whole accelerator: two units, the memories between them, and what hands them instructions."""

from amaranth.hdl import Elaboratable, Module, Signal

from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.rtl.computer import Computer
from circuits.accelerator.rtl.controller import Controller
from circuits.accelerator.rtl.lane_memory import LaneMemory, lanes_for
from circuits.accelerator.rtl.mover import Mover
from circuits.errors import InputError


class AcceleratorCore(Elaboratable):
    """What `machine` describes, after `require_lanes`. Its program and its DRAM are outside: `program_*`, `dram_*`."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.memories = {
            memory: LaneMemory(machine.size(memory), lanes, memory.name.lower())
            for memory, lanes in _lanes(machine).items()
            if machine.size(memory)
        }
        self.controller = Controller(machine)
        computer_ports = {memory.name.lower(): storage.computer for memory, storage in self.memories.items()}
        self.computer = Computer(machine, computer_ports)
        self.mover = Mover(machine, {memory: storage.mover for memory, storage in self.memories.items()})

    def elaborate(self, platform):
        m = Module()
        controller, computer, mover = self.controller, self.computer, self.mover
        m.submodules.controller, m.submodules.computer, m.submodules.mover = controller, computer, mover
        for memory, storage in self.memories.items():
            m.submodules[memory.name.lower()] = storage
        m.d.comb += [
            controller.mover_busy.eq(mover.busy),
            controller.computer_busy.eq(computer.busy),
            mover.start.eq(controller.start_mover),
            computer.start.eq(controller.start_computer),
            mover.instruction.eq(controller.instruction),
            computer.instruction.eq(controller.instruction),
        ]
        return m

    def ports(self) -> dict[str, Signal]:
        """Program, DRAM, and what a run comes to."""
        names = ("program_address", "program_data", "cycles", "finished")
        of_dram = {f"dram_{name}": signal for name, signal in vars(self.mover.dram).items()}
        return {name: getattr(self.controller, name) for name in names} | of_dram


def require_lanes(machine: Machine) -> None:
    """Raise InputError for a memory whose halves are no whole number of rows of its lanes."""
    for memory, lanes in _lanes(machine).items():
        if machine.size(memory) % (2 * lanes):
            raise InputError(
                f"Machine.{memory.name.lower()} = {machine.size(memory)} bytes: its RTL has {lanes} lanes in two "
                f"banks; take a multiple of {2 * lanes}"
            )


def _lanes(machine: Machine) -> dict[Memory, int]:
    """Bytes a cycle of each memory that the mover fills: inputs or potentials, weights, a word a column."""
    words = 4 * machine.columns
    widths = {
        Memory.ACTIVATIONS: max(machine.rows, words),
        Memory.WEIGHTS: machine.columns,
        Memory.PARAMETERS: words,
        Memory.STATE: words,
    }
    return {memory: lanes_for(machine.dram_width, width) for memory, width in widths.items()}

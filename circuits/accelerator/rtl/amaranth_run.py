"""A program in Amaranth's own simulator: slow, and there where no Verilog simulator is."""

import numpy as np
from amaranth.sim import Simulator

from circuits.accelerator.instructions import BYTES
from circuits.accelerator.rtl.accelerator_core import AcceleratorCore, require_lanes
from circuits.accelerator.rtl.bench_of_program import BenchRun


def run_in_amaranth(run: BenchRun) -> tuple[np.ndarray, int | None]:
    """Bytes at the run's address, and the cycles; None where it did not end within its limit."""
    require_lanes(run.machine)
    core, memory = AcceleratorCore(run.machine), np.array(run.dram, np.uint8)
    simulator, ended = Simulator(core), []
    simulator.add_clock(1e-6)

    async def bench(context):
        words = [int.from_bytes(run.program[i : i + BYTES], "little") for i in range(0, len(run.program), BYTES)]
        asked = [None] * (run.machine.dram_latency + 1)
        for _ in range(run.limit + 16):
            number = context.get(core.controller.program_address)
            asked = [_request(context, core.mover.dram), *asked[:-1]]
            _answer(context, core.mover.dram, asked[-1], memory)
            if context.get(core.controller.finished):
                ended.append(context.get(core.controller.cycles))
                return
            await context.tick()
            _serve(asked[-1], memory)
            context.set(core.controller.program_data, words[number] if number < len(words) else 0)

    simulator.add_testbench(bench)
    simulator.run()
    return memory[run.address : run.address + len(run.expected)], ended[0] if ended else None


def _request(context, port) -> tuple[bool, bool, int, int, int]:
    return tuple(context.get(x) for x in (port.read, port.write, port.address, port.count, port.write_data))


def _answer(context, port, request, memory: np.ndarray) -> None:
    """What was asked for `dram_latency` cycles ago is there in this cycle."""
    if request and request[0]:
        _, _, address, count, _ = request
        context.set(port.read_data, int.from_bytes(memory[address : address + count].tobytes(), "little"))


def _serve(request, memory: np.ndarray) -> None:
    """What was sent `dram_latency` cycles ago is there from the next cycle on."""
    if request and request[1]:
        _, _, address, count, data = request
        mask = (1 << 8 * count) - 1
        memory[address : address + count] = np.frombuffer((data & mask).to_bytes(count, "little"), np.uint8)

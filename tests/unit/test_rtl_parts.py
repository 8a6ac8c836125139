"""Parts of the RTL alone: a membrane, a layer of them, a memory in lanes, the banks of an instruction, an element."""

import shutil

import numpy as np
import pytest
from amaranth.sim import Simulator

from circuits.accelerator.accesses import banks
from circuits.accelerator.element_cells import ELEMENT_CELLS, ELEMENT_REGISTER_BITS, ELEMENT_TRANSISTORS, element_gates
from circuits.accelerator.encoding import encode
from circuits.accelerator.instructions import Act, Add, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.rtl.accelerator_core import require_lanes
from circuits.accelerator.rtl.bank_use import BankUse
from circuits.accelerator.rtl.bench_of_layer import LAYER_BENCH, layer_files
from circuits.accelerator.rtl.gate_count import count_cells
from circuits.accelerator.rtl.lane_memory import LaneMemory
from circuits.accelerator.rtl.lif_neuron import PARAMETERS, LifNeuron
from circuits.accelerator.rtl.processing_element import ProcessingElement
from circuits.accelerator.rtl.simulators import find_simulator, simulate
from circuits.accelerator.rtl.spiking_layer import require_small
from circuits.errors import InputError
from circuits.quantised.integers import LARGEST, MembraneLayer, at_rest, membrane_step
from circuits.storage import write_text
from tests.machines import membranes

needs_simulator = pytest.mark.skipif(find_simulator() is None, reason="no Verilog simulator is installed")


def simulated(part, bench) -> None:
    simulator = Simulator(part)
    if not isinstance(part, BankUse):
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def one_membrane(kind: str, words: list[int]) -> MembraneLayer:
    values = np.array(words, np.int32)[:, None]
    return MembraneLayer("one", kind, np.zeros((1, 1), np.int8), None, *values, unit=np.ones(1))


@pytest.mark.parametrize("kind", ["lif", "adaptive_lif", "readout"])
@pytest.mark.parametrize("seed", range(3))
def test_a_neuron_is_the_membrane_of_whole_numbers(kind, seed):
    """Drives at random, some of them so large that both saturate."""
    rng = np.random.default_rng(seed)
    adapts = [int(rng.integers(0, 2**16 + 1)), int(rng.integers(-(2**20), 2**20)), int(rng.integers(0, 2**24))]
    words = [int(rng.integers(-9000, 9000)), int(rng.integers(0, 2**16 + 1)), int(rng.integers(0, 2**26)),
             [-(2**20), -LARGEST, -100][seed], *(adapts if kind != "lif" else [0, 0, 0])]  # fmt: skip
    layer, neuron = one_membrane(kind, words), LifNeuron()
    drives = rng.integers(-(2**31), 2**31, 300) >> rng.integers(0, 31, 300)

    async def bench(context):
        for name, value in zip(PARAMETERS, words, strict=True):
            context.set(neuron.parameters[name], value)
        context.set(neuron.spiking, layer.spiking)
        context.set(neuron.step, 1)
        state = at_rest(1, 1)
        for drive in drives:
            context.set(neuron.drive, int(drive))
            await context.tick()
            out, state = membrane_step(np.array([[drive]]), state, layer)
            assert (context.get(neuron.v), context.get(neuron.w)) == (state.v.item(), state.w.item())
            assert context.get(neuron.spike if layer.spiking else neuron.v) == out.item()

    simulated(neuron, bench)


def test_a_potential_stops_at_the_same_distance_on_both_sides():
    """2^8 drive is -2^31 to the bit, which 32 bits would hold; the least potential is -(2^31 - 1)."""
    neuron, words = LifNeuron(), [0, 0, LARGEST, -(2**31), 0, 0, 0]

    async def bench(context):
        for name, value in zip(PARAMETERS, words, strict=True):
            context.set(neuron.parameters[name], value)
        context.set(neuron.step, 1)
        for drive, v in ((-(2**23), -LARGEST), (2**23, LARGEST), (2**23 - 1, 2**31 - 2**8)):
            context.set(neuron.drive, drive)
            await context.tick()
            assert context.get(neuron.v) == v

    simulated(neuron, bench)


@needs_simulator
@pytest.mark.parametrize(("kind", "recurrent"), [("adaptive_lif", True), ("lif", False), ("readout", False)])
def test_a_layer_by_itself_passes_its_bench_and_a_changed_weight_does_not(tmp_path, kind, recurrent):
    rng = np.random.default_rng(6)
    layer = membranes(rng, "hidden", kind, 20, 6, recurrent=recurrent)
    spikes = rng.integers(0, 2, (50, 20))
    files = layer_files(layer, spikes)
    for name, text in files.items():
        write_text(tmp_path / name, text)
    status, output = simulate(tmp_path, LAYER_BENCH, find_simulator(), 120)
    assert (status, "PASS" in output) == (0, True), output
    if kind != "readout":
        assert len(set(files["expected.hex"].split())) > 5  # they do spike
    layer.weights[:, 2] *= -1
    write_text(tmp_path / "expected.hex", layer_files(layer, spikes)["expected.hex"])
    status, output = simulate(tmp_path, LAYER_BENCH, find_simulator(), 120)
    assert (status != 0, "FAIL" in output) == (True, True)


def test_a_layer_that_has_no_rtl_of_its_own_says_why():
    rng = np.random.default_rng(7)
    with pytest.raises(InputError, match="hears numbers"):
        require_small(membranes(rng, "ear", "encoder", 4, 4))
    with pytest.raises(InputError, match="4160 synapses, at most 4096"):
        require_small(membranes(rng, "big", "lif", 65, 64))
    with pytest.raises(InputError, match=r"takes \(step, 4\) of 0 and 1"):
        layer_files(membranes(rng, "h", "lif", 4, 4), np.full((3, 4), 2))


def test_a_memory_gives_and_takes_neighbours_at_any_address():
    """Two ports at random in different banks, bytes across the middle and around the lanes, beside a plain array."""
    size, lanes, rng = 96, 8, np.random.default_rng(8)
    memory, plain = LaneMemory(size, lanes, "activations"), np.zeros(96, np.uint8)

    def draw(low: int, high: int):
        count = int(rng.integers(1, lanes + 1))
        return int(rng.integers(low, high - count + 1)), count, rng.integers(0, 256, count).astype(np.uint8)

    async def bench(context):
        for turn in range(200):
            alone = turn % 5 == 0
            spans = [(0, size), None] if alone else [(0, 48), (48, 96)][:: (-1) ** turn]
            reads, ports = bool(rng.integers(2)), (memory.computer, memory.mover)
            asked = []
            for port, span in zip(ports, spans, strict=True):
                address, count, data = draw(*span) if span else (0, 1, None)
                context.set(port.read, int(reads and span is not None))
                context.set(port.write, int(not reads and span is not None))
                context.set(port.address, address)
                context.set(port.count, count)
                if span:
                    context.set(port.data_in, int.from_bytes(data.tobytes(), "little"))
                    asked.append((port, address, count, plain[address : address + count].copy()))
                    if not reads:
                        plain[address : address + count] = data
            await context.tick()
            for port, _, count, data in asked if reads else ():
                told = context.get(port.data_out).to_bytes(lanes, "little")[:count]
                assert told == data.tobytes()

    simulated(memory, bench)


def test_memories_that_cannot_be_cut_into_lanes_say_what_to_take():
    sizes = {"rows": 4, "columns": 4, "weights": 256, "parameters": 512, "state": 0, "sums": 32, "dram": 4096}
    with pytest.raises(InputError, match=r"Machine.activations = 500 bytes: .* take a multiple of 32"):
        require_lanes(Machine(activations=500, dram_width=4, dram_latency=5, **sizes))


def test_the_banks_of_an_instruction_are_those_of_the_executor():
    machine = Machine(rows=3, columns=5, activations=512, weights=64, parameters=768, state=128, sums=24, dram=1 << 16,
                      dram_width=3, dram_latency=0)  # fmt: skip
    rng, use = np.random.default_rng(9), BankUse(machine)

    def some(most: int) -> int:
        return int(rng.integers(most))

    def one(kind):
        walk = (1 + some(5), 1 + some(9), 1 + some(9), some(30), some(60))
        return {
            Load: lambda: Load(Memory(some(4)), some(99), some(600), 1 + some(4), 1 + some(40), some(9), some(200)),
            Store: lambda: Store(some(99), some(512), 1 + some(4), 1 + some(40), some(9), some(200)),
            Pad: lambda: Pad(Memory(some(4)), some(600), 1 + some(4), 1 + some(40), some(200)),
            Mac: lambda: Mac(False, True, some(64), some(400), some(24), 1 + some(3), *walk),
            Max: lambda: Max(True, True, some(400), some(24), *walk),
            Add: lambda: Add(True, False, some(400), some(24), *walk),
            Act: lambda: Act(True, some(24), some(768), some(400), *walk),
            Lif: lambda: Lif(
                bool(some(2)), some(24), some(768), some(128), some(400), 1 + some(5), 1 + some(9), some(50)
            ),
        }[kind]()

    async def bench(context):
        for kind in (Load, Store, Pad, Mac, Max, Add, Act, Lif) * 40:
            instruction = one(kind)
            context.set(use.instruction, int.from_bytes(encode([instruction]), "little"))
            await context.delay(1e-9)
            assert context.get(use.banks) == banks(type(instruction), instruction, machine), instruction

    simulated(use, bench)


def test_the_gates_of_an_element_are_those_that_were_measured():
    """Registers by their count; all else again by Yosys, where it is: another version finds a few per cent other."""
    assert ELEMENT_CELLS["DFF_P"] == ELEMENT_REGISTER_BITS == 8 + 9 + 32
    assert element_gates() == ELEMENT_TRANSISTORS / 4
    if not shutil.which("yosys"):
        pytest.skip("yosys is not installed")
    found = count_cells(ProcessingElement(), "processing_element")
    if found.version.startswith("0.23"):
        assert (found.cells, found.transistors) == (ELEMENT_CELLS, ELEMENT_TRANSISTORS)
    assert found.transistors == pytest.approx(ELEMENT_TRANSISTORS, rel=0.2)

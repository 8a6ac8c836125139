"""What a digital team gets of a compiled network: whole, the same each time, and a bench that can fail."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.accelerator.compiler import compile_network
from circuits.accelerator.rtl.bench_of_program import BENCH
from circuits.accelerator.rtl.program_run import run_rtl
from circuits.accelerator.rtl.rtl_export import bench_run, rtl_files
from circuits.accelerator.rtl.simulators import find_simulator, simulate
from circuits.errors import InputError, MissingInputError, WorkError
from circuits.network.convolution import Convolution
from circuits.quantised.integers import IntegerNetwork
from circuits.storage import write_text
from tests.machines import inputs, machine, value_layer

MACHINE = machine(rows=4, columns=4, activations=1024, weights=512, parameters=256, state=0, sums=64, dram_width=4)
HOSTILE = 'x\n*/ `include "secret" \u202e $(rm -rf ~)'


def small(name="small"):
    rng = np.random.default_rng(0)
    layers = (
        value_layer(rng, "conv", "conv", Convolution((3, 10), (3,), (1,), (1,)), 5, signed=True),
        value_layer(rng, "max", "max_pool", Convolution((5, 10), (2,), (2,), (0,), 5), 5),
        value_layer(rng, "out", "dense", fan_in=25, n_out=3, relu=False),
    )
    network = IntegerNetwork(name, layers, 1.0, (10, 3))
    return compile_network(network, MACHINE), inputs(rng, network, 1)


def simulated(folder, files) -> tuple[int, str]:
    if find_simulator() is None:
        pytest.skip("no Verilog simulator is installed")
    for name, text in files.items():
        write_text(folder / name, text)
    return simulate(folder, BENCH, find_simulator(), 300)


def test_files_pass_as_they_are_and_fail_where_one_number_is_changed(tmp_path):
    program, x = small(HOSTILE)
    files = rtl_files(program, x)
    assert set(files) == {"accelerator.v", "bench.v", "program.hex", "dram.hex", "expected.hex", "README.txt"}
    status, output = simulated(tmp_path, files)
    assert (status, output.strip().splitlines()[-1].startswith(("PASS", "- "))) == (0, True), output
    wrong = {
        "expected.hex": f"{int(files['expected.hex'][:2], 16) ^ 1:02x}" + files["expected.hex"][2:],
        "bench.v": files["bench.v"].replace("CYCLES = ", "CYCLES = 1"),
        "program.hex": files["program.hex"].replace("\n", "", 1)[64:],  # without its first LOAD
        "accelerator.v": _without_carry(files["accelerator.v"]),
    }
    for name, text in wrong.items():
        status, output = simulated(tmp_path, files | {name: text})
        assert (status != 0, "FAIL" in output) == (True, True), name


def _without_carry(text: str) -> str:
    """An array whose first element multiplies without signs."""
    changed = text.replace("$signed(x_in) * $signed(weight)", "x_in * weight", 1)
    assert changed != text
    return changed


def test_the_same_files_each_time_and_no_name_gets_out_of_its_line():
    program, x = small(HOSTILE)
    files = rtl_files(program, x)
    assert files == rtl_files(*small(HOSTILE))
    assert all("secret" not in text for name, text in files.items() if name != "README.txt")
    assert "\u202e" not in files["README.txt"]
    assert files["README.txt"].splitlines()[0].endswith("on a systolic accelerator, as RTL")
    assert str(bench_run(program, x).cycles) in files["README.txt"]


def test_what_cannot_be_run_says_why(tmp_path):
    program, x = small()
    with pytest.raises(InputError, match="a bench runs one clip, got 2"):
        rtl_files(program, np.concatenate([x, x]))
    run = bench_run(program, x)
    with pytest.raises(InputError, match="unknown simulator 'modelsim'; known: icarus, verilator"):
        run_rtl(run, "modelsim")
    with pytest.raises(InputError, match="address must be that of"):
        replace(run, address=len(run.dram))
    with pytest.raises(InputError, match="whole instructions of 32 bytes, got 5 bytes"):
        replace(run, program=b"short")
    if find_simulator() == "icarus":
        write_text(tmp_path / "bad.v", "module nothing(;\n")
        with pytest.raises(WorkError, match="iverilog cannot compile"):
            simulate(tmp_path, "nothing", "icarus", 60)


def test_a_simulator_that_is_missing_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_simulator() is None
    with pytest.raises(MissingInputError, match="apt-get install iverilog"):
        simulate(tmp_path, "top", "icarus", 10)

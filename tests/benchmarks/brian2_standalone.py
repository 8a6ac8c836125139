"""The neurons of `circuit_updates.py` in Brian2: built as a C++ program, or run in NumPy for their spike times.

    python tests/benchmarks/brian2_standalone.py build|spikes METHOD THREADS PATH

Everything that is constant is computed before, and without units: what is left is what Brian2 does fastest.
"""

import sys

import brian2 as b2
import numpy as np
from circuit_updates import DT, SAMPLE, STEPS, N, neurons

EQUATIONS = """
u = u_0 - k * v : 1
dv/dt = (p * u * exp(-b / u) - leak * v) / second : 1 (unless refractory)
u_0 : 1 (constant)
b : 1 (constant)
p : 1 (constant)
leak : 1 (constant)
v_threshold : 1 (constant)
"""


def group(n: int, method: str) -> b2.NeuronGroup:
    ours = neurons(N)[:n]
    constants = {"k": ours.body_factor[0], "v_reset": ours.v_reset[0]}
    cells = b2.NeuronGroup(
        n, EQUATIONS, threshold="v > v_threshold", reset="v = v_reset", method=method, namespace=constants,
        refractory=(ours.t_refractory[0] + DT) * b2.second, dt=DT * b2.second,
    )  # fmt: skip
    cells.u_0 = ours.v_ds - ours.v_gs - ours.v_onset
    cells.b, cells.p = ours.v_slope, ours.width * ours.prefactor / ours.c_mem
    cells.leak, cells.v_threshold = ours.g_leak / ours.c_mem, ours.v_threshold
    return cells


def build(method: str, threads: int, folder: str) -> None:
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-O3", "-march=native", "-ffast-math", "-std=c++11"]
    cells = group(N, method)
    network = b2.Network(cells, b2.SpikeMonitor(cells, record=False))
    network.run(STEPS * DT * b2.second, namespace={})
    b2.device.build(directory=folder, compile=True, run=False, with_output=False)


def spikes(method: str, path: str) -> None:
    b2.prefs.codegen.target = "numpy"
    cells = group(SAMPLE, method)
    monitor = b2.SpikeMonitor(cells)
    b2.Network(cells, monitor).run(STEPS * DT * b2.second, namespace={})
    np.savez(path, times=np.asarray(monitor.t / b2.second), neurons=np.asarray(monitor.i))


if __name__ == "__main__":
    task, method, threads, path = sys.argv[1:]
    if task == "build":
        build(method, int(threads), path)
    else:
        spikes(method, path)

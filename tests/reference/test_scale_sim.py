"""Cycles of matrix products beside SCALE-Sim's, weight-stationary (Samajdar et al., arXiv 1811.02883).

It numbers the cycles of a layer from 0 and tells the number of the last one, so a layer takes one more than it prints.
"""

import csv
import os
from pathlib import Path

import pytest

from circuits.accelerator.compiler import compile_works
from circuits.accelerator.cycles import work_of
from circuits.accelerator.instructions import Mac
from circuits.accelerator.layer_work import LayerWork
from tests.machines import machine

scale_sim = pytest.importorskip("scalesim.scale_sim", reason="needs scalesim: pip install scalesim")
SHAPES = [(8, 8, 8), (100, 8, 8), (50, 20, 30), (98, 64, 200), (1, 12, 600), (7, 33, 17)]  # M, N, K of M x K by K x N
CONFIG = """[general]
run_name = products
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {columns}
IfmapSramSzkB: 1024
FilterSramSzkB: 1024
OfmapSramSzkB: 1024
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: ws
Bandwidth: 1000
ReadRequestBuffer: 64
WriteRequestBuffer: 64
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def simulated(folder: Path, rows: int, columns: int) -> list[int]:
    """Cycles of each product."""
    (folder / "array.cfg").write_text(CONFIG.format(rows=rows, columns=columns))
    lines = [f"product{i},{m},{n},{k}," for i, (m, n, k) in enumerate(SHAPES)]
    (folder / "products.csv").write_text("\n".join(["Layer,M,N,K,", *lines, ""]))
    (folder / "layout.csv").write_text("Layer name,\n")
    files = {"config": "array.cfg", "topology": "products.csv", "layout": "layout.csv"}
    run = scale_sim.scalesim(
        save_disk_space=True, input_type_gemm=True, **{k: str(folder / v) for k, v in files.items()}
    )
    run.run_scale(top_path=str(folder / "out"))
    (report,) = (folder / "out").rglob("COMPUTE_REPORT.csv")
    rows_of_report = csv.DictReader(report.read_text().splitlines(), skipinitialspace=True)
    return [1 + int(float(row["Total Cycles"])) for row in rows_of_report]


def ours(rows: int, columns: int) -> list[int]:
    """Cycles of all MACs of each product; one tile goes after the other, as there."""
    large = machine(rows=rows, columns=columns, activations=1 << 20, weights=1 << 20, parameters=1 << 14)
    programs = [compile_works("one", [LayerWork("one", "dense", (1, m), k, n)], large) for m, n, k in SHAPES]
    return [sum(work_of(type(one), one, large) for one in p.instructions if isinstance(one, Mac)) for p in programs]


@pytest.mark.parametrize(("rows", "columns"), [(8, 8), (16, 4), (4, 32)])
def test_cycles_of_matrix_products_are_those_of_scale_sim(tmp_path, rows, columns, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Path(os.devnull).open("w") as quiet:
        monkeypatch.setattr("sys.stdout", quiet)
        expected = simulated(tmp_path, rows, columns)
    assert ours(rows, columns) == expected

"""What the work of a processor near threshold costs, layer by layer: products, bytes, and leak for as long as it takes.

energy = evaluations (products E_mac + bytes read E_read + bytes written E_write) + (P_array + P_memory) time
"""

from collections.abc import Mapping

from circuits.chips.layer_passes import LayerPass, Schedule
from circuits.chips.near_threshold_body import OperatingPoint
from circuits.ledger import Entry, Ledger


def work_ledger(
    placed: Schedule, times: float, point: OperatingPoint, sources: Mapping[str, str] | None = None
) -> Ledger[float]:
    """Every cost of `times` evaluations at an operating point, layer by layer."""
    return sum((_layer(work, times, point, sources or {}) for work in placed.layers), Ledger())


def _layer(work: LayerPass, times: float, point: OperatingPoint, sources: Mapping[str, str]) -> Ledger[float]:
    seconds = times * work.cycles / point.clock
    keys = ("array.operation_j", "array.leak_a", "memory.read_j", "memory.write_j", "memory.leak_a")
    of = {key: sources.get(key, "") for key in keys}
    return Ledger(
        (
            Entry("products", times * work.macs, point.mac, per="product", source=of["array.operation_j"]),
            Entry("updates", times * work.updates, point.mac, per="product", source=of["array.operation_j"]),
            Entry("memory_reads", times * work.reads, point.read, per="byte", source=of["memory.read_j"]),
            Entry("memory_writes", times * work.writes, point.write, per="byte", source=of["memory.write_j"]),
            Entry("array_leak", seconds, point.array_leak, "static", "second", of["array.leak_a"]),
            Entry("memory_leak", seconds, point.memory_leak, "static", "second", of["memory.leak_a"]),
        )
    ).labelled(layer=work.layer)

"""The technology `near_threshold`: a digital processor whose supply is lowered to where a switched charge is cheapest.

    energy = products E_mac(V) + bytes E_memory(V) + P_leak(V) t,     t = cycles / f(V)

It computes every product, also those with a zero: a spike that does not come saves nothing. So a network of membranes
costs its time steps, whatever they carry. Between two inferences the array sleeps.
"""

from dataclasses import dataclass, replace

import numpy as np

from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import ChipRecord
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.layer_passes import Schedule, evaluations, schedule
from circuits.chips.near_threshold_body import Body, OperatingPoint
from circuits.chips.near_threshold_notes import inference_notes
from circuits.chips.near_threshold_report import NearThresholdReport
from circuits.chips.supply_sweep import Inference, one_a_second, over_supply, speed_corners
from circuits.chips.work_ledger import work_ledger
from circuits.energy.voltage_spread import delay_spread
from circuits.errors import InputError
from circuits.ledger import unknown
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.rules import has_neurons
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.quantised.rounded_network import rounded_network
from circuits.tables import Table, keys_of, record
from circuits.units import Seconds, require

UNKNOWN = unknown("control and clock beyond an operation's energy", "host and loading of weights", "supply converter")


@dataclass(frozen=True)
class NearThreshold(ChipRecord):
    """One chip of this kind, at the supply of its body."""

    budget_bytes: int
    body: Body

    def __post_init__(self):
        super().__post_init__()
        require(self, "budget_bytes", self.budget_bytes >= 1, "at least 1")
        self._require_operation()

    @property
    def integer_bits(self) -> int:
        """Of weights and values: it computes in whole numbers."""
        return self.body.array.bits

    @property
    def point(self) -> OperatingPoint:
        """Where it works: the published supply, unless the operation names another."""
        return self.body.at(self.operation.supply(self.body.point.v_dd), self.operation.temperature)

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks: there is something to compute, and all of it fits the memory."""
        if broken := has_neurons(net):
            return broken
        where, used, capacity = f"network {net.name!r}", self._scheduled(net).memory, self.body.memory.bytes
        remedy = f"train a smaller network, or narrower weights than {self.body.array.bits} bits"
        return () if used <= capacity else (BrokenLimit("memory bytes", where, used, capacity, remedy),)

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> Schedule:
        """Layer by layer on all multipliers; neither activity nor seed changes it. Raises: MappingError."""
        del activity, seed
        self.require_fits(net)
        return self._scheduled(net)

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with the weights of each layer rounded to the chip's bits, evenly spaced up to the largest.

        A digital chip neither differs from the next nor ages in what it computes. Activations are not rounded here:
        the network in whole numbers is that of `circuits.quantised`. Raises: MappingError.
        """
        del rng, age
        self.require_fits(net)
        return rounded_network(net, self.body.array.bits)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: Schedule, sensed: Sensed | None = None
    ) -> NearThresholdReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        point, body, times = self.point, self.body, evaluations(net, activity.duration)
        ledger = work_ledger(placement, times, point, self.sources)
        inference = Inference(ledger.dynamic or 0.0, times * placement.cycles, point)
        supplies, least, usable = over_supply(body, inference)
        use = one_a_second(body, inference)
        process = body.process_at(point.temperature)
        report = NearThresholdReport(
            chip=self.name,
            ledger=ledger + UNKNOWN,
            latency_s=inference.time,
            point=point,
            schedule=placement,
            evaluations=times,
            capacity=body.memory.bytes,
            budget=self.budget_bytes,
            supplies=supplies,
            least=least,
            least_usable=usable,
            corners=speed_corners(body, point.v_dd),
            delay_sigma=delay_spread(point.v_dd, process, body.mismatch.logic.sigma, body.mismatch.path),
            limits={"memory_fails_below_v": body.memory_fails_below, "logic_fails_below_v": body.logic_fails_below},
            use=use,
            published=body.measured.as_dict(),
            operations_per_mac=body.array.operations_per_mac,
        )
        return self.heard(replace(report, notes=inference_notes(body, net, activity, report)), sensed)

    def area(self, placement: Schedule) -> ChipArea:
        """The cells of all of the memory, used or not; what is around them has no rule."""
        del placement
        unknown_parts = ("multipliers and control", "decoders and amplifiers of the memory", "pads")
        return ChipArea({"memory cells": self.body.memory.area}, unknown_parts)

    def _scheduled(self, net: NetworkSpec) -> Schedule:
        array = self.body.array
        return schedule(net, array.macs, array.utilisation, array.bits)

    def _require_operation(self) -> None:
        """Raise InputError unless the chip works as fast, as cold and at the supply that is asked for."""
        body, v_dd = self.body, self.operation.supply(self.body.point.v_dd)
        fast = f"{self.name} is as fast as its supply makes it; leave --acceleration out, and choose a --supply"
        self.operation.refuse(acceleration=fast)
        memory = f"SRAM of {body.memory.bytes} bytes"
        least, first = max((body.memory_fails_below, memory), (body.logic_fails_below, "logic"))
        if not least <= v_dd <= body.point.v_most:
            lost = f"its {first} fails on {1 - body.mismatch.fraction_good:.2g} of chips"
            raise InputError(
                f"a supply of {v_dd:g} V is outside of {self.name}: below {least:.3g} V, near or under threshold, "
                f"{lost} or more, above {body.point.v_most:g} V transistors break down; give a --supply in between"
            )
        body.at(v_dd, self.operation.temperature)

    @classmethod
    def of_values(cls, values: Table, place: str) -> "NearThreshold":
        """The head of the file is of the chip, all else of its body. Raises: InputError."""
        own = {key: values.pop(key) for key in keys_of(cls) if key in values and key != "body"}
        return record(own | {"body": record(values, Body, place)}, cls, place)

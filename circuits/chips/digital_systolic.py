"""The technology `digital-systolic`: a network in whole numbers, compiled to a program of the accelerator.

Placing is compiling: when each layer is computed, and what is loaded for it. The joules are those of the program's own
counts, cycle by cycle; nothing of them depends on data but the spikes that do not come.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from circuits.accelerator.capacity import too_large
from circuits.accelerator.compiler import compile_network, compile_works
from circuits.accelerator.cycles import schedule
from circuits.accelerator.element_cells import element_gates
from circuits.accelerator.layer_counts import layer_counts
from circuits.accelerator.layer_work import works_of_spec
from circuits.accelerator.machine import Machine
from circuits.accelerator.program import Program
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import SwitchedChip
from circuits.chips.digital_body import Silicon, WaferPrice
from circuits.chips.digital_ledger import Bill, DigitalCosts, memory_bits
from circuits.chips.digital_report import DiePrice, DigitalReport
from circuits.chips.front_end_ledger import Sensed
from circuits.cost.die import Wafer, gross_dies, square_die
from circuits.cost.price import die_cost
from circuits.cost.yield_models import mean_defects, negative_binomial
from circuits.ledger import unknown
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.rules import has_neurons, in_steps
from circuits.network.activity import Activity
from circuits.network.spec import MEMBRANE_KINDS, NetworkSpec
from circuits.quantised.integers import IntegerNetwork
from circuits.quantised.rounded_network import rounded_network
from circuits.units import Hertz, Seconds, require

UNKNOWN = unknown(
    "instruction fetch", "pads and DRAM interface", "idle and refresh of DRAM", "leak between inferences", "host",
    "supply converter",
)  # fmt: skip


@dataclass(frozen=True)
class DigitalSystolic(SwitchedChip):
    """One chip of this kind, in whole numbers."""

    clock: Hertz
    machine: Machine
    costs: DigitalCosts
    silicon: Silicon
    wafer: WaferPrice

    def __post_init__(self):
        super().__post_init__()
        require(self, "clock", 0 < self.clock <= 10e9, "above 0 to 10 GHz")
        self.operation.refuse(
            acceleration=f"{self.name} is as fast as its clock; leave it out, or change clock_hz in a copy of its file",
            temperature=f"no law of {self.name}'s leak over temperature is known; leave --temperature out",
        )

    @property
    def integer_bits(self) -> int:
        """Of weights and values: it computes in whole numbers."""
        return 8

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks, whatever the number of its time steps."""
        if broken := has_neurons(net) or in_steps(net):
            return broken
        return too_large(works_of_spec(net), self.machine, net.n_parameters)

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> Program:
        """The program of one inference, as long as that of the activity; without one of a single time step.

        Raises: MappingError listing every limit that is broken.
        """
        del seed
        self.require_fits(net)
        return compile_works(net.name, works_of_spec(net, n_steps(net, activity)), self.machine)

    def program(self, network: IntegerNetwork, steps: int = 1) -> Program:
        """The program of a network in whole numbers, with its weights. Raises: as `place`."""
        return compile_network(network, self.machine, steps)

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with weights of 8 bits, each output channel to its own largest; every chip computes the same.

        Activations need clips to be calibrated on: the network in whole numbers is that of `circuits.quantised`.
        Raises: MappingError.
        """
        del rng, age
        self.require_fits(net)
        return rounded_network(net, 8, by_channel=True)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: Program, sensed: Sensed | None = None
    ) -> DigitalReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        report = self.cost(placement, _density(net, activity))
        return self.heard(report, sensed)

    def cost(self, program: Program, density: Mapping[str, float] | None = None) -> DigitalReport:
        """Energy, cycles and silicon of a program; density: what share of a layer's inputs is not 0, else all."""
        times = schedule(program)
        counts = layer_counts(program, times)
        shares = dict.fromkeys((work.name for work in program.works), 1.0) | dict(density or {})
        pairs = zip(counts, program.works, strict=True)
        layers = {one.name: (one, work.finish, shares[one.name]) for one, work in pairs}
        bill = Bill(self.machine, self.costs, self.clock, self.supply, self.v_dd, self._gates)
        area = self.area(program)
        return DigitalReport(
            chip=self.name,
            ledger=bill.ledger(layers) + UNKNOWN,
            machine=self.machine,
            layers=counts,
            latency_s=times.cycles / self.clock,
            cycles=times.cycles,
            clock=self.clock,
            v_dd=self.supply,
            area=area,
            die=self._die(area),
            program=program,
            notes=self._notes(program),
        )

    def area(self, placement: Program) -> ChipArea:
        """Memory and logic of the chip, used or not; pads and the interface to DRAM have no rule."""
        del placement
        silicon, array = self.silicon, self.machine.rows * self.machine.columns * element_gates()
        gate = silicon.gate / silicon.logic_density
        return ChipArea(
            {
                "memories": memory_bits(self.machine) * silicon.cell / silicon.memory_efficiency,
                "array": array * gate,
                "control": self.costs.control_gates * gate,
            },
            ("pads and seal ring", "interface to DRAM", "clock generation"),
        )

    @property
    def _gates(self) -> float:
        return self.machine.rows * self.machine.columns * element_gates() + self.costs.control_gates

    def _die(self, area: ChipArea) -> DiePrice:
        """Of a square die as large as what is modelled."""
        good = negative_binomial(mean_defects(self.wafer.defects, area.total))
        dies = gross_dies(Wafer(), square_die(area.total))
        cost = die_cost(self.wafer.cost_usd, dies, good)
        return DiePrice(cost.dies, cost.good_dies, good, cost.each)

    def _notes(self, program: Program) -> tuple[str, ...]:
        notes = ("no such chip was built: sizes are a choice, energies those of components at 45 nm",)
        if self.supply != self.v_dd:
            notes += (f"at {self.supply:g} V switched energies follow V^2, the clock stays (ASSUMED)",)
        if program.works[0].finish == "act":
            notes += (
                "every product of a conventional layer is charged, those with 0 too: activations are not measured",
            )
        return notes


def n_steps(net: NetworkSpec, activity: Activity | None) -> int:
    """Time steps of the inference that was measured; 1 of values at once."""
    membranes = any(layer.kind in MEMBRANE_KINDS for layer in net.layers)
    return max(round(activity.duration / net.dt), 1) if membranes and activity else 1


def _density(net: NetworkSpec, activity: Activity) -> dict[str, float]:
    """The share of the inputs of each layer that is not 0: of spikes as measured, of values all."""
    found = {}
    steps = n_steps(net, activity)
    for layer in net.layers:
        lines = activity.presynaptic(net, layer) if layer.kind in MEMBRANE_KINDS and layer.kind != "encoder" else ()
        found[layer.name] = float(np.mean(lines)) / steps if len(lines) else 1.0
    return found

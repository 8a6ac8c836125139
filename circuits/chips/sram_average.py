"""The technology `sram-average`: binary weights in SRAM cells, products averaged as voltages on bit lines.

    V_avg = (1/N) sum w_i V_DAC(x_i),   w_i = +-1        converted by each column, times N and the scale of its output

A conventional network drives its lines with voltages of some bits, a spiking one with spikes, one bit. Lines beyond
those of an array go to another one, whose code is added digitally. The weights of every output must be of one size: one
bit each, and a digital scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from circuits.chips.active_products import active_products, arriving_spikes
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import SwitchedChip
from circuits.chips.digital_systolic import n_steps
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.sram_average_report import SramAverageReport
from circuits.chips.sram_ledger import SramBill
from circuits.chips.sram_placement import SramPlacement, placed
from circuits.energy.converters import adc_area
from circuits.errors import InputError
from circuits.ledger import unknown
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.rules import has_neurons, in_steps
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.nonideal.analog_network import Arrays
from circuits.nonideal.averaged_weights import averaged_weights
from circuits.nonideal.averaging_array import AveragingDesign, AveragingErrors, averaging_arrays
from circuits.nonideal.binary_weights import TOLERANCE, layer_deviation, layer_zeros
from circuits.nonideal.matrices import weighted_layers
from circuits.nonideal.silicon_age import require_age
from circuits.tables import NOT_IN_FILE
from circuits.units import Seconds, SquareMetres, freeze_si, require

UNKNOWN = unknown(
    "control and clock", "buffers of inputs and codes", "memory that weights are loaded from",
    "digital scales, biases, neurons, encoders and pools", "reference voltages", "leak", "host", "supply converter",
)  # fmt: skip
REMEDY = "train with chip.weight_bits = 1"
ABSENT = "absent synapses, which no cell can hold: set chip.fan_in = 0"


@dataclass(frozen=True)
class SramArrays:
    """Those of a chip; `row_write` is the time to write one row of one of them."""

    rows: int
    columns: int
    count: int
    driver_bits: int
    converter_bits: int
    row_write: Seconds
    cell: SquareMetres

    def __post_init__(self):
        freeze_si(self)
        require(self, "count", self.count >= 1, "at least 1")
        for name in ("row_write", "cell"):
            require(self, name, getattr(self, name) > 0, "positive")


@dataclass(frozen=True)
class SramAverage(SwitchedChip):
    """One chip of this kind.

    binarise: take any network instead of refusing it; as arrays hold signs and a scale for each output, it is computed
    with `circuits.nonideal.binary_weights.binarised` of it.
    """

    array: SramArrays
    errors: AveragingErrors
    binarise: bool = field(default=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        super().__post_init__()
        _ = self.design  # refused here, not at the first network
        self.operation.refuse(
            acceleration=f"{self.name} is as fast as its converters; leave it out",
            temperature=f"no law of {self.name} over temperature is known; leave --temperature out",
        )

    @property
    def design(self) -> AveragingDesign:
        """One array, and what differs in it by chance."""
        own = self.array
        return AveragingDesign(own.rows, own.columns, own.driver_bits, own.converter_bits, self.errors)

    @property
    def alike(self) -> bool:
        """Whether every piece computes the same: no capacitor and no converter is like another."""
        return False

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks: it has layers, time steps, and weights of one bit."""
        broken = list(has_neurons(net) or in_steps(net))
        for layer in () if self.binarise else weighted_layers(net):
            if (apart := layer_deviation(layer)) > TOLERANCE:
                told = f"layer {layer.name!r}"
                zeros = layer_zeros(layer)
                remedy = f"{zeros} of its weights are 0, {ABSENT}; {REMEDY}" if zeros else REMEDY
                broken.append(BrokenLimit("spread of weight sizes over their mean", told, apart, TOLERANCE, remedy))
        return tuple(broken)

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> SramPlacement:
        """Each layer on arrays, for an inference as long as that of the activity; without one a single time step.

        The seed changes nothing. Raises: MappingError listing every limit that is broken.
        """
        del seed
        self.require_fits(net)
        return placed(net, self.design, self.array.count, n_steps(net, activity))

    def arrays(
        self, net: NetworkSpec, seen: Mapping[str, np.ndarray], rng: np.random.Generator, age: Seconds = 0.0
    ) -> Arrays:
        """The network in the arrays of one piece of silicon, which does not age while it has its supply.

        seen: what drives each layer's lines, `(row, line)`, of clips of training: the range of its converters.
        Raises: MappingError; InputError for an age below 0, or a layer of which nothing was seen.
        """
        require_age(age)
        self.require_fits(net)
        for layer in weighted_layers(net):
            if layer.name not in seen:
                raise InputError(
                    f"layer {layer.name!r}: nothing was seen of its inputs; calibrate on clips of training"
                )
        return averaging_arrays(net, seen, self.design, rng)

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with the weights that its cells have, each capacitance and each column's gain as drawn.

        Drivers and converters are not in it: they are in `arrays`, of the same silicon from the same generator.
        Raises: MappingError; InputError for an age below 0.
        """
        require_age(age)
        self.require_fits(net)
        return averaged_weights(net, self.design, rng)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: SramPlacement, sensed: Sensed | None = None
    ) -> SramAverageReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        spikes = arriving_spikes(net, activity)
        bill = SramBill(self.design, self.supply, self.array.row_write)
        report = SramAverageReport(
            chip=self.name,
            ledger=bill.ledger(placement, spikes) + UNKNOWN,
            latency_s=bill.seconds(placement),
            notes=self._notes(placement),
            placement=placement,
            v_dd=self.supply,
            area=self.area(placement),
            active_macs=active_products(net, activity),
        )
        return self.heard(report, sensed)

    def area(self, placement: SramPlacement) -> ChipArea:
        """All arrays of the chip, used or not; a driver's area is neglected, as its law does."""
        del placement
        own = self.array
        parts = {
            "cells": own.count * own.rows * own.columns * own.cell,
            "converters": own.count * own.columns * adc_area(own.converter_bits),
        }
        return ChipArea(
            parts, ("drivers of lines", "decoders, writing and control", "digital logic", "buffers", "pads")
        )

    def _notes(self, placement: SramPlacement) -> tuple[str, ...]:
        notes = (
            "no energy, size or supply of this chip was found: converters are those of a law at 28 nm, sizes ASSUMED",
            "an integrating converter takes longer than the one whose delay is counted: latency is a lower bound",
        )
        if not placement.fits:
            notes += (
                f"{placement.arrays} arrays are needed, {placement.count} are there: weights are written in every "
                "inference",
            )
        if self.supply != self.v_dd:
            notes += (f"at {self.supply:g} V energies follow V^2, delays stay (ASSUMED)",)
        return notes

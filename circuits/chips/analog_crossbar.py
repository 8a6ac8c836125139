"""The technology `analog-crossbar`: weights in phase-change devices, multiplied where they lie; all else is digital.

Placing is cutting matrices into tiles; a network may take several chips. Its products are rounded, noisy, saturated and
drift, as `circuits.nonideal` has it; a spike is an input of one bit, and a time step one product of every layer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from circuits.chips.active_products import active_products
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import ChipRecord
from circuits.chips.crossbar_efficiency import Efficiency, PublishedFrame, require_boundary
from circuits.chips.crossbar_ledger import CrossbarBill, sum_bits
from circuits.chips.crossbar_notes import crossbar_notes
from circuits.chips.crossbar_placement import CrossbarPlacement, chips_for, crossbar_placement, tiles_for
from circuits.chips.crossbar_report import COVERS, NO_AREA, CrossbarReport
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.layer_passes import evaluations
from circuits.errors import InputError
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.rules import has_neurons, in_steps
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.nonideal.analog_network import Arrays
from circuits.nonideal.crossbar_array import CrossbarArray, crossbar_array
from circuits.nonideal.crossbar_settings import EVEN, Converters, CrossbarSettings, Periphery, TileShape
from circuits.nonideal.matrices import matrices_of, weighted_layers
from circuits.nonideal.pcm_device import pcm_device
from circuits.nonideal.restored_layers import with_matrices
from circuits.nonideal.silicon_age import require_age
from circuits.nonideal.weight_devices import WeightCoding
from circuits.units import Seconds, require

MOST_CHIPS = 10_000
LAWLESS = ("temperature", "supply")
REFERENCES = 64  # rows of random inputs that drift is measured by where no recorded ones are given


@dataclass(frozen=True)
class AnalogCrossbar(ChipRecord):
    """One chip of this kind.

    boundary: what the joules pay for.   balanced: two readings a product.   compensated: drift, by one factor a tile.
    """

    boundary: str
    tiles: int
    chips: int
    tile: TileShape
    weights: WeightCoding
    device: str
    window: Seconds
    references: int
    converters: Converters
    periphery: Periphery
    balanced: bool
    compensated: bool
    efficiency: Efficiency
    published: PublishedFrame

    def __post_init__(self):
        super().__post_init__()
        require(self, "tiles", 1 <= self.tiles <= 2**16, "a whole number in 1..65536")
        require(self, "chips", 1 <= self.chips <= MOST_CHIPS, f"a whole number in 1..{MOST_CHIPS}")
        require_boundary(self.boundary)
        self.settings  # noqa: B018  its parts are checked together
        fast, remedy = "is as fast as its pulses are short", "or change converters.step_s in a copy of its file"
        laws = {name: f"no law of {self.name} over its {name} is known; leave it out" for name in LAWLESS}
        self.operation.refuse(acceleration=f"{self.name} {fast}; leave it out, {remedy}", **laws)

    @property
    def settings(self) -> CrossbarSettings:
        """What its arrays are made of."""
        return CrossbarSettings(
            shape=self.tile,
            device=pcm_device(self.device),
            coding=self.weights,
            converters=self.converters,
            periphery=self.periphery,
            window=self.window,
            balanced=self.balanced,
            compensated=self.compensated,
            references=self.references,
        )

    @property
    def ages(self) -> bool:
        """Whether what it computes changes with its age: conductances drift."""
        return True

    @property
    def alike(self) -> bool:
        """Whether every piece computes the same: no device is programmed like another."""
        return False

    @property
    def readings(self) -> int:
        """Of one product."""
        return 1 + self.balanced

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks: something to compute, in steps, on as many chips as may stand together.

        A layer of any size is cut into tiles, so that no layer is too large by itself.
        """
        if broken := has_neurons(net) or in_steps(net):
            return broken
        where, needed = f"network {net.name!r}", len(self._placed(net).tiles)
        if needed <= self.tiles * self.chips:
            return ()
        weights = sum(matrix.size for layer in weighted_layers(net) for matrix in matrices_of(layer))
        full = tiles_for(weights, self.tile, self.weights)
        takes = f"it takes {chips_for(needed, self.tiles)} chips, its weights alone fill {full} tiles"
        remedy = f"{takes}: raise chips in a copy of the file, or train it smaller"
        return (BrokenLimit("tiles", where, needed, self.tiles * self.chips, remedy),)

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> CrossbarPlacement:
        """Matrices on tiles, one after the other; neither activity nor seed changes it. Raises: MappingError."""
        del activity, seed
        self.require_fits(net)
        return self._placed(net)

    def arrays(
        self, net: NetworkSpec, seen: Mapping[str, np.ndarray], rng: np.random.Generator, age: Seconds = 0.0
    ) -> Arrays:
        """What multiplies in place of each layer's weights, on one piece of silicon, `age` after programming.

        Args:
          seen: inputs `(row, line)` of each layer, as `inputs_of_layers` gives them, that set the converters' ranges.
          rng: draws the silicon: the same seed gives the same one at every age.
        Raises: MappingError; InputError for an age below zero, or a layer without inputs to calibrate on.
        """
        self.require_fits(net)
        require_age(age)
        layers = weighted_layers(net)
        if missing := [layer.name for layer in layers if layer.name not in seen]:
            raise InputError(
                f"no inputs to calibrate layer {missing[0]!r} on; give inputs_of_layers(net, training clips)"
            )
        pairs = zip(layers, rng.spawn(len(layers)), strict=True)
        return {layer.name: self._arrays(layer, seen[layer.name], own, age, self.settings) for layer, own in pairs}

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with the weights that the devices hold, compensated where the chip is; converters left out.

        Drift is measured on random inputs, through noise. Raises: MappingError; InputError for an age below zero.
        """
        self.require_fits(net)
        require_age(age)
        exact = replace(self.settings, converters=replace(self.converters, input_bits=0, output_bits=0, jitter=0.0))
        exact = replace(exact, periphery=EVEN)
        layers = weighted_layers(net)
        found = {}
        for layer, own in zip(layers, rng.spawn(len(layers)), strict=True):
            asked = own.spawn(1)[0].random((REFERENCES, len(matrices_of(layer)[0])))
            found[layer.name] = tuple(array.weights for array in self._arrays(layer, asked, own, age, exact))
        return with_matrices(net, found)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: CrossbarPlacement, sensed: Sensed | None = None
    ) -> CrossbarReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        times, readings, devices = evaluations(net, activity.duration), self.readings, self.weights.devices
        rows = max((math.ceil(tile.lines[1] / self.tile.lines) for tile in placement.tiles), default=1)
        bits = sum_bits(self.converters.output_bits, readings * rows)
        bill = CrossbarBill(self.efficiency, self.boundary, readings, devices, bits, self.sources)
        steps = sum(one.uses for one in placement.layers) * (readings + 1)  # pulses of each reading, and the last ramp
        report = CrossbarReport(
            chip=self.name,
            ledger=bill.ledger(placement, times),
            boundary=self.boundary,
            efficiency=self.efficiency,
            placement=placement,
            evaluations=times,
            readings=readings,
            covers=COVERS[self.boundary],
            latency_s=times * steps * self.converters.step,
            used_alone=bill.used_alone(placement, times),
            active_macs=active_products(net, activity),
            devices=devices,
            published=self.published,
        )
        return self.heard(replace(report, notes=crossbar_notes(net, self.settings, report)), sensed)

    def area(self, placement: CrossbarPlacement) -> ChipArea:
        del placement
        return NO_AREA

    def _arrays(
        self, layer: LayerSpec, seen: np.ndarray, rng: np.random.Generator, age: Seconds, settings: CrossbarSettings
    ) -> tuple[CrossbarArray, ...]:
        """One array for each matrix of a layer."""
        matrices = matrices_of(layer)
        pairs = zip(matrices, rng.spawn(len(matrices)), strict=True)
        return tuple(crossbar_array(matrix, settings, seen, own, age) for matrix, own in pairs)

    def _placed(self, net: NetworkSpec) -> CrossbarPlacement:
        return crossbar_placement(net, self.tile, self.weights, self.tiles, self.readings)

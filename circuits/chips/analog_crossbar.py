"""The technology `analog-crossbar`: weights in phase-change devices, multiplied where they lie; all else is digital.

Placing is cutting matrices into tiles; a network may take several chips. Its products are rounded, noisy, saturated and
drift, as `circuits.nonideal` has it; a spike is an input of one bit, and a time step one product of every layer.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from circuits.chips.active_products import active_products
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import ChipRecord
from circuits.chips.crossbar_devices import DevicePlan, device_plan, unknown_layers
from circuits.chips.crossbar_efficiency import Efficiency, PublishedFrame, require_boundary
from circuits.chips.crossbar_ledger import CrossbarBill, sum_bits
from circuits.chips.crossbar_notes import crossbar_notes
from circuits.chips.crossbar_placement import CrossbarPlacement, chips_for, crossbar_placement
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
from circuits.nonideal.weight_devices import LEAST_DEVICES, WeightCoding
from circuits.units import Seconds, require

MOST_CHIPS = 10_000
LAWLESS = ("temperature", "supply")
REFERENCES = 64  # rows of random inputs that drift is measured by where no recorded ones are given


@dataclass(frozen=True)
class AnalogCrossbar(ChipRecord):
    """One chip of this kind.

    boundary: what the joules pay for.   balanced: two readings a product.   compensated: drift, by one factor a tile.
    devices_of: devices a weight of layers by name, of which `weights.devices` does not hold; see `device_plan`.
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
    devices_of: Mapping[str, int] = field(default_factory=dict, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        require(self, "tiles", 1 <= self.tiles <= 2**16, "a whole number in 1..65536")
        require(self, "chips", 1 <= self.chips <= MOST_CHIPS, f"a whole number in 1..{MOST_CHIPS}")
        require_boundary(self.boundary)
        self.settings  # noqa: B018  its parts are checked together
        require(self, "devices_of", isinstance(self.devices_of, Mapping), "a table of devices by layer")
        for layer, devices in self.devices_of.items():
            self._settings_of(layer, devices)
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
    def room(self) -> int:
        """Tiles of all chips that may stand together."""
        return self.tiles * self.chips

    @property
    def readings(self) -> int:
        """Of one product."""
        return 1 + self.balanced

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks: something to compute, in steps, on as many chips as may stand together.

        A layer of any size is cut into tiles, so that no layer is too large by itself.
        """
        if broken := has_neurons(net) or in_steps(net) or unknown_layers(weighted_layers(net), self.devices_of):
            return broken
        placed = self._placed(net)
        needed = len(placed.tiles)
        if needed <= self.room:
            return ()
        others = " in all layers that devices_of does not name" if self.devices_of else ""
        fewer = f" even with {LEAST_DEVICES} devices a weight{others}" if placed.devices.given_up else ""
        takes = (
            f"it takes {chips_for(needed, self.tiles)} chips{fewer}, its weights alone fill {placed.full_tiles} tiles"
        )
        remedy = f"{takes}: raise chips in a copy of the file, or train it smaller"
        return (BrokenLimit("tiles", f"network {net.name!r}", needed, self.room, remedy),)

    def devices(self, net: NetworkSpec) -> DevicePlan:
        """How many devices a weight has in each layer of a network, and what those lose that have fewer."""
        return device_plan(weighted_layers(net), self.tile, self.weights, self.devices_of, self.room)

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
        layers, plan = weighted_layers(net), self.devices(net)
        if missing := [layer.name for layer in layers if layer.name not in seen]:
            raise InputError(
                f"no inputs to calibrate layer {missing[0]!r} on; give inputs_of_layers(net, training clips)"
            )
        pairs = zip(layers, rng.spawn(len(layers)), strict=True)
        return {
            layer.name: self._arrays(layer, seen[layer.name], own, age, _of_layer(self.settings, plan, layer))
            for layer, own in pairs
        }

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with the weights that the devices hold, compensated where the chip is; converters left out.

        Drift is measured on random inputs, through noise. Raises: MappingError; InputError for an age below zero.
        """
        self.require_fits(net)
        require_age(age)
        exact = replace(self.settings, converters=replace(self.converters, input_bits=0, output_bits=0, jitter=0.0))
        exact = replace(exact, periphery=EVEN)
        layers, plan = weighted_layers(net), self.devices(net)
        found = {}
        for layer, own in zip(layers, rng.spawn(len(layers)), strict=True):
            settings = _of_layer(exact, plan, layer)
            asked = own.spawn(1)[0].random((REFERENCES, len(matrices_of(layer)[0])))
            found[layer.name] = tuple(array.weights for array in self._arrays(layer, asked, own, age, settings))
        return with_matrices(net, found)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: CrossbarPlacement, sensed: Sensed | None = None
    ) -> CrossbarReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        times, readings = evaluations(net, activity.duration), self.readings
        rows = max((math.ceil(tile.lines[1] / self.tile.lines) for tile in placement.tiles), default=1)
        bits = sum_bits(self.converters.output_bits, readings * rows)
        bill = CrossbarBill(self.efficiency, self.boundary, readings, bits, self.sources)
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
        return crossbar_placement(net, self.tile, self.devices(net), self.tiles, self.readings)

    def _settings_of(self, layer: str, devices: int) -> None:
        """Raise InputError for a number of devices that no weight has, or no tile has room for."""
        try:
            replace(self.settings, coding=replace(self.weights, devices=devices))
        except InputError as error:
            raise InputError(f"devices_of.{layer}: {error}") from error


def _of_layer(settings: CrossbarSettings, plan: DevicePlan, layer: LayerSpec) -> CrossbarSettings:
    """What the arrays of one layer are made of."""
    return replace(settings, coding=plan.coding_of(layer.name))

"""What a placed network draws in one inference, slice by slice: counts times the circuit's own terms.

    neuron_dynamic = spikes (C_control + C_reset) V_DD^2 + I_crowbar V_DD t_window
    neuron_static  = time neurons P_static
    synapse_events = (sum over events of max(w, 0) + steps sum of max(bias, 0)) q V_DS,   q = C (V_th - V_reset)
    encoder        = dynamic and static as above, and the positive charge of its signal and bias currents times V_DS

The membrane is charged by the synapses, so its charge is counted there and not again per spike. Excitation comes from
V_DS; inhibition is a sink that draws nothing from it. An entry lies on the core that pays; a spike that crosses to
another core is paid by the layer that sends it, on the core that needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from circuits.energy.core import GATING_UNKNOWN
from circuits.ledger import Entry, Kind, Ledger, unknown
from circuits.mapping.place import CoreSlice, Placement
from circuits.mapping.route import core_crossings
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import EXTERNAL_INPUT, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed
from circuits.neuron.energy_terms import control, crowbar, reset, static, supplied, unknown_laws
from circuits.tables import NOT_IN_FILE
from circuits.units import Coulombs, Joules, Seconds, Watts, freeze_si, require


@dataclass(frozen=True)
class CoreCosts:
    """What a chip's events cost beside its circuit; None: not published, so not modelled.

    sources: by dotted key of the chip's file, where each number comes from.
    """

    hop_j: Joules | None = None  # per spike and core boundary
    synapse_wire_j: Joules | None = None  # per synaptic event
    bias_w: Watts | None = None  # per core
    standby_w: Watts | None = None  # per core
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        for name in ("hop_j", "synapse_wire_j", "bias_w", "standby_w"):
            value = getattr(self, name)
            require(self, name, value is None or value >= 0, "zero or positive")

    def entry(self, name: str, part: str, count: float, per: str, kind: Kind = "dynamic") -> Entry:
        """What one of the constants makes of a count, known or not."""
        each = getattr(self, name)
        source = "not published" if each is None else self.sources.get(f"costs.{name}", "")
        return Entry(part, count, each, kind, per, source)


@dataclass(frozen=True, eq=False)
class _Inference:
    """A network at work: what it did, and the circuit at the speed of the chip."""

    chip: ChipNetwork
    activity: Activity
    costs: CoreCosts
    acceleration: float

    @property
    def circuit(self) -> LIFCircuit:
        return circuit_at_speed(self.chip.circuit, self.acceleration)

    @property
    def time(self) -> Seconds:
        return self.activity.duration / self.acceleration

    @property
    def steps(self) -> float:
        return self.activity.duration / self.chip.network.dt


def inference_ledger(
    chip: ChipNetwork, activity: Activity, placement: Placement, costs: CoreCosts, acceleration: float = 1.0
) -> Ledger[float]:
    """Every cost of one inference (mean of the measured activity) with its layer and core, unknown ones too.

    The time near threshold is that of the activity, scaled by `window_ratio` (ASSUMED: V passes it at an even pace).
    """
    work = _Inference(chip, activity, costs, acceleration)
    gating = GATING_UNKNOWN if is_gated(chip.network, acceleration) else Ledger()
    held = [piece for piece in placement.slices if piece.layer != EXTERNAL_INPUT]
    parts = [part(work, piece) for part in (_cells, _synapses, _wires) for piece in held]
    return sum((*parts, _routing(work, placement), _cores(work, placement), _unpublished(chip), gating), Ledger())


def is_gated(net: NetworkSpec, acceleration: float) -> bool:
    """Whether the chip is done before the clip is over, and then switched off; one with a time of its own always is."""
    return net.event_driven or acceleration > 1


def window_ratio(chip: ChipNetwork, activity: Activity) -> float:
    """Crowbar window of the circuit over the one that the activity was measured with."""
    return chip.circuit.crowbar_window / activity.window if activity.window else 1.0


def _cells(work: _Inference, piece: CoreSlice) -> Ledger[float]:
    """Neurons of a slice: spikes, time near threshold, static power, and the signal that charges an encoder."""
    layer, own, activity = work.chip.network.layer(piece.layer), slice(piece.start, piece.stop), work.activity
    if not (piece.holds_neurons and layer.spiking):
        return Ledger()
    circuit = work.circuit
    spikes, near = (float(of[layer.name][own].sum()) for of in (activity.spikes, activity.near_threshold))
    window = near * window_ratio(work.chip, activity) / work.acceleration
    events = Ledger((control(circuit, spikes), reset(circuit, spikes), crowbar(circuit, window)))
    idle = Ledger((static(circuit, (piece.stop - piece.start) * work.time),))
    if layer.kind == "encoder":
        charge = float(activity.encoder_charge[own].sum()) * circuit.charge_per_weight
        cells = (events + idle + Ledger((supplied(circuit, charge, "encoder"),))).labelled("encoder")
    else:
        cells = events.labelled("neuron_dynamic") + idle.labelled("neuron_static")
    return cells.labelled(layer=layer.name, core=piece.core)


def _synapses(work: _Inference, piece: CoreSlice) -> Ledger[float]:
    """Charge that the excitatory synapses and biases of a slice draw from the supply of the sources."""
    layer, net = work.chip.network.layer(piece.layer), work.chip.network
    if layer.kind == "encoder":
        return Ledger()
    lines, own = slice(piece.line_start, piece.line_stop), slice(piece.start, piece.stop)
    weight = float(work.activity.presynaptic(net, layer)[lines] @ np.maximum(layer.crossbar[lines, own], 0).sum(1))
    if piece.holds_neurons:
        weight += work.steps * float(np.maximum(work.chip.bias_per_step(layer)[own], 0).sum())
    charge: Coulombs = weight * work.circuit.charge_per_weight
    return Ledger((supplied(work.circuit, charge, "synapse_events"),)).labelled(layer=layer.name, core=piece.core)


def _wires(work: _Inference, piece: CoreSlice) -> Ledger[float]:
    """Wires and switches of the crossbar, for each synaptic operation of a slice."""
    layer, net = work.chip.network.layer(piece.layer), work.chip.network
    lines, own = slice(piece.line_start, piece.line_stop), slice(piece.start, piece.stop)
    present = np.count_nonzero(layer.crossbar[lines, own], axis=1)
    operations = float(work.activity.presynaptic(net, layer)[lines] @ present)
    entry = work.costs.entry("synapse_wire_j", "synapse_wires", operations, "synaptic operation")
    return Ledger((entry,)).labelled(layer=layer.name, core=piece.core)


def _routing(work: _Inference, placement: Placement) -> Ledger[float]:
    """Spikes that cross from core to core."""
    crossings = core_crossings(work.chip.network, work.activity, placement)
    return Ledger(
        tuple(
            replace(work.costs.entry("hop_j", "routing", spikes, "spike and core"), layer=layer, core=core)
            for (layer, core), spikes in crossings.items()
        )
    )


def _cores(work: _Inference, placement: Placement) -> Ledger[float]:
    """Bias generation and standby of each core."""
    parts = {"bias_w": "bias_generation", "standby_w": "standby_power"}
    return Ledger(
        tuple(
            replace(work.costs.entry(name, part, work.time, "second", "static"), core=core)
            for name, part in parts.items()
            for core in range(placement.cores_used)
        )
    )


def _unpublished(chip: ChipNetwork) -> Ledger[float]:
    """Costs that the network has in silicon and nobody has published, on any chip of this circuit."""
    kinds = {layer.kind for layer in chip.network.layers}
    there = {
        "off-state leak of synapses": chip.network.n_synapses > 0,
        "what delays and holds the pulse of a line": chip.network.n_synapses > 0,
        "encoder": "encoder" not in kinds,
        "adaptation circuit": "adaptive_lif" in kinds,
        "readout: signed integration": "readout" in kinds,
        "readout that gives the answer": "readout" not in kinds,
        "rail that raises the sources above ground": chip.circuit.v_sink < 0,
    }
    return unknown(*(part for part, holds in there.items() if holds)) + unknown_laws(chip.circuit)

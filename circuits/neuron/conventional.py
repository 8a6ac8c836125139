"""A conventional neuron beside the tunnelling one: the same transistor as a sub-threshold or an on-current source.

At a given time constant, rate and swing the input current is in proportion to the capacitor, I = s C. So the least
current that a source controls sets the least capacitor, C = W I_least / s: tiny currents, small capacitors.
"""

from dataclasses import dataclass, replace

from circuits.device.btbt import DEVICES, BTBTDevice
from circuits.errors import InputError
from circuits.ledger import Ledger
from circuits.neuron.area import AreaRules, neuron_area
from circuits.neuron.circuit import LIFCircuit, firing_rate
from circuits.neuron.design import current_for_rate
from circuits.neuron.energy_terms import spike_energy
from circuits.units import (
    Amperes,
    AmperesPerMetre,
    Hertz,
    SquareMetres,
    freeze_si,
    require,
    um,
)

I_ON: AmperesPerMetre = 5.9e-4 / um  # Source: EE724 report figure 14 at V_GS = +1.45 V, 300 K; 5.6e-4 A/um at 398 K
TUNNELLING = "band-to-band tunnelling"


@dataclass(frozen=True)
class ConventionalSource:
    """A transistor as current source: the least current per width that its gate controls, and why that one."""

    name: str
    i_least: AmperesPerMetre
    reason: str

    def __post_init__(self):
        freeze_si(self)
        require(self, "i_least", self.i_least > 0, "positive")


@dataclass(frozen=True)
class SourcedNeuron:
    """One neuron with the current of its source; without a floating body all of its capacitor is drawn."""

    source: str
    circuit: LIFCircuit
    input_current: Amperes
    floating_body: bool
    reason: str = ""

    @property
    def rate(self) -> Hertz:
        return firing_rate(self.circuit, self.input_current)

    @property
    def energy(self) -> Ledger[float]:
        return spike_energy(self.circuit, self.input_current)

    def area(self, rules: AreaRules | None = None) -> SquareMetres:
        return neuron_area(self.circuit, rules, floating_body=self.floating_body)


def conventional_sources(device: BTBTDevice | None = None) -> tuple[ConventionalSource, ...]:
    """The two ways to use the transistor of a device that publishes them (default: 32nm-pdsoi).

    Sub-threshold: I_off, the current at V_GS = 0. On-current: I_ON.
    Raises: InputError for a device whose I_off is not published.
    """
    device = device or DEVICES["32nm-pdsoi"]
    if device.i_off is None:
        known = ", ".join(name for name, other in DEVICES.items() if other.i_off is not None)
        raise InputError(f"{device.name} publishes no current at V_GS = 0; take one that does: {known}")
    between_rails = f"I_off of {device.name} at V_GS = 0: the gate stays between the rails"  # in favour of this source
    return (
        ConventionalSource("sub-threshold", device.i_off, between_rails),
        ConventionalSource("on-current", I_ON, "I_ON of 32nm-pdsoi, the gate at its highest bias"),
    )


def conventional_neuron(
    source: ConventionalSource, twin: LIFCircuit, rate: Hertz, rules: AreaRules | None = None
) -> SourcedNeuron:
    """The neuron of the same time constant, swing, width and control circuit as `twin`, on a conventional source.

    C = W I_least / s, no smaller than the body of a device of this width and its load, or than the twin's own; I = s C.
    The drain-source current is the input here, not a loss beside it: the static power keeps the control circuit's part
    alone. The reset switch keeps its size too, though it drains the larger capacitor too slowly, in favour of that one.
    Args:  rate: firing rate (Hz) at which the two are compared.
    """
    slope = current_for_rate(twin, rate) / twin.c_mem  # s, V/s
    least = twin.width * (rules or AreaRules()).body_per_width + twin.control.c_membrane
    c_mem = max(min(least, twin.c_mem), twin.width * source.i_least / slope)
    device = replace(
        twin.device, name=f"{twin.device.name} as {source.name} source", i_off=None, subthreshold_swing=None
    )
    circuit = replace(twin, device=device, c_mem=c_mem, g_leak=twin.g_leak * c_mem / twin.c_mem, drawn=False)
    return SourcedNeuron(source.name, circuit, slope * c_mem, floating_body=False, reason=source.reason)


def source_comparison(
    circuit: LIFCircuit, sources: tuple[ConventionalSource, ...] | None = None, rules: AreaRules | None = None
) -> tuple[SourcedNeuron, ...]:
    """The tunnelling neuron at its own bias, and its conventional twins of the same tau_mem, rate and swing.

    Raises: InputError where the circuit is silent at its bias.
    """
    current = circuit.input_current
    own = SourcedNeuron(TUNNELLING, circuit, current, floating_body=True, reason=f"V_GS = {circuit.v_gs:.3g} V")
    spike_energy(circuit)  # refuses a silent circuit with its remedy
    rate = firing_rate(circuit, current)
    others = conventional_sources() if sources is None else sources
    return (own, *(conventional_neuron(source, circuit, rate, rules) for source in others))

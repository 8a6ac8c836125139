"""One neuron as it is asked for: a circuit at a condition, designed for a rate, and beside others."""

from dataclasses import dataclass, replace

from circuits.device.ageing import aged
from circuits.device.device_file import load_device
from circuits.errors import InputError
from circuits.literature.compare import ComparisonRow, compare
from circuits.neuron.area import NODE, neuron_area
from circuits.neuron.circuit import OXIDE_LIMIT, LIFCircuit, circuit_for_device
from circuits.neuron.conventional import SourcedNeuron, conventional_sources, source_comparison
from circuits.neuron.design import Design, design_neuron
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.supply import at_condition
from circuits.units import Farads, Hertz, Joules, Kelvin, Metres, Seconds, Volts


def neuron_circuit(
    device: str, v_gs: float | None, temperature: float, supply: float | None = None, years: float = 0.0
) -> LIFCircuit:
    """The default circuit with another device, bias (V; None: its own), temperature (K), V_DD (V) or years of use.

    Raises: InputError for an unknown device, a bias beyond `OXIDE_LIMIT` or a temperature that no curve covers.
    """
    chosen = load_device(device)
    v_gs = LIFCircuit.v_gs if v_gs is None else v_gs
    if abs(v_gs) > OXIDE_LIMIT:
        raise InputError(f"v_gs = {v_gs:g} V breaks the gate oxide; keep it within {OXIDE_LIMIT:g} V of zero")
    circuit = LIFCircuit()
    if chosen != circuit.device:
        circuit = circuit_for_device(chosen, circuit.v_gs, circuit)
    if v_gs != circuit.v_gs:
        circuit = LIFCircuit(**{**vars(circuit), "v_gs": v_gs})
    circuit = replace(circuit, device=aged(circuit.device, years))
    return at_condition(circuit, temperature, supply)


@dataclass(frozen=True)
class DesignRequest:
    """What a neuron is to be designed for; None: left open, time constant and swing then those of `LIFCircuit`."""

    rate: Hertz | None = None
    tau_mem: Seconds | None = None
    swing: Volts | None = None
    width: Metres | None = None
    c_mem: Farads | None = None


def neuron_design(base: LIFCircuit, request: DesignRequest, v_gs: Volts | None = None) -> Design | None:
    """The circuit that meets a request; None where nothing is requested.

    Raises: InputError for a request without a rate or beside a bias; DesignError for one that cannot be met.
    """
    given = {name: value for name, value in vars(request).items() if value is not None}
    if not given:
        return None
    if "rate" not in given:
        raise InputError(f"{', '.join(given)} without a rate: a design starts from --rate (Hz)")
    if v_gs is not None:
        raise InputError(f"v_gs = {v_gs:g} V and rate = {request.rate:g} Hz: the bias follows from the rate; give one")
    circuit = LIFCircuit()
    return design_neuron(**{"tau_mem": circuit.tau_mem, "swing": circuit.swing} | given, circuit=base)


def conventional_twins(design: Design, temperature: Kelvin) -> tuple[SourcedNeuron, ...]:
    """The designed neuron, and the same behaviour from conventional sources of current at that temperature."""
    transistor = neuron_circuit(LIFCircuit().device.name, None, temperature).device
    return tuple(source_comparison(design.circuit, conventional_sources(transistor)))


@dataclass(frozen=True)
class NeuronComparison:
    """A circuit beside published neurons of one scope, cheapest first."""

    circuit: LIFCircuit
    scope: str
    rows: tuple[ComparisonRow, ...]
    energy_per_spike: Joules
    area_f2: float  # of the circuit, in squares of the node


def compare_neuron(circuit: LIFCircuit, scope: str) -> NeuronComparison:
    """Published neurons beside the circuit. Raises: InputError for an unknown scope."""
    energy, area_f2 = spike_energy(circuit).total, neuron_area(circuit) / NODE**2
    return NeuronComparison(circuit, scope, tuple(compare(energy, scope=scope, area_f2=area_f2)), energy, area_f2)

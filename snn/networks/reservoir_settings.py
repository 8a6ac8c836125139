"""What a reservoir is made of: ear, encoding neurons, circuit, wiring, synapses and readouts.

Times and rates are those of the speech; the chip runs `neuron.acceleration` times faster.
"""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from circuits.device.btbt import btbt_current
from circuits.errors import InputError
from circuits.neuron.bias import gate_range
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.synapse import SynapseKernel
from circuits.units import Seconds
from snn.audio.ear_rows import Hearing
from snn.encoders.bsa import THRESHOLD, bsa_filter
from snn.networks.circuit_settings import CircuitSettings, middle
from snn.networks.lattice import Lattice
from snn.networks.spike_bins import ReadoutBins
from snn.plasticity.calcium import CalciumRule
from snn.plasticity.online_rule import Learning
from snn.settings import Span, inline, ordered, section

BSA_ROW: Seconds = 0.001  # Source: the parameter files of the software reservoir


@section
class InputSettings:
    """Currents to spikes of the input neurons: BTBT neurons, Ben's spiker algorithm or send-on-delta."""

    kind: Literal["lif", "bsa", "delta"] = "lif"
    gain: float = Field(17.0, gt=0)  # lif: current at full loudness, in rheobases
    tau_mem_s: float = Field(0.005, gt=0)  # lif
    delta_threshold: float = Field(0.1, gt=0)  # in units of full loudness
    bsa_threshold: float = Field(THRESHOLD, gt=0, le=1)  # of the error that a spike takes away


@section
class ChipSettings(CircuitSettings):
    """The circuit of every neuron of the chip."""

    t_refractory_s: float = Field(0.002, ge=0)

    def circuit(self) -> LIFCircuit:
        """The circuit with the leak of the published neuron, not yet that of a speed."""
        return self.bare(self.t_refractory_s / self.acceleration)


@section
class WiringSettings:
    """Neurons on a lattice, their synapses in fractions of the charge that fires a neuron."""

    lattice: Lattice = inline(Lattice(), shape="lattice", k=None)
    k_ee: float = Field(Lattice.k[0][0], ge=0, le=1)
    k_ei: float = Field(Lattice.k[0][1], ge=0, le=1)
    k_ie: float = Field(Lattice.k[1][0], ge=0, le=1)
    k_ii: float = Field(Lattice.k[1][1], ge=0, le=1)
    fan_out: int = Field(3, ge=1)  # reservoir neurons that a channel drives
    n_synapses: int = Field(0, ge=0)  # of input and reservoir together; 0: as drawn
    tau_mem_s: Span = (0.010, 0.040)  # drawn log-uniform
    signed_input: bool = False  # half of an input's synapses inhibit
    w_input: float = Field(0.7, gt=0)
    w_ee: float = Field(0.05, ge=0)
    w_ei: float = Field(0.05, ge=0)
    w_ie: float = Field(0.3, ge=0)  # taken away
    w_ii: float = Field(0.3, ge=0)
    order: Literal[0, 1, 2] = 0
    tau_exc_s: Span = (0.004, 0.008)  # rise and fall: order 1 has the second, order 2 both
    tau_inh_s: Span = (0.002, 0.004)
    pulse_s: float = Field(0.001, gt=0)  # order 0: how long a synapse's current flows
    delay_s: float = Field(0.001, gt=0)

    def __post_init__(self):
        for name in ("tau_mem_s", "tau_exc_s", "tau_inh_s"):
            ordered(name, getattr(self, name))
        for name in ("tau_exc_s", "tau_inh_s"):
            rise, fall = getattr(self, name)
            if self.order == 2 and rise == fall:
                raise InputError(f"{name} of order 2 must rise and fall at different times, got {[rise, fall]}")
        if self.delay_s < 0.1 * self.pulse_s:  # the engine's steps are no longer than a delay
            raise InputError(f"delay_s must be at least a tenth of pulse_s = {self.pulse_s:g} s, got {self.delay_s:g}")
        n = self.lattice.n_neurons
        if self.fan_out > n:
            raise InputError(f"fan_out must be at most the {n} neurons of the lattice, got {self.fan_out}")

    def layout(self) -> Lattice:
        """The lattice and its rule of connection."""
        return replace(self.lattice, k=((self.k_ee, self.k_ei), (self.k_ie, self.k_ii)))

    def kernel(self, speed: float) -> SynapseKernel:
        """The synapses in the time of the chip: pulses, or exponentials of one or two time constants."""
        (rise_exc, tau_exc), (rise_inh, tau_inh) = self.tau_exc_s, self.tau_inh_s
        times = {"tau_exc": tau_exc, "tau_inh": tau_inh} if self.order else {"t_pulse": self.pulse_s}
        times |= {"rise_exc": rise_exc, "rise_inh": rise_inh} if self.order == 2 else {}
        times["delay"] = self.delay_s
        return SynapseKernel(self.order, **{name: value / speed for name, value in times.items()})


@section
class ReservoirSettings:
    """What a reservoir and its readouts are made of."""

    name: str
    ear: Hearing = Hearing()
    input: InputSettings = InputSettings()
    neuron: ChipSettings = ChipSettings()
    reservoir: WiringSettings = WiringSettings()
    readout: ReadoutBins = ReadoutBins()
    learning: Learning = Learning()

    def __post_init__(self):
        if self.input.kind != "bsa":
            return
        try:
            bsa_filter(self.ear.row_s)
        except ValueError as error:
            limit = f"ear.row_s = {self.ear.row_s:g} s is too long for input.kind bsa"
            raise InputError(f"{limit}: {error}; set it to {BSA_ROW:g}") from error

    def circuit(self) -> LIFCircuit:
        """The circuit of a typical reservoir neuron, at the speed of the chip."""
        return circuit_for_tau(middle(self.reservoir.tau_mem_s) / self.neuron.acceleration, self.neuron.circuit())

    def require_reach(self, grown: float = 1.0) -> None:
        """Raise InputError if the device cannot deliver the largest current, of an input or a synapse.

        `grown`: how many times the weight that it starts with a synapse may learn.
        """
        circuit, speed, r = self.circuit(), self.neuron.acceleration, self.reservoir
        pulse_s = r.kernel(speed).device_pulse * speed
        low, _ = gate_range(circuit.device)
        most = float(btbt_current(circuit.device.v_ds - low, circuit.device, circuit.width))
        currents = {"input.gain": self.input.gain / self.input.tau_mem_s if self.input.kind == "lif" else 0.0}
        gains = {"w_input": 1.0, "w_ee": grown, "w_ei": grown, "w_ie": 1.0, "w_ii": 1.0}
        currents |= {f"reservoir.{name}": gain * getattr(r, name) / pulse_s for name, gain in gains.items()}
        key, largest = max(currents.items(), key=lambda item: item[1])
        if largest * speed * circuit.charge_per_weight > most:
            raise InputError(
                f"{key} at an acceleration of {speed:g} asks for {largest * speed * circuit.charge_per_weight:.3g} A, "
                f"{circuit.device.name} gives at most {most:.3g} A; lower neuron.acceleration or {key}"
            )

    def readout_circuit(self) -> LIFCircuit:
        """The circuit of a readout neuron: a leak of its own, the sink `readout_floor` swings below its reset.

        Its comparator is that of a reservoir neuron.
        """
        circuit, neuron = self.circuit(), self.learning.rule.neuron
        own = replace(circuit, g_leak=circuit.c_mem * self.neuron.acceleration / neuron.tau_mem)
        if not neuron.v_floor or circuit.v_sink >= circuit.v_reset:
            return own
        return replace(own, v_threshold=circuit.v_reset + (circuit.v_sink - circuit.v_reset) / neuron.v_floor)

    def rule(self) -> CalciumRule:
        """The rule of the readout neurons, whose comparators draw crowbar current as the circuit's do."""
        rule, circuit = self.learning.rule, self.readout_circuit()
        return replace(rule, neuron=replace(rule.neuron, window=circuit.v_crowbar / circuit.swing))

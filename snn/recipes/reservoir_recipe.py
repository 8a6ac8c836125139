"""A recipe of a reservoir: ear, encoding neurons, wiring, synapses, readout and on-chip learning of one experiment.

Times and rates are those of the speech; the chip runs `neuron.acceleration` times faster.
"""

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, model_validator

from circuits.device.btbt import DEVICES, btbt_current
from circuits.errors import InputError
from circuits.neuron.bias import gate_range
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.units import Seconds
from snn.encoders.bsa import THRESHOLD as BSA_THRESHOLD
from snn.encoders.bsa import bsa_filter
from snn.networks.lattice import Lattice
from snn.plasticity.calcium import CalciumRule, Mode
from snn.plasticity.stdp import STDPRule
from snn.recipes.data_section import DataConfig
from snn.recipes.settings import Device, Section, Span, ordered

RULE, STDP = CalciumRule(), STDPRule()
BSA_ROW: Seconds = 0.001  # Source: the parameter files of the software reservoir


class EarConfig(Section):
    """Filter bank and loudness: sound to `n_channels` currents. Signals of other kinds need only the last four keys."""

    bank: Literal["gammatone", "lyon", "mel"] = "gammatone"
    sample_rate: int | None = Field(None, ge=1000, le=192_000)  # None takes the rate of the recordings
    n_channels: int = Field(20, ge=1, le=512)
    f_min_hz: float | None = Field(None, gt=0)  # None: 100 Hz; lyon begins where its filters are as wide as deep
    f_max_hz: float | None = Field(None, gt=0)
    row_s: float = Field(0.005, gt=0, le=0.025)  # how long a current is held
    exponent: float = Field(0.5, gt=0, le=4)  # of the amplitude: loudness
    level: Literal["clip", "running", "none"] = "clip"  # the last two need no future, so they stream
    duration_s: float = Field(2.0, gt=0, le=60)  # longer clips are cut


class InputConfig(Section):
    """Currents to spikes of the input neurons: BTBT neurons, Ben's spiker algorithm or send-on-delta."""

    kind: Literal["lif", "bsa", "delta"] = "lif"
    gain: float = Field(17.0, gt=0)  # lif: current at full loudness, in rheobases
    tau_mem_s: float = Field(0.005, gt=0)  # lif
    delta_threshold: float = Field(0.1, gt=0)  # in units of full loudness
    bsa_threshold: float = Field(BSA_THRESHOLD, gt=0, le=1)  # of the error that a spike takes away


class CircuitConfig(Section):
    """The circuit of every neuron."""

    device: Device = DEVICES["32nm-pdsoi"]
    width_m: float = Field(0.45e-6, gt=0)
    c_mem_f: float = Field(0.5e-15, gt=0)
    v_threshold_v: float = Field(0.4, gt=0, lt=0.9)  # below the supply
    v_sink_v: float = Field(-0.4, ge=-0.9, le=0)  # ASSUMED: sources one swing above ground, so that inhibition has room
    t_refractory_s: float = Field(0.002, ge=0)
    acceleration: float = Field(1000.0, gt=0)  # chip speed over real time; the neurons of the chip fire at 100 kHz

    def circuit(self) -> LIFCircuit:
        """The circuit with the leak of the published neuron, not yet that of a speed."""
        return LIFCircuit(
            device=self.device,
            width=self.width_m,
            c_mem=self.c_mem_f,
            v_threshold=self.v_threshold_v,
            v_sink=self.v_sink_v,
            t_refractory=self.t_refractory_s / self.acceleration,
        )


class ReservoirConfig(Section):
    """Neurons on a lattice, their synapses in fractions of the charge that fires a neuron."""

    lattice: tuple[int, ...] = (3, 3, 4)
    r0: float = Field(2.0, gt=0)
    k_ee: float = Field(0.45, ge=0, le=1)
    k_ei: float = Field(0.30, ge=0, le=1)
    k_ie: float = Field(0.60, ge=0, le=1)
    k_ii: float = Field(0.15, ge=0, le=1)
    inhibitory: float = Field(0.0, ge=0, le=1)
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

    @model_validator(mode="after")
    def _checked(self):
        for name in ("tau_mem_s", "tau_exc_s", "tau_inh_s"):
            ordered(name, getattr(self, name))
        for name in ("tau_exc_s", "tau_inh_s"):
            rise, fall = getattr(self, name)
            if self.order == 2 and rise == fall:
                raise InputError(f"{name} of order 2 must rise and fall at different times, got {[rise, fall]}")
        if self.delay_s < 0.1 * self.pulse_s:  # the engine's steps are no longer than a delay
            raise InputError(f"delay_s must be at least a tenth of pulse_s = {self.pulse_s:g} s, got {self.delay_s:g}")
        n = self.layout().n_neurons
        if self.fan_out > n:
            raise InputError(f"fan_out must be at most the {n} neurons of the lattice, got {self.fan_out}")
        return self

    @property
    def typical_tau_mem(self) -> Seconds:
        """The geometric mean of the shortest and the longest membrane time constant."""
        return (self.tau_mem_s[0] * self.tau_mem_s[1]) ** 0.5

    def layout(self) -> Lattice:
        """The lattice and its rule of connection."""
        k = ((self.k_ee, self.k_ei), (self.k_ie, self.k_ii))
        return Lattice(self.lattice, self.r0, k, self.inhibitory)


class ReadoutConfig(Section):
    """Spike counts in bins of time, from which a linear readout tells the word."""

    n_bins: int = Field(10, ge=1, le=1000)
    bins: Literal["clip", "fixed"] = "clip"  # equal parts of the clip, whose end is then known; or of `width_s`
    width_s: float = Field(0.050, gt=0)


class LearningConfig(Section):
    """The calcium-gated rule of the readout neurons: `snn.plasticity.calcium.CalciumRule` says what each key does."""

    mode: Mode = RULE.mode
    epochs: int = Field(20, ge=0, le=10_000)
    annealing: float = Field(0.85, gt=0, le=1)  # of the probabilities, epoch by epoch
    tau_calcium_s: float = Field(RULE.tau_calcium, gt=0, le=1000)  # so long that a clip is counted
    calcium_threshold: float = Field(RULE.threshold, gt=0)  # spikes
    margin: float = Field(RULE.margin, gt=0)  # spikes
    p_up: float = Field(RULE.p_up, ge=0, le=1)
    p_down: float = Field(RULE.p_down, ge=0, le=1)
    hold: bool = RULE.hold
    conserve: bool = RULE.conserve
    teacher: float = Field(RULE.teacher, ge=0)  # in swings of the readout neuron
    w_max: float = Field(RULE.grid.w_max, gt=0)  # in swings of the readout neuron
    n_levels: int = Field(RULE.grid.n_levels, ge=2, le=2**16)
    tau_readout_s: float = Field(RULE.neuron.tau_mem, gt=0)
    readout_refractory_s: float = Field(RULE.neuron.t_refractory, ge=0)
    readout_bias: float = Field(RULE.neuron.bias, ge=0)  # in swings: fires a neuron without evidence
    readout_floor: float = Field(RULE.neuron.v_floor, le=0)  # in swings: ASSUMED, 40 mV over a rail 0.4 V below


class PlasticityConfig(Section):
    """Learning of the recurrent synapses themselves, before a readout is fitted: STDP, alone or under reward."""

    rule: Literal["none", "stdp", "reward"] = "none"
    passes: int = Field(1, ge=1, le=1000)  # over the training clips
    a_plus: float = Field(STDP.a_plus, ge=0)  # levels for each pair
    a_minus: float = Field(STDP.a_minus, ge=0)
    max_gain: float = Field(2.0, ge=1)  # of the strength at the start
    levels: int = Field(15, ge=2, le=2**16)  # from none to max_gain; the strength at the start is one of them

    def require_start(self) -> None:
        """Raise ValueError where the strength at the start is no level."""
        start = (self.levels - 1) / self.max_gain
        if self.rule != "none" and abs(start - round(start)) > 1e-9:
            raise InputError(
                f"{self.levels} levels up to max_gain = {self.max_gain:g} do not hold the strength at the start; "
                f"(levels - 1) / max_gain must be whole, got {start:g}"
            )


class ComparisonConfig(Section):
    """What the chip is measured against, beside its own inputs."""

    eprop_epochs: int = Field(0, ge=0, le=10_000)  # of as many neurons whose weights e-prop trains; 0: none


class TrainingConfig(Section):
    """Random draws: wiring, and the order of the clips for the online rule."""

    seed: int = Field(0, ge=0, lt=2**31)


class ReservoirRecipe(Section):
    """One experiment with a reservoir."""

    name: str
    title: str = ""
    data: DataConfig = DataConfig()
    ear: EarConfig = EarConfig()
    input: InputConfig = InputConfig()
    neuron: CircuitConfig = CircuitConfig()
    reservoir: ReservoirConfig = ReservoirConfig()
    readout: ReadoutConfig = ReadoutConfig()
    learning: LearningConfig = LearningConfig()
    plasticity: PlasticityConfig = PlasticityConfig()
    comparison: ComparisonConfig = ComparisonConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="before")
    @classmethod
    def _rows_for_bsa(cls, table: Any) -> Any:
        """Ben's spiker algorithm has taps of a millisecond: rows as short, unless the recipe says otherwise."""
        if not isinstance(table, dict) or not isinstance(table.get("input"), dict | None):
            return table
        ear, kind = table.get("ear", {}), (table.get("input") or {}).get("kind")
        if kind != "bsa" or not isinstance(ear, dict):
            return table
        return table | {"ear": {"row_s": BSA_ROW} | ear}

    @model_validator(mode="after")
    def _fits(self):
        if self.input.kind == "bsa":
            try:
                bsa_filter(self.ear.row_s)
            except ValueError as error:
                limit = f"ear.row_s = {self.ear.row_s:g} s is too long for input.kind bsa"
                raise InputError(f"{limit}: {error}; set it to {BSA_ROW:g}") from error
        self._require_reach()
        return self

    def _require_reach(self) -> None:
        """Raise ValueError if the device cannot deliver the largest current, of an input or a synapse."""
        circuit, speed, r = self.circuit(), self.neuron.acceleration, self.reservoir
        low, _ = gate_range(circuit.device)
        most = float(btbt_current(circuit.device.v_ds - low, circuit.device, circuit.width))
        currents = {"input.gain": self.input.gain / self.input.tau_mem_s if self.input.kind == "lif" else 0.0}
        grown = self.plasticity.max_gain if self.plasticity.rule != "none" else 1.0
        gains = {"w_input": 1.0, "w_ee": grown, "w_ei": grown, "w_ie": 1.0, "w_ii": 1.0}
        currents |= {f"reservoir.{name}": gain * getattr(r, name) / r.pulse_s for name, gain in gains.items()}
        key, largest = max(currents.items(), key=lambda item: item[1])
        if largest * speed * circuit.charge_per_weight > most:
            raise InputError(
                f"{key} at an acceleration of {speed:g} asks for {largest * speed * circuit.charge_per_weight:.3g} A, "
                f"{circuit.device.name} gives at most {most:.3g} A; lower neuron.acceleration or {key}"
            )

    def readout_circuit(self) -> LIFCircuit:
        """The circuit of a readout neuron: a leak of its own, the sink `readout_floor` swings below its reset.

        Its comparator is starved like that of a reservoir neuron, since it fires as fast.
        """
        circuit, floor, tau = self.circuit(), self.learning.readout_floor, self.learning.tau_readout_s
        own = replace(circuit, g_leak=circuit.c_mem * self.neuron.acceleration / tau)
        if not floor or circuit.v_sink >= circuit.v_reset:
            return own
        return replace(own, v_threshold=circuit.v_reset + (circuit.v_sink - circuit.v_reset) / floor)

    def circuit(self) -> LIFCircuit:
        """The circuit of a typical reservoir neuron, at the speed of the chip."""
        return circuit_for_tau(self.reservoir.typical_tau_mem / self.neuron.acceleration, self.neuron.circuit())

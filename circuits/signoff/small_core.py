"""A small recurrent core signed off in transistors: ngspice beside the engine, which runs the calibrated circuit.

The crossbar is full: a crosspoint loads its membrane whether it has a weight or not, so each neuron is calibrated under
its own load. All synapses excite. What is ideal stands in `circuits.transistor.crossbar`.

An output rises some time after its membrane meets the threshold. The circuit has that delay in its refractory time; the
engine's outputs, and the pulses that follow them, therefore come `comparator_delay` after its spikes.
"""

from dataclasses import dataclass, replace

import numpy as np

from circuits.device.btbt import bias_for_current
from circuits.ledger import Ledger, ledger_of
from circuits.netlist.match import Matching, match_spikes
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel
from circuits.signoff.run import by_supply
from circuits.transient import population, simulate_network
from circuits.transistor.behavioural import Calibration, calibrate
from circuits.transistor.cards import Cards
from circuits.transistor.crossbar import Crossbar, run_core
from circuits.transistor.schematic import NeuronCell
from circuits.units import Seconds, freeze_si, nm, ns, pA, require, us

LEAST_MATCHED = 0.95  # of the spikes, to be signed off
BIN_OF_INTERVAL = 0.1  # largest distance of two spikes that match, over the mean interval of a neuron
FITTED, CHECKED = (0.5, 1.0, 2.0), (0.7, 1.4)  # of the neuron's bias current
NO_LEAK: Seconds = 1e8  # a time constant as good as none


# A crosspoint is as wide as a source: so narrow that a column of them loads a membrane less than its own gates do
CORE_CELL = NeuronCell(source_width=100 * nm, v_gate=-0.8)


@dataclass(frozen=True)
class SmallCore:
    """A random core: how large, how long, and in which range its currents are drawn."""

    n_neurons: int = 4
    n_inputs: int = 2
    seed: int = 0
    duration: Seconds = 60 * us
    bias: tuple[float, float] = (60 * pA, 120 * pA)  # A, least and largest
    synapse: tuple[float, float] = (40 * pA, 120 * pA)  # A, while the pulse lasts
    t_pulse: Seconds = 500 * ns
    delay: Seconds = 100 * ns
    input_interval: Seconds = 5 * us  # mean
    connected: float = 0.5  # of the pairs of different neurons

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_neurons", 1 <= self.n_neurons <= 12, "in 1..12: ngspice takes minutes for more")
        require(self, "n_inputs", 0 <= self.n_inputs <= 12, "in 0..12")
        for name in ("bias", "synapse"):
            least, most = getattr(self, name)
            require(self, name, 0 < least <= most, "positive, the least first (A)")
        for name in ("duration", "t_pulse", "delay"):
            require(self, name, getattr(self, name) > 0, "positive")
        require(self, "input_interval", self.input_interval > self.least_interval, f"above {self.least_interval:g} s")
        require(self, "connected", 0 <= self.connected <= 1, "in 0..1")

    @property
    def least_interval(self) -> Seconds:
        """Of two spikes of an input: their pulses stay apart."""
        return self.delay + 2 * self.t_pulse


@dataclass(frozen=True, eq=False)
class SmallSignOff:
    """A core by both: spikes matched, energy by supply, and the calibration that the engine ran."""

    core: SmallCore
    calibrations: tuple[Calibration, ...]  # of each neuron under its own load
    matching: Matching
    spikes: SpikeTrains  # of the transistors
    expected: SpikeTrains  # of the engine
    energy_transistor: Ledger[float]
    energy_engine: Ledger[float]

    @property
    def passed(self) -> bool:
        """Silence proves nothing."""
        return self.matching.n_expected > 0 and self.matching.matched >= LEAST_MATCHED

    @property
    def mean_interval(self) -> Seconds:
        """Of a neuron, by the engine."""
        return _mean_interval(self.expected)


def sign_off_small(
    cell: NeuronCell, cards: Cards, core: SmallCore | None = None, n_jobs: int | None = -1
) -> SmallSignOff:
    """Draw a core, calibrate each loaded neuron, simulate it in transistors and in the engine, and compare.

    Raises:  InputError, WorkError and OSError as `calibrate` and `run_core`.
    """
    core = core or SmallCore()
    currents, bias, inputs = _drawn(core)
    device, width = cell.device, cell.source_width
    gates = np.where(currents > 0, bias_for_current(np.maximum(currents, 1 * pA), device, width), cell.v_off)
    v_bias = bias_for_current(bias, device, width)
    calibrations = tuple(_calibrate(cell, cards, v_bias[i], gates[:, i], n_jobs) for i in range(core.n_neurons))
    circuits = [one.circuit for one in calibrations]
    crossbar = Crossbar(gates, v_bias, np.array([one.v_reset for one in circuits]), core.delay, core.t_pulse)
    found = run_core(cell, cards, crossbar, inputs, core.duration)
    lags = np.array([one.comparator_delay for one in calibrations])
    chip = _chip(core, circuits[0], currents, bias, float(lags.mean()))
    early = tuple(times - lags.mean() for times in inputs)  # an input has no comparator
    neurons = population(circuits)
    engine = simulate_network(chip, Stimulus(core.duration, early), neurons=neurons)
    outputs = [engine.train(i) + lag for i, lag in enumerate(lags)]
    expected = spike_trains([times[times < core.duration] for times in outputs], core.duration)
    drawn = by_supply(engine.energy, neurons).parts
    return SmallSignOff(
        core, calibrations,
        match_spikes(expected, found.spikes, bin=BIN_OF_INTERVAL * _mean_interval(expected)),
        found.spikes, expected,
        ledger_of({"membrane": found.membrane, "logic": found.switching}),
        ledger_of({"membrane": drawn["membrane"], "logic": sum(drawn.values()) - drawn["membrane"]}),
    )  # fmt: skip


def _calibrate(cell: NeuronCell, cards: Cards, v_gate: float, gates: np.ndarray, n_jobs: int | None) -> Calibration:
    """The circuit of a neuron with its bias, under the load of its crosspoints."""
    loaded = replace(cell, v_gate=float(v_gate), crosspoints=tuple(map(float, gates)))
    return calibrate(loaded, cards, n_jobs=n_jobs, fitted=FITTED, checked=CHECKED)


def _drawn(core: SmallCore) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Currents of crosspoints `(row, neuron)` and biases `(neuron,)` (A), and spike times of the inputs (s)."""
    rng, n = np.random.default_rng(core.seed), core.n_neurons
    currents = rng.uniform(*core.synapse, (core.n_inputs + n, n))
    there = rng.random((n, n)) < core.connected
    np.fill_diagonal(there, False)
    currents[core.n_inputs :] *= there
    least = core.least_interval
    n_times = int(2 * core.duration / core.input_interval) + 8
    gaps = least + rng.exponential(core.input_interval - least, (core.n_inputs, n_times))
    times = np.cumsum(gaps, axis=1)
    return currents, rng.uniform(*core.bias, n), tuple(row[row < core.duration] for row in times)


def _chip(core: SmallCore, circuit: LIFCircuit, currents: np.ndarray, bias: np.ndarray, lag: Seconds) -> ChipNetwork:
    """The core on a calibrated circuit: each weight the charge of its pulse, over that of a spike."""
    weights, n = currents * core.t_pulse / circuit.charge_per_weight, core.n_neurons
    tau_mem = np.full(n, min(circuit.tau_mem, NO_LEAK))
    layer = LayerSpec(
        "core", "lif", weights[: core.n_inputs], bias * core.t_pulse / circuit.charge_per_weight, tau_mem, np.ones(n),
        weights[core.n_inputs :],
    )  # fmt: skip
    kernel = SynapseKernel(t_pulse=core.t_pulse, delay=core.delay + lag)
    return ChipNetwork(NetworkSpec("small core", core.t_pulse, (layer,), event_driven=True), circuit, synapse=kernel)


def _mean_interval(spikes: SpikeTrains) -> Seconds:
    return spikes.duration * spikes.n_neurons / max(spikes.times.size, 1)

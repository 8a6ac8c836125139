"""A reservoir of BTBT neurons: currents or spikes in, spikes out, every membrane the circuit's own.

    input neurons -> reservoir on a lattice (recurrent);   weight 1 = the charge that fires a neuron

The network is plain data (`ChipNetwork`) in the time of the chip, which runs `acceleration` times faster than speech;
the transient engine runs it from event to event. Source of the architecture: the 45 nm chip of 20 + 36 neurons (IEEE
TCAS-I 2022, 10.1109/TCSI.2022.3172176), whose wiring is not published: Maass et al. 2002, see `snn.networks.lattice`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from circuits.errors import InputError
from circuits.ledger import Ledger
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.network.stimulus import Stimulus
from circuits.processes import n_threads
from circuits.transient import Population, Transient, simulate_network
from circuits.units import Seconds
from snn.networks.lattice import connect, fan_out
from snn.networks.reservoir_settings import InputSettings, ReservoirSettings, WiringSettings
from snn.reporter import Reporter

INPUT, RESERVOIR = "input", "reservoir"  # names of the populations
CHUNK = 64  # clips between two moves of the progress bar


class Wires(NamedTuple):
    """What is drawn, or learned, of a reservoir; weights in fractions of the charge that fires a neuron."""

    weights: np.ndarray  # (input, neuron)
    recurrent: np.ndarray  # (neuron, neuron)
    tau_mem: np.ndarray  # (neuron,), s, of the speech


@dataclass(frozen=True, eq=False)
class Response:
    """What the chip did in one clip: spikes in the time of the speech, inputs first; energy (J) by part."""

    spikes: SpikeTrains
    energy: Ledger[np.ndarray]  # each part `(neuron,)`, external channels left out


@dataclass(frozen=True, eq=False)
class Reservoir:
    """A wired reservoir, in the time of the chip."""

    chip: ChipNetwork
    acceleration: float
    n_input: int

    @property
    def network(self) -> NetworkSpec:
        return self.chip.network

    @property
    def n_reservoir(self) -> int:
        return self.network.layer(RESERVOIR).n_neurons

    @property
    def n_synapses(self) -> int:
        return self.network.n_synapses

    def stimulus(self, clip: np.ndarray | SpikeTrains) -> Stimulus:
        """A clip as the chip meets it: rows of signal `(row, channel)`, or spikes in the time of the speech."""
        if isinstance(clip, SpikeTrains):
            trains = tuple(clip.train(channel) / self.acceleration for channel in range(clip.n_neurons))
            return Stimulus(clip.duration / self.acceleration, trains)
        return Stimulus(len(clip) * self.network.dt, signal=clip)

    def simulate(self, stimulus: Stimulus, neurons: Population | None = None) -> Transient:
        """Run one stimulus from rest; `neurons` stand in for those of the network, mismatched ones for example."""
        return simulate_network(self.chip, stimulus, neurons=neurons, n_jobs=1)

    def respond(self, clip: np.ndarray | SpikeTrains, neurons: Population | None = None) -> Response:
        """Run one clip from rest, see `simulate`."""
        stimulus = self.stimulus(clip)
        run = self.simulate(stimulus, neurons)
        trains = [times * self.acceleration for times in run.trains]
        if isinstance(clip, SpikeTrains):
            trains = [*(clip.train(channel) for channel in range(clip.n_neurons)), *trains]
        return Response(spike_trains(trains, stimulus.duration * self.acceleration), run.energy)

    def respond_all(
        self, clips: Sequence[np.ndarray | SpikeTrains], neurons: Population | None = None, n_jobs: int = -1
    ) -> list[Response]:
        """Run many clips, each from rest, on threads."""
        return Parallel(n_threads(n_jobs, len(clips)), prefer="threads")(
            delayed(self.respond)(clip, neurons) for clip in clips
        )


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips after the chip: what drove it, and its response to each."""

    inputs: tuple[np.ndarray | SpikeTrains, ...]
    responses: tuple[Response, ...]
    labels: np.ndarray
    n_input: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def encoder(self) -> list[SpikeTrains]:
        """Spikes of the inputs, clip by clip."""
        return [response.spikes.select(0, self.n_input) for response in self.responses]

    @property
    def reservoir(self) -> list[SpikeTrains]:
        """Spikes of the reservoir, clip by clip."""
        return [response.spikes.select(self.n_input, response.spikes.n_neurons) for response in self.responses]


def run_clips(
    reservoir: Reservoir,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
    reporter: Reporter = Reporter(),
    what: str = "running clips",
) -> Heard:
    """Every clip through the chip, each from rest."""
    responses: list[Response] = []
    for start in range(0, len(inputs), CHUNK):
        responses += reservoir.respond_all(inputs[start : start + CHUNK])
        reporter.on_stage(what, len(responses), len(inputs))
    return Heard(tuple(inputs), tuple(responses), labels, reservoir.n_input)


def measure(
    reservoir: Reservoir, inputs: Sequence[np.ndarray | SpikeTrains], responses: Sequence[Response]
) -> Activity:
    """Mean activity of one clip, per neuron; `inputs` are what drove the chip."""
    network, circuit, n = reservoir.network, reservoir.chip.circuit, len(responses)
    counts = sum(response.spikes.counts for response in responses) / n
    near = sum(response.energy.count("crowbar") for response in responses) / n  # s
    external = network.n_external
    sizes = np.cumsum([0, *(layer.n_neurons for layer in network.layers)])
    parts = {layer.name: slice(a, a + layer.n_neurons) for layer, a in zip(network.layers, sizes, strict=False)}
    return Activity(
        n_clips=n,
        duration=float(np.mean([response.spikes.duration for response in responses])) / reservoir.acceleration,
        spikes={name: counts[external:][part] for name, part in parts.items()},
        near_threshold={name: near[part] for name, part in parts.items()},
        window=circuit.crowbar_window,
        input_spikes=counts[:external],
        encoder_charge=np.zeros(0) if external else _signal_charge(reservoir, inputs),
    )


def _signal_charge(reservoir: Reservoir, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Charge that the signal brings to each input neuron in a clip, in units of q, `(neuron,)`."""
    layer = reservoir.network.layers[0]
    return sum(np.maximum(rows @ layer.weights + layer.bias, 0.0).sum(axis=0) for rows in inputs) / len(inputs)


def engine_energy(responses: Sequence[Response]) -> Ledger[float]:
    """Energy of a clip as the transient engine integrates it, mean over the clips, sum over all neurons."""
    return sum((response.energy for response in responses), Ledger()).by("part") * (1 / len(responses))


def draw_wiring(settings: ReservoirSettings, n_inputs: int, rng: np.random.Generator) -> Wires:
    """Draw input synapses, lattice and time constants, in this order.

    The inputs share the synapses that `fan_out` gives the channels of the ear, however many lines a signal has.

    Raises:  InputError, with the remedy, if the number of synapses cannot be drawn.
    """
    config = settings.reservoir
    weights = fan_out(n_inputs, config.layout().n_neurons, config.fan_out * settings.ear.n_channels, rng)
    inhibitory, synapses = _connected(config, round(weights.sum()), rng)
    low, high = np.log(config.tau_mem_s)
    return Wires(
        weights=config.w_input * (_signed(weights) if config.signed_input else weights),
        recurrent=synapses * _strengths(config, inhibitory),
        tau_mem=np.exp(rng.uniform(low, high, len(inhibitory))),
    )


def _connected(config: WiringSettings, n_input: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Kinds and synapses of the lattice, as many as `n_input` of the inputs leave."""
    if not config.n_synapses:
        return connect(config.layout(), rng)
    try:
        return connect(config.layout(), rng, config.n_synapses - n_input)
    except ValueError as error:
        drawn = n_input + int(connect(config.layout(), rng)[1].sum())
        raise InputError(
            f"n_synapses = {config.n_synapses}, {n_input} of them of the inputs (fan_out for each of ear.n_channels, "
            f"at least one a line): {error}; set n_synapses near {drawn}, or 0 to take them as drawn"
        ) from error


def build_reservoir(settings: ReservoirSettings, scale: np.ndarray, wires: Wires) -> Reservoir:
    """The chip of these settings with these wires.

    Args:  scale: gain of each channel's neuron beside that of the settings, `(channel,)`.
    """
    speed, n = settings.neuron.acceleration, len(wires.tau_mem)
    reservoir = LayerSpec(
        name=RESERVOIR,
        kind="lif",
        weights=wires.weights,
        bias=np.zeros(n),
        tau_mem=wires.tau_mem / speed,
        v_threshold=np.ones(n),
        recurrent=wires.recurrent,
    )
    dt = settings.ear.row_s / speed
    first = (_input_layer(settings.input, scale, dt, speed),) if settings.input.kind == "lif" else ()
    circuit = settings.circuit()
    network = NetworkSpec(
        settings.name,
        dt,
        (*first, reservoir),
        input_name=_input_name(settings),
        event_driven=True,
        v_floor=circuit.v_floor,
    )
    kernel = settings.reservoir.kernel(speed)
    chip = ChipNetwork(network, circuit, synapse=kernel, chip=settings.neuron.chip)
    return Reservoir(chip, speed, len(wires.weights))


def _input_layer(config: InputSettings, scale: np.ndarray, dt: Seconds, speed: float) -> LayerSpec:
    """One BTBT neuron for each channel, driven by `gain scale x` rheobases, q / tau each, while the signal is x."""
    n, tau = len(scale), config.tau_mem_s / speed
    drive = np.diag(config.gain * scale) * dt / tau  # charge of a row
    return LayerSpec(INPUT, "encoder", drive, np.zeros(n), np.full(n, tau), np.ones(n))


def _signed(weights: np.ndarray) -> np.ndarray:
    """Every second synapse of an input turned into an inhibitory one."""
    order = np.cumsum(weights != 0, axis=1)
    return np.where(order % 2 == 0, -weights, weights)


def _strengths(config: WiringSettings, inhibitory: np.ndarray) -> np.ndarray:
    """Weight of a synapse by the kinds of its neurons, `(from, to)`."""
    table = np.array([[config.w_ee, config.w_ei], [-config.w_ie, -config.w_ii]])
    kind = inhibitory.astype(int)
    return table[kind[:, None], kind[None]]


def _input_name(settings: ReservoirSettings) -> str:
    """What drives the first layer, in words and numbers."""
    ear = settings.ear
    return (
        f"{ear.n_channels} channels of a {ear.ear.bank} filter bank, amplitude to the {ear.exponent:g}, "
        f"level by {ear.level}, rows of {ear.row_s:g} s; in chip time, "
        f"speech {settings.neuron.acceleration:g} times faster"
    )

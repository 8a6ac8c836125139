"""A trained network as circuits through time: every neuron and synapse of its `Wiring`, simulated event by event."""

import numpy as np

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.population import Population, population
from circuits.transient.result import Transient
from circuits.transient.simulate import simulate
from circuits.units import Seconds, Volts

OUT_OF_REACH: Volts = 1e6  # threshold of a readout, which never spikes; minus this is the rail that it has not


def simulate_network(
    chip: ChipNetwork,
    stimulus: Stimulus,
    *,
    neurons: Population | None = None,
    record: tuple[int, ...] = (),
    n_jobs: int | None = None,
) -> Transient:
    """The circuits of a chip's network under a stimulus; neurons in the order of its layers, readouts among them.

    Bias and signal are currents; after each spike flows the charge w q, as `chip.synapse` has it for the sign of w.
    `neurons` stand in for those of the network, in the same order: mismatched ones for example.
    Raises: InputError for an adaptive layer, and for a stimulus that does not fit.
    """
    stimulus.require_fits(chip.network)
    wiring, name = wire(chip), chip.network.name
    if wiring.adaptive.any():
        raise InputError(f"{name!r} has adaptive neurons, of which no circuit is published; train plain lif layers")
    if neurons is not None and len(neurons) != wiring.n_neurons:
        raise InputError(f"{len(neurons)} neurons stand in for the {wiring.n_neurons} of {name!r}; give one for each")
    return simulate_wires(wiring, stimulus, neurons=neurons, record=record, n_jobs=n_jobs)


def simulate_wires(
    wiring: Wiring,
    stimulus: Stimulus,
    *,
    neurons: Population | None = None,
    record: tuple[int, ...] = (),
    n_jobs: int | None = None,
) -> Transient:
    """`simulate_network` of wires that may be no network's, as those at a corner under nominal gate biases."""
    currents, dt_in = _currents(wiring, stimulus)
    return simulate(
        neurons_of(wiring) if neurons is None else neurons, stimulus.duration, i_in=currents, dt_in=dt_in,
        spikes_in=_spikes(wiring, stimulus), connections=_connections(wiring), record=record, n_jobs=n_jobs,
    )  # fmt: skip


def neurons_of(wiring: Wiring) -> Population:
    """The neurons of the network; a readout integrates without threshold or rail."""
    return population(
        wiring.circuit,
        wiring.n_neurons,
        g_leak=wiring.g_leak,
        v_threshold=np.where(wiring.spiking, wiring.v_threshold, OUT_OF_REACH),
        v_sink=np.where(wiring.spiking, wiring.circuit.v_sink, -OUT_OF_REACH),
    )


def _currents(wiring: Wiring, stimulus: Stimulus) -> tuple[np.ndarray, Seconds | None]:
    """Bias and signal currents (A), `(neuron,)` or one row for each step of the signal; every signal is 1 if none is
    given."""
    if stimulus.signal is None:
        return wiring.bias + wiring.signal.sum(axis=0), None
    return wiring.bias + stimulus.signal @ wiring.signal, wiring.dt


def _spikes(wiring: Wiring, stimulus: Stimulus) -> SpikeInput | None:
    if not wiring.n_external:
        return None
    trains = stimulus.spikes or ((),) * wiring.n_external
    channels = np.repeat(np.arange(wiring.n_external), [len(train) for train in trains])
    return SpikeInput(np.concatenate([np.asarray(train, dtype=float) for train in trains]), channels, wiring.n_external)


def _connections(wiring: Wiring) -> list[Connections]:
    """All synapses of order 0; else a group of each sign that there is."""
    kernel, (source, target) = wiring.kernel, np.nonzero(wiring.synapses)
    charge = wiring.synapses[source, target] * wiring.t_pulse
    kinds = ((1, charge > 0), (-1, charge < 0)) if kernel.order else ((1, np.full(charge.shape, True)),)
    return [
        Connections(
            source[k], target[k], charge[k], wiring.n_external, kernel.delay, order=kernel.order, **kernel.times(sign)
        )
        for sign, k in kinds
        if k.any() or not kernel.order
    ]

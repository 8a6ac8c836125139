"""ngspice simulates the netlist of a core and spikes, and draws energy, as closed forms and the engine say."""

import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist.bench_stimulus import disturbed, expected
from circuits.netlist.expected import spike_times
from circuits.netlist.match import match_spikes
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import spike_trains
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau, period, rise_time
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.synapse import SynapseKernel
from circuits.signoff import core_deck, pooled, sign_off, sign_offs
from circuits.transient import simulate_network

with_ngspice = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

TAU, DT = 20e-6, 1e-6
CIRCUIT = circuit_for_tau(TAU, LIFCircuit(t_refractory=2e-6))
SYNAPSE = SynapseKernel(t_pulse=1e-6, delay=1e-6)
NS = 1e-9


def layer(name, kind, weights, recurrent=None, bias=0.0, circuit=CIRCUIT):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, bias), np.full(n, circuit.tau_mem), np.ones(n), recurrent)


def encoder(currents, circuit=CIRCUIT):
    """Neuron i takes signal i; a signal of 1 is this current (A)."""
    return layer("encoder", "encoder", np.diag(currents) * DT / circuit.charge_per_weight, circuit=circuit)


def chip(name, *layers, circuit=CIRCUIT, synapse=SYNAPSE):
    return ChipNetwork(NetworkSpec(name, DT, layers), circuit, synapse=synapse)


def compared(net, stimulus, **limits):
    return sign_off(net, stimulus, simulate_network(net, stimulus), **limits)


def core(seed, n_in=20, n=36, n_synapses=256, fan_out=4):
    """Encoders onto a random recurrent reservoir, two weights, one in five recurrent synapses inhibitory."""
    rng = np.random.default_rng(seed)
    inward, recurrent = np.zeros((n_in, n)), np.zeros((n, n))
    for row in inward:
        row[rng.choice(n, fan_out, replace=False)] = 0.5
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    for k in rng.choice(len(pairs), n_synapses - n_in * fan_out, replace=False):
        recurrent[pairs[k]] = rng.choice([0.15, -0.15], p=[0.8, 0.2])
    rheobase = CIRCUIT.rheobase
    return chip("core", encoder(np.full(n_in, 2 * rheobase)), layer("reservoir", "lif", inward, recurrent))


def envelopes(n_rows, n_signals, seed, width=50):
    """Smooth random signals, not negative, about 0.6 on average."""
    rng = np.random.default_rng(seed)
    window = np.hanning(4 * width)
    noise = rng.standard_normal((n_rows + 4 * width - 1, n_signals))
    smooth = np.stack([np.convolve(column, window, "valid") for column in noise.T], axis=1)
    return np.clip(0.6 + 0.5 * smooth / smooth.std(), 0, None)


@with_ngspice
@pytest.mark.parametrize("delay", [0.3e-6, 1e-6])
def test_a_pulse_begins_its_delay_after_the_spike(delay):
    """One spike of weight 1.4 fires the target when its pulse, delay late, has lifted it to threshold."""
    drive, weight = 3 * CIRCUIT.rheobase, 1.4
    layers = encoder([drive]), layer("target", "lif", np.array([[weight]]))
    net = chip("pair", *layers, synapse=SynapseKernel(t_pulse=1e-6, delay=delay))
    first = rise_time(CIRCUIT, drive, 0.0, CIRCUIT.v_threshold)
    into = rise_time(CIRCUIT, weight * CIRCUIT.charge_per_weight / 1e-6, 0.0, CIRCUIT.v_threshold)
    done = compared(net, Stimulus(15e-6))
    assert done.spikes.train(0)[0] == pytest.approx(first, abs=2 * NS)
    assert done.spikes.train(1)[0] == pytest.approx(first + delay + into, abs=4 * NS)


@with_ngspice
def test_energy_at_the_supplies_is_the_closed_form():
    """Ten periods at a constant current: each supply delivers ten times its part of the energy of a spike.

    The crowbar window of 4 us begins at a step of the solver, 50 ns at most.
    """
    drive, n = 3 * CIRCUIT.rheobase, 10
    duration = n * period(CIRCUIT, drive) - 1e-6  # ends within the tenth refractory time
    done = compared(chip("one", encoder([drive])), Stimulus(duration))
    assert done.spikes.counts.tolist() == [n]
    one = spike_energy(CIRCUIT, drive)
    expected = {
        "membrane": (drive + CIRCUIT.drain_leak) * duration * CIRCUIT.device.v_ds,
        "switching": n * (one["control"] + one["reset"]),
        "crowbar": n * one["crowbar"],
        "static": CIRCUIT.i_static * CIRCUIT.v_dd * duration,
    }
    assert done.energy_spice.parts == pytest.approx(expected, rel=0.0125, abs=0)
    assert done.energy_engine.parts == pytest.approx(expected, rel=5e-3, abs=0)


@with_ngspice
def test_a_synapse_draws_its_weight_times_q_from_the_drain_supply():
    """Excitation draws w q V_DS for each spike; inhibition is a sink and draws nothing."""
    drive = 3 * CIRCUIT.rheobase
    alone = chip("alone", encoder([drive]))
    both = alone.with_layers((*alone.network.layers, layer("targets", "lif", np.array([[0.4, -0.4]]))))
    duration = 10 * period(CIRCUIT, drive) + 2.5e-6  # the pulse of the tenth spike is over
    without, done = (compared(net, Stimulus(duration)) for net in (alone, both))
    synapses = done.energy_spice["membrane"] - without.energy_spice["membrane"]
    n = int(done.spikes.counts[0])
    assert synapses == pytest.approx(n * 0.4 * CIRCUIT.charge_per_weight * CIRCUIT.device.v_ds, rel=5e-3, abs=0)


VARIANTS = {
    "reset above ground, sink below": replace(CIRCUIT, v_reset=0.05, v_sink=-0.1),
    "long refractory time": replace(CIRCUIT, t_refractory=5e-6),
    "no gates to charge, no crowbar": replace(
        CIRCUIT, control=ControlTransistors(width=1e-10, c_wire=0.0, c_feedback=0.0, i_on=1e3, simulated=None)
    ),
    "a drain that leaks": replace(CIRCUIT, device=replace(CIRCUIT.device, i_off=0.5), v_gs=-0.4),
    "crowbar from reset on": replace(CIRCUIT, control=replace(CIRCUIT.control, subthreshold_swing=math.log(10))),
}


@with_ngspice
@pytest.mark.parametrize("name", VARIANTS)
def test_a_small_core_of_another_circuit_spikes_and_draws_as_in_the_engine(name):
    """Signals of either sign, a bias, excitation and inhibition, own feedback."""
    circuit, rng = VARIANTS[name], np.random.default_rng(3)
    weights, recurrent = np.array([[0.7, 0.3, -0.5], [0.4, -0.3, 0.6]]), 0.2 * rng.standard_normal((3, 3))
    drive = np.full(2, 3 * CIRCUIT.rheobase)
    reservoir = layer("reservoir", "lif", weights, recurrent, bias=0.03, circuit=circuit)
    net = chip("small", encoder(drive, circuit), reservoir, circuit=circuit)
    signal = np.repeat(rng.normal(0.5, 0.8, (12, 2)), 10, axis=0)
    done = compared(net, Stimulus(120e-6, signal=signal), bin=20 * NS)
    assert done.matching.n_expected > 15
    assert done.matching.matched == 1
    for part, energy in done.energy_engine.parts.items():
        assert done.energy_spice[part] == pytest.approx(energy, rel=0.02, abs=1e-20)


@with_ngspice
def test_a_small_core_matches_clip_by_clip():
    net = core(1, 4, 6, 24, 3)
    clips = [Stimulus(100e-6, signal=envelopes(100, 4, seed)) for seed in (1, 2)]
    engines = [simulate_network(net, clip) for clip in clips]
    done = sign_offs(net, list(zip(clips, engines, strict=True)))
    assert [one.matching.n_expected for one in done] == [engine.own_times.size for engine in engines]
    assert pooled([one.matching for one in done]).matched == 1
    assert all(abs(one.energy_error) < 0.01 for one in done)


@with_ngspice
def test_a_core_that_was_changed_does_not_match():
    net, stimulus = core(1, 4, 6, 24, 3), Stimulus(100e-6, signal=envelopes(100, 4, 1))
    engine = simulate_network(net, stimulus)
    inputs, reservoir = net.network.layers
    changed = net.with_layers((replace(inputs, v_threshold=np.full(4, 0.9)), reservoir))
    assert sign_off(changed, stimulus, engine, bin=100 * NS).matching.matched < 0.9


@with_ngspice
def test_a_limit_that_is_too_short_is_named():
    with pytest.raises(RuntimeError, match=r"took longer than 0\.05 s"):
        compared(core(0), Stimulus(500e-6, signal=envelopes(500, 20, 0)), timeout_s=0.05)


@pytest.mark.slow
@with_ngspice
@pytest.mark.parametrize("seed", [0, 1])
def test_the_core_of_the_chip_spikes_as_in_the_engine(seed):
    """20 encoders, 36 neurons, 256 synapses, half a second of speech at a thousand times its speed.

    It spikes on hairs: a solver's error of threshold and charge moves a tenth of the spikes. ngspice is nearer to the
    engine than networks so far away, and all spikes match that none of these moves.
    """
    net, stimulus = core(seed), Stimulus(500e-6, signal=envelopes(500, 20, seed))
    assert (net.network.n_neurons, net.network.n_synapses) == (56, 256)
    done, wiring = compared(net, stimulus, bin=DT), wire(net)
    told = expected(wiring, stimulus)
    exact = spike_trains(told.spikes, stimulus.duration)
    near = [spike_trains(spike_times(one, stimulus), stimulus.duration) for one in disturbed(wiring)]
    assert done.matching.n_expected > 500
    assert done.matching.matched > np.mean([match_spikes(exact, one, bin=DT).matched for one in near])
    until = np.minimum(told.until, stimulus.duration)
    sure, found = (
        spike_trains([trains.train(i)[trains.train(i) < end] for i, end in enumerate(until)], stimulus.duration)
        for trains in (exact, done.spikes)
    )
    assert sure.times.size > 100
    assert match_spikes(sure, found, bin=DT).matched == 1
    assert abs(done.energy_error) < 0.01


def test_what_is_no_core_is_refused():
    stimulus = Stimulus(10e-6)
    driven = layer("outside", "lif", np.ones((1, 1)))
    with pytest.raises(ValueError, match="has layers lif; a core is an encoder"):
        core_deck(chip("x", driven), stimulus)
    readout = layer("readout", "readout", np.ones((1, 1)))
    with pytest.raises(ValueError, match="readout is off chip"):
        core_deck(chip("x", encoder([1e-11]), readout), stimulus)


def test_a_line_that_could_spike_within_its_pulse_is_refused():
    circuit = replace(CIRCUIT, t_refractory=0.2e-6)
    net = chip("fast", encoder([1e-11], circuit), circuit=circuit)
    with pytest.raises(ValueError, match=r"t_refractory = 200 ns .* shorter than delay \+ t_pulse = 2 us"):
        core_deck(net, Stimulus(10e-6))


def test_a_clip_at_the_speed_of_speech_is_refused():
    with pytest.raises(ValueError, match="let the chip run faster"):
        core_deck(chip("slow", encoder([1e-11])), Stimulus(0.5))


def test_timing_must_be_positive():
    with pytest.raises(ValueError, match=r"delay.* must be positive"):
        SynapseKernel(delay=0.0)


def test_an_engine_run_of_something_else_is_refused():
    net, stimulus = core(0, 2, 3, 4, 2), Stimulus(10e-6)
    engine = simulate_network(net, stimulus)
    with pytest.raises(ValueError, match="engine ran 5 neurons, 'one' has 1"):
        sign_off(chip("one", encoder([1e-11])), stimulus, engine)
    with pytest.raises(ValueError, match="the stimulus lasts 2e-05 s"):
        sign_off(net, Stimulus(20e-6), engine)


def test_without_ngspice_the_remedy_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="apt-get install ngspice"):
        compared(core(0, 2, 3, 4, 2), Stimulus(10e-6))


def test_a_simulator_that_crashes_is_named(monkeypatch, tmp_path):
    program = tmp_path / "ngspice"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="ngspice failed"):
        compared(core(0, 2, 3, 4, 2), Stimulus(10e-6))

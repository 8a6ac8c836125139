"""Synapses of order 0, 1 and 2 against closed forms, matrix exponentials, conservation of charge, and each other."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import minimize_scalar

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel, published_kernel
from circuits.transient import Connections, SpikeInput, population, simulate, simulate_network

approx = partial(pytest.approx, rel=1e-9, abs=0)

CIRCUIT = LIFCircuit(t_refractory=0.5e-6, v_sink=-0.3)
TAU, DELAY, START = CIRCUIT.tau_mem, 0.13e-6, 1.01e-6
COURSES = {
    "order 1": {"order": 1, "tau": 2e-6},
    "order 1, tau of the membrane": {"order": 1, "tau": TAU},
    "order 1, nearly tau of the membrane": {"order": 1, "tau": TAU * (1 + 1e-9)},
    "order 1, slower than the membrane": {"order": 1, "tau": 3 * TAU},
    "order 2": {"order": 2, "tau": 8e-6, "tau_rise": 4e-6},
    "order 2, tau of the membrane": {"order": 2, "tau": TAU, "tau_rise": TAU / 4},
    "order 2, one tau nearly the other": {"order": 2, "tau": 8e-6, "tau_rise": 8e-6 * (1 + 1e-5)},
    "order 2, rise slower than decay": {"order": 2, "tau": 1e-6, "tau_rise": 5e-6},
}


def one_spike(circuit, charge, duration, **course):
    synapse = Connections([0], [0], [charge], n_channels=1, delay=DELAY, **course)
    spikes = SpikeInput([START], [0], 1)
    return simulate(population(circuit), duration, i_in=0.0, spikes_in=spikes, connections=synapse, record=[0])


def response(t, tau, tau_rise=None, **_):
    """V / (charge / C) at t after the arrival: the linear chain charge -> (rise) -> current -> membrane."""
    chain = [tau] if tau_rise is None else [tau_rise, tau]
    rates = 1 / np.array([*chain, TAU])
    step = np.diag(-rates) + np.diag([*rates[:-1]], -1)  # what leaves one enters the next
    return expm(step * max(t, 0.0))[-1, 0]


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("weight", [0.3, -0.3])
def test_potential_below_threshold_is_that_of_the_linear_chain(name, weight):
    run = one_spike(CIRCUIT, weight * CIRCUIT.charge_per_weight, 30e-6, **COURSES[name])
    chosen = np.linspace(0, run.trace_times.size - 1, 40).astype(int)
    expected = [response(t - START - DELAY, **COURSES[name]) for t in run.trace_times[chosen]]
    v = weight * CIRCUIT.swing * np.array(expected)
    np.testing.assert_allclose(run.traces[chosen, 0], v, rtol=0, atol=1e-9 * np.abs(v).max())


def test_a_synapse_as_slow_as_its_membrane_gives_the_alpha_function():
    """V = (charge / C) t / tau exp(-t / tau)."""
    run = one_spike(CIRCUIT, 0.3 * CIRCUIT.charge_per_weight, 60e-6, order=1, tau=TAU)
    t = np.maximum(run.trace_times - START - DELAY, 0)
    np.testing.assert_allclose(run.traces[:, 0], 0.3 * CIRCUIT.swing * t / TAU * np.exp(-t / TAU), rtol=0, atol=1e-11)


@pytest.mark.parametrize("course", [{}, {"order": 1, "tau": 1e-6}, {"order": 2, "tau": 2e-6, "tau_rise": 1e-6}])
def test_the_charge_is_the_same_whatever_the_order(course):
    """Without leak it stays on the body; the supply has paid it."""
    charge, circuit = 0.3 * CIRCUIT.charge_per_weight, replace(CIRCUIT, g_leak=0.0)
    run = one_spike(circuit, charge, 80e-6, **course)
    assert run.v[0] * circuit.c_mem == approx(charge)
    assert run.energy["membrane_leak"][0] == approx(charge * circuit.device.v_ds)
    taken = one_spike(circuit, -charge, 80e-6, **course)
    assert taken.v[0] * circuit.c_mem == approx(-charge)
    assert taken.energy["membrane_leak"][0] == 0


@pytest.mark.parametrize("name", COURSES)
def test_the_supply_has_paid_what_has_flowed_until_the_end(name):
    circuit = replace(CIRCUIT, g_leak=0.0)
    run = one_spike(circuit, 0.3 * circuit.charge_per_weight, START + DELAY + 1e-6, **COURSES[name])
    assert 0 < run.v[0] < 0.28 * circuit.swing
    assert run.energy["membrane_leak"][0] == approx(run.v[0] * circuit.c_mem * circuit.device.v_ds, rel=1e-8)


@pytest.mark.parametrize("name", ["order 1", "order 2", "order 2, tau of the membrane"])
def test_a_peak_just_over_threshold_within_a_step_is_a_spike(name):
    charge = 0.5 * CIRCUIT.charge_per_weight
    top = minimize_scalar(lambda t: -response(t, **COURSES[name]), bounds=(0.0, 100e-6), options={"xatol": 1e-12})
    peak = -top.fun * charge / CIRCUIT.c_mem
    below, above = (
        one_spike(replace(CIRCUIT, v_threshold=peak * (1 + part)), charge, 60e-6, **COURSES[name])
        for part in (-1e-8, 1e-8)
    )
    assert above.counts[0] == 0
    assert below.counts[0] == 1
    assert below.train(0) == pytest.approx(START + DELAY + top.x, rel=0, abs=1e-3 * TAU)


def test_groups_of_every_order_add_up():
    """Below threshold and above the rail the potential of all is the sum of each alone."""
    courses = [{"t_pulse": 1.3e-6}, COURSES["order 1"], COURSES["order 2"], {"order": 1, "tau": 4e-6}]
    q, spikes = CIRCUIT.charge_per_weight, SpikeInput([0.5e-6, 2e-6, 2e-6, 5e-6], [0, 1, 0, 1], 2)
    weights = [0.1, 0.15, -0.2, 0.12]
    groups = [
        Connections([i % 2], [0], [w * q], n_channels=2, delay=0.2e-6 * (i + 1), **course)
        for i, (w, course) in enumerate(zip(weights, courses, strict=True))
    ]
    run = partial(simulate, population(CIRCUIT), 9e-6, i_in=0.0, spikes_in=spikes, dt=0.1e-6, record=[0])
    alone = [run(connections=group) for group in groups]
    together = run(connections=groups)
    np.testing.assert_allclose(together.traces, sum(one.traces for one in alone), rtol=0, atol=1e-11)
    assert together.energy["membrane_leak"] == approx(sum(one.energy["membrane_leak"] for one in alone))


def random_network(order: int, speed: float) -> ChipNetwork:
    """A recurrent layer of mixed signs whose time constants are `speed` times shorter than those of speech."""
    synapse = replace(published_kernel(order, speed), delay=1e-3 / speed)
    rng = np.random.default_rng(5)
    weights, loops = rng.normal(0.5, 0.8, (6, 30)), rng.normal(0.1, 0.6, (30, 30)) * (rng.random((30, 30)) < 0.2)
    circuit = LIFCircuit(t_refractory=2e-3 / speed)
    layer = LayerSpec("a", "lif", weights, np.full(30, 0.01), np.full(30, 20e-3 / speed), np.ones(30), loops)
    return ChipNetwork(NetworkSpec("random", 1e-3 / speed, (layer,)), circuit, synapse=synapse)


def trains(speed: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(6)
    return tuple(np.sort(rng.uniform(0, 0.2, 12)) / speed for _ in range(6))


@pytest.mark.parametrize("order", [1, 2])
def test_a_thousand_times_faster_chip_gives_the_same_spikes(order):
    runs = [
        simulate_network(random_network(order, speed), Stimulus(0.2 / speed, trains(speed))) for speed in (1.0, 1000.0)
    ]
    assert runs[0].counts.sum() > 100
    assert list(runs[0].counts) == list(runs[1].counts)
    np.testing.assert_allclose(np.concatenate(runs[1].trains) * 1000, np.concatenate(runs[0].trains), rtol=1e-8)


def test_a_network_does_not_depend_on_the_step():
    """Rail, refractory time and threshold are met at their own times, with nothing halved."""
    rng = np.random.default_rng(7)
    jumps = rng.normal(0.0, 0.5, (50, 40)) * (rng.random((50, 40)) < 0.3)
    source, target = np.nonzero(jumps)
    synapses = Connections(
        source, target, jumps[source, target] * CIRCUIT.charge_per_weight, 10, 1e-6, **COURSES["order 2"]
    )
    spikes = SpikeInput(rng.uniform(0, 60e-6, 400), rng.integers(0, 10, 400), 10)
    circuit = replace(CIRCUIT, v_sink=0.0)
    coarse, fine = (
        simulate(population(circuit, 40), 60e-6, i_in=0.0, spikes_in=spikes, connections=synapses, dt=dt)
        for dt in (None, 0.01e-6)
    )
    assert coarse.counts.sum() > 100
    assert coarse.step_error is None
    assert coarse.difference(fine) < 1e-8
    assert coarse.energy.total == approx(fine.energy.total, rel=1e-7)


def test_short_exponentials_are_short_pulses():
    """One tenth of the time constant, a tenth of the distance between the spikes."""
    weights, apart = np.array([1.2, 0.7, -0.4, 0.8]) * CIRCUIT.charge_per_weight, []
    spikes = SpikeInput([1e-6, 4e-6, 7e-6, 7.5e-6, 11e-6], [0, 1, 2, 1, 3], 4)
    for tau in (30e-9, 3e-9):
        runs = [
            simulate(
                population(CIRCUIT), 16e-6, i_in=1.6 * CIRCUIT.rheobase, spikes_in=spikes,
                connections=Connections([0, 1, 2, 3], [0] * 4, weights, n_channels=4, **course),
            )
            for course in ({"order": 1, "tau": tau}, {"t_pulse": tau})
        ]  # fmt: skip
        assert runs[0].counts[0] == runs[1].counts[0] > 1
        apart.append(np.abs(runs[0].train(0) - runs[1].train(0)).max())
    assert apart[0] < 2 * 30e-9
    assert apart[1] < 0.12 * apart[0]


def test_a_neuron_rests_at_the_rail_within_a_step():
    """Pulled down to it and let go again in 0.2 us: V rises from the rail once drive and inhibition cancel."""
    circuit, tau, delay, drive = replace(CIRCUIT, g_leak=0.0), 2e-6, 1e-9, 2e4  # V/s
    pull = 1.1 * drive
    synapse = Connections([0], [0], [-pull * tau * circuit.c_mem], n_channels=1, delay=delay, order=1, tau=tau)
    run = simulate(
        population(circuit), 0.5e-6, i_in=drive * circuit.c_mem, v_start=circuit.v_sink + 60e-6,
        spikes_in=SpikeInput([0.0], [0], 1), connections=synapse,
    )  # fmt: skip
    turn, end = tau * np.log(1.1), 0.5e-6 - delay
    rise = drive * (end - turn) - pull * tau * (np.exp(-turn / tau) - np.exp(-end / tau))
    assert run.step[0] == approx(0.5e-6)
    assert run.v[0] - circuit.v_sink == approx(rise, rel=1e-8)


@pytest.mark.parametrize("weight", [0.3, -0.3])
def test_a_synapse_of_a_network_has_the_time_constant_of_its_sign(weight):
    """A readout has no threshold and no rail: V = w swing tau_m (exp(-t / tau_m) - exp(-t / tau)) / (tau_m - tau)."""
    tau = {0.3: 8e-6, -0.3: 3e-6}[weight]
    kernel = SynapseKernel(1, tau_exc=8e-6, tau_inh=3e-6, delay=DELAY)
    one = np.ones(1)
    layer = LayerSpec("out", "readout", np.array([[weight]]), 0 * one, TAU * one, one)
    chip = ChipNetwork(NetworkSpec("net", 1e-6, (layer,)), CIRCUIT, synapse=kernel)
    run = simulate_network(chip, Stimulus(20e-6, (np.array([START]),)))
    t = 20e-6 - START - DELAY
    expected = weight * CIRCUIT.swing * TAU / (TAU - tau) * (np.exp(-t / TAU) - np.exp(-t / tau))
    assert run.v[0] == approx(expected)

"""The transient engine against closed forms, an adaptive integrator, conservation and its own order."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from circuits.device.btbt import DEVICES, btbt_current
from circuits.neuron.circuit import LIFCircuit, interval, period, rise_time
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy
from circuits.transient import Connections, SpikeInput, population, simulate

approx = partial(pytest.approx, rel=1e-9, abs=0)

LEAKY = LIFCircuit(c_mem=0.9e-15, v_threshold=0.35, v_reset=0.05, g_leak=30e-12, t_refractory=1e-6)
CIRCUITS = {
    "default": LIFCircuit(),
    "leaky": LEAKY,
    "reset below ground": LIFCircuit(g_leak=2e-12, v_reset=-0.1, v_sink=-0.3, t_refractory=0.0),
    "no leak": LIFCircuit(g_leak=0.0),
    "window as wide as the swing": LIFCircuit(control=ControlTransistors(subthreshold_swing=0.5 * np.log(10))),
}
BODY = replace(LIFCircuit(), body_factor=0.3, v_gs=-0.6)  # the current falls by two thirds as the body charges
JUNCTION = replace(LIFCircuit(), device=replace(DEVICES["32nm-pdsoi"], drain_body=0.5), v_gs=-0.6)  # and so does this
FOLLOWING = {"body factor": BODY, "junction": JUNCTION, "both": replace(JUNCTION, body_factor=0.1, v_sink=-0.2)}


def _reached(circuit: LIFCircuit, v_from: float) -> float:
    """Time to threshold by an adaptive integrator of order 8, in units of C dV / I: the tunnelling follows the body."""
    device, unit = circuit.device, circuit.c_mem * circuit.swing / circuit.input_current

    def slope(_, v):
        v_dg = device.v_ds - circuit.v_gs - circuit.body_factor * v[0]
        current = float(btbt_current(v_dg, circuit.device, circuit.width, v[0]))
        return [(current - circuit.g_leak * v[0]) / circuit.c_mem * unit]

    def at_threshold(_, v):
        return v[0] - circuit.v_threshold

    at_threshold.terminal = True
    result = solve_ivp(slope, (0, 1e3), [v_from], method="DOP853", events=at_threshold, rtol=1e-12, atol=1e-14)
    return float(result.t_events[0][0]) * unit


@pytest.mark.parametrize("name", CIRCUITS)
def test_periods_at_five_currents_are_the_closed_form(name):
    circuit = CIRCUITS[name]
    currents = circuit.rheobase + np.array([0.1e-12, 4e-12, 16e-12, 31e-12, 5e-9])
    run = simulate(population(circuit, 5), 4.2 * period(population(circuit, 5), currents), i_in=currents)
    assert run.period == approx(np.array([period(circuit, i) for i in currents]))
    assert (run.counts >= 4).all()


@pytest.mark.parametrize("name", CIRCUITS)
def test_energy_of_one_interval_is_that_of_the_closed_form_part_by_part(name):
    """From reset to a spike and through the refractory time; without one, up to just after the spike."""
    circuit = CIRCUITS[name]
    interval = period(circuit, circuit.input_current)
    run = simulate(population(circuit), interval * (1 + 1e-12), tolerance=None)
    expected = spike_energy(circuit)
    assert list(run.energy.parts) == list(expected.parts)
    for part, joules in expected.parts.items():
        assert run.energy[part][0] == approx(joules, rel=1e-8), part


@pytest.mark.parametrize("name", FOLLOWING)
def test_spikes_of_a_current_that_follows_the_body_match_an_adaptive_integrator(name):
    circuit = FOLLOWING[name]
    run = simulate(population(circuit), 4.5 * interval(circuit), tolerance=1e-7)
    first = _reached(circuit, circuit.v_reset)
    assert run.counts[0] > 3
    assert run.train(0) == approx(first + np.arange(run.counts[0]) * (first + circuit.t_refractory), rel=1e-7)
    assert run.step_error < 1e-7


@pytest.mark.parametrize("name", FOLLOWING)
def test_energy_of_an_interval_by_quadrature_is_that_of_the_simulation_part_by_part(name):
    """What `interval` and `spike_energy` integrate where the current follows the body."""
    circuit = FOLLOWING[name]
    run = simulate(population(circuit), interval(circuit) * (1 + 1e-7), tolerance=1e-7)
    assert run.train(0) == approx([interval(circuit) - circuit.t_refractory], rel=1e-6)
    for part, joules in spike_energy(circuit).parts.items():
        assert run.energy[part][0] == approx(joules, rel=1e-5), part


@pytest.mark.parametrize("name", FOLLOWING)
def test_error_is_of_second_order(name):
    """Halving the step takes the error of a spike time to a quarter."""
    circuit = FOLLOWING[name]
    exact = _reached(circuit, circuit.v_reset)
    errors = [
        abs(simulate(population(circuit), 1.1 * exact, dt=exact / steps, tolerance=None).train(0)[0] - exact)
        for steps in (200, 400, 800, 1600)
    ]
    assert np.diff(np.log2(errors)) == pytest.approx(-2.0, abs=0.15)


def test_a_step_that_is_asked_for_is_taken_though_it_is_longer_than_the_first_attempt():
    slow = replace(BODY, body_factor=0.05)
    dt = rise_time(slow, slow.input_current, slow.v_reset, slow.v_threshold) / 9
    asked, own = (simulate(population(slow), 40 * dt, dt=dt_, tolerance=None) for dt_ in (dt, None))
    assert asked.step[0] == approx(dt, rel=0.03)  # a whole number of steps
    assert own.step[0] < 0.3 * dt
    assert asked.train(0)[0] == approx(_reached(slow, slow.v_reset), rel=1e-4)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
def test_halving_the_step_once_more_changes_spike_times_by_less_than_the_tolerance(tolerance):
    neurons = population(BODY, 3, v_gs=np.array([-0.55, -0.7, -0.9]))
    run = simulate(neurons, 30e-6, tolerance=tolerance)
    finer = simulate(neurons, 30e-6, dt=float(run.step[0]) / 2, tolerance=None)
    assert run.step_error <= tolerance
    assert finer.difference(run) <= tolerance


def test_charge_is_conserved_where_the_current_follows_the_body():
    """Supplied charge = on the body + taken by resets + leaked + drained while refractory, traces integrated."""
    run = simulate(population(BODY), 3.3 * interval(BODY), record=[0], tolerance=1e-6)
    supplied = (run.energy["membrane_charge"] + run.energy["membrane_leak"])[0] / BODY.device.v_ds
    at_reset = float(btbt_current(BODY.device.v_ds - BODY.v_gs, BODY.device, BODY.width))
    spikes, v = run.counts[0], run.traces[:, 0]
    resets, drained = spikes * BODY.c_mem * BODY.swing, spikes * at_reset * BODY.t_refractory
    leaked = BODY.g_leak * np.trapezoid(v, run.trace_times)
    assert spikes > 2
    assert supplied == approx(resets + drained + leaked + BODY.c_mem * (v[-1] - v[0]), rel=1e-3)


def test_input_currents_change_at_their_own_times():
    """Three rows of 2 us into a leaky body, each an exponential towards I / g."""
    tau, g = LEAKY.tau_mem, LEAKY.g_leak
    rows = np.array([[6e-12], [1e-12], [-2e-12]])
    run = simulate(population(LEAKY), 8e-6, i_in=rows, dt_in=2e-6, record=[0])
    v = LEAKY.v_reset
    for i_in in (6e-12, 1e-12, -2e-12, -2e-12):  # the last row is held
        v = i_in / g + (v - i_in / g) * np.exp(-2e-6 / tau)
    assert run.v[0] == approx(v if v > LEAKY.v_sink else LEAKY.v_sink)
    assert run.energy["membrane_leak"][0] == approx((6e-12 + 1e-12) * 2e-6 * LEAKY.device.v_ds)  # a sink draws nothing


def test_own_bias_flows_besides_the_input_if_asked():
    circuit = LIFCircuit()
    both = simulate(population(circuit), 50e-6, i_in=3e-12, biased=True)
    assert both.period == approx(period(circuit, circuit.input_current + 3e-12))


def test_a_pulse_brings_its_charge_after_its_delay():
    """Without leak V is a ramp from t + delay to t + delay + t_pulse, by q / C, wherever the steps fall."""
    circuit, delay, t_pulse = LIFCircuit(g_leak=0.0), 0.13e-6, 0.77e-6
    charge = 0.3 * circuit.charge_per_weight
    synapse = Connections([0], [0], [charge], n_channels=1, delay=delay, t_pulse=t_pulse)
    run = simulate(
        population(circuit), 3e-6, i_in=0.0, dt=0.05e-6, record=[0],
        spikes_in=SpikeInput([1.01e-6], [0], 1), connections=synapse,
    )  # fmt: skip
    ramp = np.clip((run.trace_times - 1.01e-6 - delay) / t_pulse, 0, 1) * charge / circuit.c_mem
    assert run.traces[:, 0] == pytest.approx(ramp, abs=1e-12)
    assert run.energy["membrane_leak"][0] == approx(charge * circuit.device.v_ds)


def test_overlapping_pulses_add_and_decay_as_the_integrator_says():
    """Two channels, three spikes, one inhibitory synapse: against the linear response to each rectangle."""
    source, target, weight = [0, 1, 0], [0, 0, 1], [0.5, -0.2, 0.4]
    q, tau = LEAKY.charge_per_weight, LEAKY.tau_mem
    circuit = replace(LEAKY, v_sink=-1.0)
    synapses = Connections(source, target, np.array(weight) * q, n_channels=2, delay=0.2e-6, t_pulse=1e-6)
    spikes = SpikeInput([3.1e-6, 1.0e-6, 1.7e-6], [0, 0, 1], 2)
    run = simulate(population(circuit, 2), 6e-6, i_in=0.0, spikes_in=spikes, connections=synapses)

    def response(t):  # of a current of 1 C / t_pulse from t to t + t_pulse, at 6 us
        return tau / LEAKY.c_mem / 1e-6 * (np.exp(-(6e-6 - t - 1e-6) / tau) - np.exp(-(6e-6 - t) / tau))

    rest = circuit.v_reset * np.exp(-6e-6 / tau)
    first = rest + q * (0.5 * (response(1.2e-6) + response(3.3e-6)) - 0.2 * response(1.9e-6))
    assert run.v == approx([first, rest + 0.4 * q * (response(1.2e-6) + response(3.3e-6))])


def test_inhibition_stops_at_the_rail():
    circuit = LIFCircuit(g_leak=0.0, v_sink=-0.1)
    charges = np.array([-2.0, 0.5]) * circuit.charge_per_weight
    synapses = Connections([0, 1], [0, 0], charges, n_channels=2)
    run = simulate(
        population(circuit), 20e-6, i_in=0.0, spikes_in=SpikeInput([1e-6, 5e-6], [0, 1], 2), connections=synapses
    )
    assert run.v[0] == approx(-0.1 + 0.5 * circuit.swing)


def _synapses(weights: np.ndarray, loops: np.ndarray, circuit: LIFCircuit, **timing: float) -> Connections:
    """Synapses of weights (channel, neuron) and loops (neuron, neuron), fractions of q; 0 is no synapse."""
    table = np.vstack((weights, loops))
    source, target = np.nonzero(table)
    charge = table[source, target] * circuit.charge_per_weight
    return Connections(source, target, charge, n_channels=len(weights), **timing)


def test_a_chain_fires_when_the_closed_form_says():
    """Each neuron gets 3 q in a pulse of 2 us from the one before: delay, then the rise under 3 q / t_pulse."""
    circuit, n = LIFCircuit(t_refractory=5e-6), 5
    weights = np.zeros((1, n))
    weights[0, 0] = 3.0
    loops = np.diag(np.full(n - 1, 3.0), 1)
    synapses = _synapses(weights, loops, circuit, delay=0.3e-6, t_pulse=2e-6)
    run = simulate(population(circuit, n), 20e-6, i_in=0.0, spikes_in=SpikeInput([0.0], [0], 1), connections=synapses)
    hop = 0.3e-6 + rise_time(circuit, 3 * circuit.charge_per_weight / 2e-6, 0.0, circuit.v_threshold)
    assert run.spike_times == approx(hop * np.arange(1, n + 1))
    assert list(run.spike_neurons) == list(range(n))


def test_groups_of_synapses_keep_their_own_timing():
    circuit = LIFCircuit(t_refractory=5e-6)
    q = 3 * circuit.charge_per_weight
    near = Connections([0], [0], [q], n_channels=1, delay=0.1e-6, t_pulse=1e-6)
    far = Connections([0], [1], [q], n_channels=1, delay=4e-6, t_pulse=2e-6)
    spikes = SpikeInput([1e-6], [0], 1)
    run = simulate(population(circuit, 2), 10e-6, i_in=0.0, spikes_in=spikes, connections=(near, far))
    rises = [rise_time(circuit, q / t_pulse, 0, circuit.v_threshold) for t_pulse in (1e-6, 2e-6)]
    expected = [1.1e-6 + rises[0], 5e-6 + rises[1]]
    assert run.spike_times == approx(expected)


def _random_network(n: int, rng: np.random.Generator) -> tuple[LIFCircuit, Connections, SpikeInput]:
    circuit = LIFCircuit()
    weights = 0.4 * (rng.random((5, n)) < 0.5)
    loops = np.where(rng.random((n, n)) < 0.1, rng.normal(0.1, 0.3, (n, n)), 0.0)
    times = np.sort(rng.random(300)) * 100e-6
    return (
        circuit,
        _synapses(weights, loops, circuit),
        SpikeInput(times, rng.integers(0, 5, 300), 5),
    )


def test_a_recurrent_network_of_linear_neurons_does_not_depend_on_the_step():
    circuit, synapses, spikes = _random_network(40, np.random.default_rng(1))
    neurons = population(circuit, 40)
    runs = [
        simulate(neurons, 100e-6, i_in=0.0, spikes_in=spikes, connections=synapses, dt=dt) for dt in (None, 0.017e-6)
    ]
    assert runs[0].spike_times.size > 500
    assert runs[0].difference(runs[1]) < 1e-9


def test_steps_may_be_longer_than_intervals():
    """Several spikes of one neuron within one step, where nothing follows the body."""
    circuit = LIFCircuit(t_refractory=0.0, g_leak=0.0)
    run = simulate(population(circuit), 50.5e-6, i_in=circuit.charge_per_weight / 1e-6, dt=2.3e-6)
    assert run.period[0] == approx(1e-6)
    assert run.counts[0] == 50


def test_a_burst_of_one_neuron_fits_into_one_step():
    """30 q in a pulse of 3 us, and 50 ns to recover: a spike every 0.15 us, in steps of 2.5 us."""
    circuit = LIFCircuit(t_refractory=50e-9, drawn=False)
    pulse = Connections([0], [0], [30 * circuit.charge_per_weight], n_channels=1, t_pulse=3e-6)
    run = simulate(population(circuit), 10e-6, i_in=0.0, spikes_in=SpikeInput([0.0], [0], 1), connections=pulse)
    expected = period(circuit, 30 * circuit.charge_per_weight / 3e-6)
    assert run.step[0] > 10 * expected
    assert run.period[0] == approx(expected)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_neither_threads_nor_neighbours_change_a_bit(n_jobs):
    rng = np.random.default_rng(2)
    neurons = population(BODY, 1300, v_gs=-0.5 - 0.5 * rng.random(1300), c_mem=(0.4 + rng.random(1300)) * 1e-15)
    whole = simulate(neurons, 5e-6, dt=1.5e-9, tolerance=None, n_jobs=n_jobs)
    chosen = np.array([3, 600, 1299])
    alone = simulate(neurons[chosen], 5e-6, dt=1.5e-9, tolerance=None)
    assert alone.step[0] == whole.step[0]
    for place, neuron in enumerate(chosen):
        assert np.array_equal(alone.train(place), whole.train(neuron))
    assert np.array_equal(alone.energy.total, whole.energy.total[chosen])


def test_each_neuron_may_have_its_own_duration():
    circuits = [LIFCircuit(device=device, v_gs=-0.6, g_leak=0.0) for device in DEVICES.values()]
    neurons = population(circuits)
    spans = 3.5 * period(neurons, neurons.input_current)
    run = simulate(neurons, spans)
    assert spans.max() / spans.min() > 1e3
    assert run.period == approx(period(neurons, neurons.input_current))
    assert run.energy.static == approx(neurons.static_power * spans)

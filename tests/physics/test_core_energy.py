"""The core's energy: two straight lines meet where the closed form says, sums hold, and the unknown stays unknown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from circuits.energy.core import (
    SCOPES,
    CoreLoad,
    NeuronPower,
    affine_cost,
    core_energy,
    modelled_neurons,
    reaches,
    speech_circuit,
    winning_rates,
)
from circuits.literature.published import load_published
from circuits.literature.published_power import processor_neurons, published_neurons
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.energy_terms import spike_energy
from tests.starved import STARVED


def line(name: str, marginal: float, static: float | None, **about) -> NeuronPower:
    return NeuronPower(name=name, cost=affine_cost(marginal, static), **about)


OURS = line("ours", 3e-15, 50e-12)
DEAR = line("dear", 8e-12, None)
LEAKY = line("leaky", 1e-15, 400e-12)


def load(rate: float, n: int = 36, duration: float = 1.0, acceleration: float = 1.0) -> CoreLoad:
    return CoreLoad(np.full(n, rate), duration, acceleration)


def excess(rate: float, other: NeuronPower, factor: float, acceleration: float) -> float:
    """Energy of the other core less `factor` times ours, from the sums themselves."""
    theirs, own = (core_energy(neuron, load(rate, acceleration=acceleration)).total for neuron in (other, OURS))
    return theirs - factor * own


@pytest.mark.parametrize("acceleration", [1.0, 1000.0])
@pytest.mark.parametrize(("other", "factor"), [(DEAR, 1.0), (DEAR, 2000.0), (LEAKY, 1.0), (LEAKY, 5.0)])
def test_lines_meet_where_bisection_finds_them(other, factor, acceleration):
    low, high = winning_rates(OURS, other, factor, acceleration)
    edge = low if low > 0 else high
    found = brentq(excess, edge / 10, edge * 10, args=(other, factor, acceleration), xtol=edge * 1e-12)
    assert edge == pytest.approx(found, rel=1e-9)
    inside, outside = (edge * 2, edge / 2) if low > 0 else (edge / 2, edge * 2)
    assert excess(inside, other, factor, acceleration) > 0 > excess(outside, other, factor, acceleration)


def test_never_always_and_not_known_have_no_edge():
    cheap = line("cheap", 1e-15, 1e-12)
    worse = line("worse", 4e-15, 60e-12)
    twin = replace(OURS, name="twin")
    assert winning_rates(OURS, cheap) is None
    assert winning_rates(OURS, line("cheap", 1e-15, None)) is None
    assert winning_rates(OURS, worse) == (0.0, np.inf)
    assert winning_rates(OURS, twin) is None
    assert winning_rates(OURS, line("twin", 3e-15, 60e-12)) == (0.0, np.inf)


def test_scopes_are_never_mixed():
    with pytest.raises(ValueError, match=r"dear pays for a chip, ours for a neuron"):
        winning_rates(OURS, replace(DEAR, scope="chip"))
    for scope in SCOPES:
        assert {neuron.scope for neuron in published_neurons(scope)} <= {scope}
    assert sum(len(published_neurons(scope)) for scope in SCOPES) == len(load_published())
    with pytest.raises(ValueError, match="scope = 'cell'"):
        published_neurons("cell")
    with pytest.raises(ValueError, match="static power of dear is not known"):
        winning_rates(DEAR, OURS)


def test_static_equals_dynamic_at_the_rate_that_is_told():
    for acceleration in (1.0, 50.0):
        even = OURS.static_decides_below(acceleration)
        at = core_energy(OURS, load(even, acceleration=acceleration))
        assert at.static == pytest.approx(at.dynamic, rel=1e-9, abs=0)
        below = core_energy(OURS, load(even / 2, acceleration=acceleration))
        assert below.static == pytest.approx(2 * below.dynamic, rel=1e-9, abs=0)
    assert DEAR.static_decides_below() is None


def test_parts_sum_over_neurons_rates_and_time():
    rates = np.array([0.0, 10.0, 90.0, 200.0])
    together = core_energy(OURS, CoreLoad(rates, 2.5, 4.0))
    apart = [core_energy(OURS, CoreLoad(np.array([rate]), 2.5, 4.0)) for rate in rates]
    for part in ("dynamic", "static", "total"):
        assert getattr(together, part) == pytest.approx(sum(getattr(one, part) for one in apart), rel=1e-9, abs=0)
    assert together.dynamic == pytest.approx(300 * 2.5 * 3e-15, rel=1e-9, abs=0)
    assert together.static == pytest.approx(4 * 50e-12 * 2.5 / 4, rel=1e-9, abs=0)
    mean = core_energy(OURS, CoreLoad(np.full(4, rates.mean()), 2.5, 4.0))
    assert mean.total == pytest.approx(together.total, rel=1e-9, abs=0)


def test_energy_grows_with_rate_and_static_falls_with_acceleration():
    totals = [core_energy(OURS, load(rate)).total for rate in np.geomspace(1, 1e5, 20)]
    assert (np.diff(totals) > 0).all()
    faster = [core_energy(OURS, load(50.0, acceleration=a)) for a in (1, 10, 100, 1000)]
    assert (np.diff([energy.static for energy in faster]) < 0).all()
    assert len({energy.dynamic for energy in faster}) == 1


def test_unknown_static_power_stays_unknown_and_the_total_is_a_lower_bound():
    energy = core_energy(DEAR, load(50.0))
    assert energy.static is None
    assert [entry.part for entry in energy.unknown] == ["static"]
    assert energy.total == energy.dynamic
    known = core_energy(line("dear", 8e-12, 1e-12), load(50.0))
    assert known.total > energy.total
    assert known.unknown == ()
    assert [neuron.name for neuron in published_neurons() if neuron.static is not None] == ["Sourikopoulos"]


def test_an_aggregate_figure_is_a_lower_bound_up_to_its_rate():
    """A figure of 4 pJ told at 100 Hz that hides 100 pW: below 100 Hz the truth is more than the figure says."""
    truth = line("truth", 3e-12, 100e-12)
    told = line("told", 3e-12 + 100e-12 / 100, None, highest_rate=100.0)
    for rate in (1.0, 50.0, 99.9):
        assert core_energy(told, load(rate)).total < core_energy(truth, load(rate)).total
        assert reaches(told, load(rate))
    assert not reaches(told, load(101.0))
    assert not reaches(told, load(10.1, acceleration=10.0))


def test_starved_our_marginal_energy_is_that_of_the_circuit_at_every_speed():
    base = STARVED
    for acceleration in (1.0, 500.0):
        circuit, i_in = speech_circuit(base, 20e-3, acceleration)
        assert circuit.tau_mem == pytest.approx(20e-3 / acceleration, rel=1e-9, abs=0)
        own = modelled_neurons(circuit, i_in)[0]
        assert own.static == base.static_power
        assert own.marginal == pytest.approx(spike_energy(base).dynamic, rel=0.01, abs=0)
        assert own.marginal > own.cost["control"] + own.cost["reset"] > 0
    circuit, i_in = speech_circuit(base, base.tau_mem)
    assert modelled_neurons(circuit, i_in)[0].marginal == spike_energy(base).dynamic


def test_simulated_inverters_draw_the_longer_the_slower_their_input_creeps():
    """The crowbar of a spike grows as the neuron slows: 373 fJ in real time, 2 fJ at its own speed.

    Of all else only what the pulse drains moves, with the current.
    """
    base = LIFCircuit()
    own, drained = spike_energy(base), base.t_refractory * base.device.v_ds
    others = own.dynamic - own["crowbar"] - base.input_current * drained
    for acceleration in (1.0, 500.0):
        circuit, i_in = speech_circuit(base, 20e-3, acceleration)
        slowed = spike_energy(circuit, i_in)
        assert slowed["crowbar"] == pytest.approx(own["crowbar"] * circuit.tau_mem / base.tau_mem, rel=1e-9, abs=0)
        assert slowed.dynamic - slowed["crowbar"] - i_in * drained == pytest.approx(others, rel=1e-9, abs=0)
    assert 1.9e-15 < own.dynamic < 2.1e-15
    assert 370e-15 < spike_energy(*speech_circuit(base, 20e-3)).dynamic < 376e-15


def test_the_slower_the_neuron_the_more_a_twin_on_the_off_current_pays():
    """It controls no less than I_off, so at the pace of speech its capacitor is large; accelerated it is our own."""
    paid = []
    for acceleration in (1.0, 30.0, 1000.0):
        own, subthreshold, on = modelled_neurons(*speech_circuit(STARVED, 20e-3, acceleration))
        drain = STARVED.drain_leak * STARVED.v_ds  # the twin's is its input
        assert subthreshold.static == pytest.approx(own.static - drain, rel=1e-9, abs=0)
        assert on.marginal > subthreshold.marginal
        paid.append(subthreshold.marginal / own.marginal)
    assert paid[0] > 50 > paid[1] > paid[2]
    assert paid[2] == pytest.approx(1, rel=0.01)


def test_processors_pay_the_static_power_of_whole_chips_once():
    few, many = ({chip.name: chip for chip in processor_neurons(n, 128.0)} for n in (56, 257))
    assert many["ODIN"].static == 2 * few["ODIN"].static
    one, two = (core_energy(few["ODIN"], load(50.0, n)) for n in (1, 36))
    assert one.static == two.static == 27.3e-6
    assert two.dynamic == pytest.approx(36 * 50 * 128 * 8.43e-12, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load(-1.0), r"rates must be finite, zero or positive"),
        (lambda: load(np.nan), r"rates must be finite"),
        (lambda: CoreLoad(np.zeros((2, 2)), 1.0), "one for each neuron"),
        (lambda: CoreLoad(np.zeros(0), 1.0), "one for each neuron"),
        (lambda: load(1.0, duration=0.0), r"CoreLoad\.duration must be 1e-12 s to 1e\+09 s"),
        (lambda: load(1.0, duration=5e-324), r"CoreLoad\.duration must be 1e-12 s"),
        (lambda: load(1.0, acceleration=1e300), r"CoreLoad\.acceleration must be .* at most 1e\+12"),
        (lambda: load(1.0, duration=1e308), r"CoreLoad\.duration must be .* to 1e\+09 s"),
        (lambda: load(1.0, acceleration=0.5), r"CoreLoad\.acceleration must be at least 1, real time"),
        (lambda: load(1.0, acceleration=np.inf), r"CoreLoad\.acceleration must be at least 1, real time"),
        (lambda: line("free", 0.0, 0.0), r"NeuronPower\.marginal must be positive"),
        (lambda: line("source", 1e-15, -1.0), r"NeuronPower\.static must be zero or positive"),
        (lambda: replace(OURS, scope="cell"), r"NeuronPower\.scope must be one of neuron"),
        (lambda: replace(OURS, highest_rate=0.0), r"highest_rate must be positive"),
        (lambda: speech_circuit(LIFCircuit(g_leak=0.0), 20e-3), "g_leak = 0 S; both must be positive"),
        (lambda: speech_circuit(LIFCircuit(), 0.0), "tau_mem = 0 s"),
        (lambda: speech_circuit(STARVED, 20e-3, 1e5), r"200 ns, no longer than the reset .* keep it below 100000"),
        (lambda: modelled_neurons(LIFCircuit(), 1e-12), "does not exceed the rheobase"),
    ],
)
def test_bad_input_is_refused_with_its_limit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_fastest_neuron_decides_whether_a_load_is_reached():
    told = line("told", 1e-12, None, highest_rate=100.0)
    for rates, reached in (([1.0, 99.0], True), ([1.0, 101.0], False)):
        assert reaches(told, CoreLoad(np.array(rates), 1.0)) == reached

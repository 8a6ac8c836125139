"""Spike outputs: what is wrong in one pulse of one neuron, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import spike_trains
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.signoff.spike_outputs import outputs

CIRCUIT = LIFCircuit(t_refractory=1e-6)
LAYER = LayerSpec("a", "encoder", np.eye(2), np.zeros(2), np.full(2, CIRCUIT.tau_mem), np.ones(2))
WIRING = wire(ChipNetwork(NetworkSpec("n", 5e-6, (LAYER,)), CIRCUIT))
END = 20.5e-6
TIMES = (np.array([2e-6, 9e-6, 20e-6]), np.array([5e-6, 12e-6]))  # the end cuts the last of the first
TIME = np.linspace(0, END, 20501)


def pulses(times, height=CIRCUIT.v_dd, width=1e-6, low=0.0):
    inside = (TIME[:, None] >= times) & (TIME[:, None] < times + width)
    return np.where(inside.any(axis=1), height, low)


def found(second):
    waves = {"time": TIME, "v(spk_a_0)": pulses(TIMES[0]), "v(spk_a_1)": second}
    return outputs(WIRING, waves, spike_trains(TIMES, END))


@pytest.mark.parametrize(
    ("second", "level", "pulse"),
    [
        (pulses(TIMES[1]), 0, 0),
        (pulses(TIMES[1], height=0.6 * CIRCUIT.v_dd, width=1e-6 / 0.6), 0.4, 0),
        (pulses(TIMES[1], height=1.5 * CIRCUIT.v_dd, width=1e-6 / 1.5), 0.5, 0),
        (pulses(TIMES[1], low=-0.1 * CIRCUIT.v_dd), 0.1, 1.85 / 2),
        (pulses(TIMES[1], width=0.97e-6), 0, 0.03),
        (pulses(TIMES[1][:1]), 0, 0.5),
    ],
)
def test_the_worst_output_is_told(second, level, pulse):
    """A level of -0.1 V_DD between pulses takes 0.1 (20.5 - 2) / 2 of their area away."""
    told = found(second)
    assert (told.level_error, told.pulse_error) == pytest.approx((level, pulse), abs=2e-3)


def test_an_output_that_does_not_spike_is_not_looked_at_here():
    silent = spike_trains((TIMES[0], np.zeros(0)), END)
    waves = {"time": TIME, "v(spk_a_0)": pulses(TIMES[0]), "v(spk_a_1)": np.zeros_like(TIME)}
    assert outputs(WIRING, waves, silent).pulse_error == pytest.approx(0, abs=2e-3)
    high = replace(WIRING, circuit=replace(CIRCUIT, v_dd=2 * CIRCUIT.v_dd))
    assert outputs(high, waves, silent).level_error == pytest.approx(0.5)

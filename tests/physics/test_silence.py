"""Where a neuron falls silent: the temperature solved, the words, and the rows of a corner table."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import arrhenius, kane
from circuits.neuron.circuit import LIFCircuit, at_temperature, interval
from circuits.neuron.silence import silence, silence_temperature
from circuits.variation.corners import Corner
from circuits.variation.mismatch import Spread
from circuits.variation.monte_carlo import monte_carlo
from snn.report.corner_report import corner_figures

BASE = LIFCircuit()
FOLLOWING = replace(BASE, v_gs=-0.6, body_factor=0.2, device=replace(BASE.device, drain_body=0.5))
FROM_BELOW = replace(BASE, v_gs=-0.42, leak_activation_ev=0.02)  # too cold for the current, not for the leak


@pytest.mark.parametrize(
    ("circuit", "law"),
    [(BASE, arrhenius), (BASE, kane), (FOLLOWING, arrhenius), (FROM_BELOW, arrhenius)],
    ids=["default", "kane", "follows the body", "cold"],
)
def test_at_the_temperature_of_silence_the_neuron_begins_or_ends_to_fire(circuit, law):
    edge = silence_temperature(circuit, law)
    fires = [np.isfinite(interval(at_temperature(circuit, edge + dt, law))) for dt in (-0.01, 0.01)]
    assert fires == ([False, True] if circuit is FROM_BELOW else [True, False])


def test_silence_is_told_on_its_side_of_that_temperature_only():
    for circuit, side, there in ((BASE, "above", 10.0), (FROM_BELOW, "below", -10.0)):
        edge = silence_temperature(circuit)
        assert silence(at_temperature(circuit, edge - there)) is None
        said = silence(at_temperature(circuit, edge + there))
        assert f"it falls silent {side} {edge:.4g} K ({edge - 273.15:.3g} C)" in said


def test_a_bias_that_never_fires_has_no_such_temperature():
    weak = replace(BASE, v_gs=-0.1)
    assert silence_temperature(weak) is None
    assert "at every temperature; make v_gs more negative" in silence(weak)


def test_without_leak_nothing_silences():
    assert silence_temperature(replace(BASE, g_leak=0.0)) is None
    assert silence(replace(BASE, g_leak=0.0)) is None


def test_silence_at_a_corner_is_a_row_with_rate_zero_and_the_reason():
    """Hot: all, by the leak. Just below the temperature of silence: some, by their mismatch. Room: none."""
    edge = silence_temperature(BASE)
    corners = [
        Corner(name, "TT", 1.0, kelvin) for name, kelvin in (("hot", 398.0), ("edge", edge - 5), ("room", 300.0))
    ]
    figures = corner_figures(BASE, monte_carlo(BASE, 200, corners=corners, spread=Spread(sigma_tunnel=0.005)))
    hot, near, room = figures["rows"]
    assert (hot["silent"], hot["rate_hz"], hot["energy_per_spike_j"]) == (1.0, 0.0, None)
    assert "silent at 398 K (125 C)" in hot["why_silent"]
    assert f"hot: {hot['why_silent']}" in figures["notes"]
    assert 0 < near["silent"] < 1
    assert near["why_silent"] == f"mismatch, of {near['silent']:.0%}"
    assert (room["silent"], room["why_silent"]) == (0.0, None)
    assert figures["silent_from_k"] == edge
    assert any("leak 0.47 eV ASSUMED" in line for line in figures["assumptions"])

"""The exported neuron in decks that a stranger writes: default options, any print step, with `uic` and without.

python tests/reference/test_foreign_deck.py    prints the table
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from circuits.device.btbt import bias_for_current
from circuits.netlist import cell
from circuits.netlist.rawfile import read_raw, rising_edges
from circuits.netlist.spice import neuron_netlist, subcircuit_name, write_spice
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau, period, rise_time
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.supply import at_supply
from circuits.units import fA, pA

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

STEPS = (1000, 100, 14, 5)  # print steps in a period
INTERVALS = 6  # of the run, a little more
TOLERANCE, ENERGY_TOLERANCE = 0.01, 0.02


def driven(circuit: LIFCircuit, current: float) -> LIFCircuit:
    return replace(circuit, v_gs=float(bias_for_current(current, circuit.device, circuit.width)))


CIRCUITS = {"31 pA": driven(LIFCircuit(), 31 * pA), "24 fA": driven(circuit_for_tau(40e-3), 24 * fA)}


def deck(circuits, step, uic, *lines, intervals=INTERVALS, drain="0.9", logic="0.5"):
    """Neurons at their own gate bias on common supplies, and nothing that a stranger would not know."""
    texts = ["* a stranger's deck", *(f".include n{i}.lib" for i in range(len(circuits))), ".temp 26.85"]
    texts += [f"Vdrain vdd 0 {drain}", f"Vlogic logic 0 {logic}"]
    for i, circuit in enumerate(circuits):
        texts.append(f"Vg{i} gate{i} 0 {circuit.v_gs:.12g}")
        texts.append(f"X{i} mem{i} spk{i} gate{i} vdd 0 logic {subcircuit_name(circuit)}")
    longest = max(period(circuit, circuit.input_current) for circuit in circuits)
    texts += [*lines, f".tran {step:.6g} {(intervals + 0.5) * longest:.6g}{' uic' if uic else ''}", ".end"]
    return "\n".join(texts) + "\n"


def simulate(circuits, text):
    """Waves of a deck beside the exported libraries, by `ngspice -b -r`: no option and no file of ours."""
    with tempfile.TemporaryDirectory() as place:
        write_spice(place, {f"n{i}": circuit for i, circuit in enumerate(circuits)})
        (Path(place) / "deck.cir").write_text(text)
        quiet = {"cwd": place, "capture_output": True, "timeout": 120, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
        done = subprocess.run(["ngspice", "-n", "-b", "-r", "waves.raw", "deck.cir"], text=True, check=False, **quiet)
        assert "error" not in done.stderr.lower(), done.stderr
        return read_raw(Path(place) / "waves.raw")


def period_error(waves, i, circuit):
    edges = rising_edges(waves["time"], waves[f"v(spk{i})"], circuit.v_dd / 2)
    assert len(edges) > 2, f"{len(edges)} spikes"
    return np.diff(edges[1:]).mean() / period(circuit, circuit.input_current) - 1


def worst(name, part, uic):
    """The largest error of the period among two neurons."""
    circuit = CIRCUITS[name]
    waves = simulate([circuit, circuit], deck([circuit] * 2, period(circuit, circuit.input_current) / part, uic))
    return max(abs(period_error(waves, i, circuit)) for i in range(2))


@pytest.mark.parametrize(("name", "part", "uic"), [*product(CIRCUITS, STEPS, (True, False))])
def test_the_period_is_the_closed_form_at_default_options(name, part, uic):
    assert worst(name, part, uic) < TOLERANCE


def test_ten_neurons_of_three_designs_keep_their_own_periods():
    """Two hand-overs in one deck: each keeps its own defaults, though the files of both define a cell and a neuron."""
    designs = [driven(LIFCircuit(c_mem=c, v_threshold=v), 40 * pA) for c, v in
               ((1.2e-15, 0.4), (2e-15, 0.3), (1.5e-15, 0.35))]  # fmt: skip
    circuits = [designs[i % 3] for i in range(10)]
    step = min(period(c, c.input_current) for c in circuits) / 10
    waves = simulate(circuits, deck(circuits, step, False, intervals=8))
    assert max(abs(period_error(waves, i, c)) for i, c in enumerate(circuits)) < TOLERANCE


@pytest.mark.parametrize("options", ["method=gear", "reltol=1e-2", "method=trap reltol=1e-5", "trtol=1", "maxord=4"])
def test_whatever_options_a_stranger_sets(options):
    circuit = CIRCUITS["31 pA"]
    step = period(circuit, circuit.input_current) / 14
    waves = simulate([circuit], deck([circuit], step, True, f".options {options}"))
    assert abs(period_error(waves, 0, circuit)) < TOLERANCE


@pytest.mark.parametrize("part", STEPS)
def test_the_supply_currents_are_the_ledger(part):
    """What both supplies deliver from before a spike to before a later one, by integrating i(V...) over the points."""
    circuit = CIRCUITS["31 pA"]
    waves = simulate([circuit], deck([circuit], period(circuit, circuit.input_current) / part, True))
    time, edges = waves["time"], rising_edges(waves["time"], waves["v(spk0)"], circuit.v_dd / 2)
    energy = spike_energy(circuit)
    start, end = edges[1] - 0.1 * np.diff(edges[1:]).mean(), edges[-1] - 0.1 * np.diff(edges[1:]).mean()
    power = -0.9 * waves["i(vdrain)"] - 0.5 * waves["i(vlogic)"]
    drawn = np.concatenate([[0.0], np.cumsum(np.diff(time) * (power[1:] + power[:-1]) / 2)])
    spike = (np.interp(end, time, drawn) - np.interp(start, time, drawn)) / (len(edges) - 2)
    assert spike == pytest.approx(energy.total, rel=ENERGY_TOLERANCE, abs=0)


UP, LOGIC_UP = "PWL(0 0 1u 0.9)", "PWL(0 0 1u 0.5)"
SUPPLIES = {  # drain and logic supply, and from when on both are whole (s)
    "logic ramps up": ("0.9", LOGIC_UP, 1e-6),
    "the drains ramp up": (UP, "0.5", 1e-6),
    "both ramp up": (UP, LOGIC_UP, 1e-6),
    "logic dips to half": ("0.9", "PWL(0 0.5 20u 0.5 20.1u 0.25 22.1u 0.25 22.2u 0.5)", 22.2e-6),
    "logic dips to nothing": ("0.9", "PWL(0 0.5 20u 0.5 20.01u 0 22u 0 22.1u 0.5)", 22.1e-6),
    "logic fades away and comes back": ("0.9", "PWL(0 0.5 30u 0.5 60u 0 75u 0 105u 0.5)", 105e-6),
}


@pytest.mark.parametrize("uic", [True, False])
@pytest.mark.parametrize("name", SUPPLIES)
def test_once_its_supplies_are_whole_a_neuron_keeps_its_period(name, uic):
    circuit, (drain, logic, whole) = CIRCUITS["31 pA"], SUPPLIES[name]
    expected = period(circuit, circuit.input_current)
    waves = simulate([circuit], deck([circuit], expected / 14, uic, intervals=10, drain=drain, logic=logic))
    edges = rising_edges(waves["time"], waves["v(spk0)"], circuit.v_dd / 2)
    after = edges[edges > whole]
    assert waves["time"][-1] == pytest.approx(10.5 * expected)
    assert after[0] < whole + 1.1 * expected
    assert len(after) > 3
    np.testing.assert_allclose(np.diff(after), expected, rtol=TOLERANCE)


@pytest.mark.parametrize("part", [0.5, 0.7, 1.3])
def test_at_another_logic_supply_the_period_is_that_of_the_closed_form(part):
    circuit = CIRCUITS["31 pA"]
    there = replace(at_supply(circuit, part * circuit.v_dd), device=circuit.device)  # the drains keep theirs
    expected = period(there, there.input_current)
    waves = simulate([circuit], deck([circuit], expected / 14, True, logic=f"{part * circuit.v_dd}"))
    edges = rising_edges(waves["time"], waves["v(spk0)"], part * circuit.v_dd / 2)
    np.testing.assert_allclose(np.diff(edges[1:]), expected, rtol=TOLERANCE)
    assert waves["v(spk0)"].max() == pytest.approx(part * circuit.v_dd, rel=1e-3)


def test_with_its_logic_supply_off_the_threshold_stays_above_reset_and_the_output_is_low():
    """A threshold at reset would be met all the time, at every step."""
    circuit = CIRCUITS["31 pA"]
    step = period(circuit, circuit.input_current) / 14
    waves = simulate([circuit], deck([circuit], step, True, logic="0"))
    assert waves["v(mem0)"].max() == pytest.approx(cell.LOW * circuit.v_threshold, rel=0.01)
    assert abs(waves["v(spk0)"]).max() < 1e-3


@pytest.mark.parametrize(("uic", "start"), [(False, 0.2), (True, 0.0)])
def test_an_initial_condition_is_kept_or_ignored_as_the_head_says(uic, start):
    circuit = CIRCUITS["31 pA"]
    current = circuit.input_current
    waves = simulate([circuit], deck([circuit], period(circuit, current) / 14, uic, ".ic v(mem0)=0.2", intervals=2))
    first = rising_edges(waves["time"], waves["v(spk0)"], circuit.v_dd / 2)[0]
    assert first == pytest.approx(rise_time(circuit, current, start, circuit.v_threshold), rel=2e-3)
    assert "without uic an .ic of mem is kept; with uic it is ignored" in neuron_netlist(circuit)


@pytest.mark.parametrize(("load", "height"), [("R1 spk0 0 1meg", 0.999), ("C1 spk0 0 100f", 1.0)])
def test_an_output_that_is_loaded_loses_no_period(load, height):
    circuit = CIRCUITS["31 pA"]
    waves = simulate([circuit], deck([circuit], period(circuit, circuit.input_current) / 14, True, load))
    assert abs(period_error(waves, 0, circuit)) < TOLERANCE
    high = waves["v(spk0)"][waves["v(spk0)"] > circuit.v_dd / 2]
    assert np.median(high) == pytest.approx(height * circuit.v_dd, rel=1e-3)


def test_a_cell_without_its_start_has_no_operating_point(monkeypatch):
    """What the start-up pulse is for: without it no spike comes where a deck has no `uic`."""
    monkeypatch.setattr(cell, "_CELL", cell._CELL.replace("Sbegin mem rst start vss begin\n", ""))
    with pytest.raises(AssertionError, match="0 spikes"):
        worst("24 fA", 14, False)


def test_the_head_of_every_file_says_how_it_is_used(tmp_path):
    library, bench, _ = write_spice(tmp_path, {"a": LIFCircuit()})
    text = library.read_text()
    head = text.split("\n.subckt")[0]
    for word in ("pins:", "options: none needed", "output:", "temperature:", "range:", subcircuit_name(LIFCircuit())):
        assert word in head
    parameters = set(re.findall(r"^\+ (\w+)=\S+$", text, re.MULTILINE))
    assert parameters == set(re.findall(r"^\* (\w+) \(\S+\): ", head, re.MULTILINE))
    assert "for another corner" in bench.read_text()


def main() -> None:
    lines = ["| current | print step | with uic | without |", "|---|---|---|---|"]
    largest = 0.0
    for name, part in product(CIRCUITS, STEPS):
        errors = [worst(name, part, uic) for uic in (True, False)]
        largest = max(largest, *errors)
        lines.append(f"| {name} | period/{part} | {errors[0]:.2e} | {errors[1]:.2e} |")
    sys.stdout.write("\n".join([*lines, f"worst error of a period at default options: {largest:.2e}"]) + "\n")


if __name__ == "__main__":
    main()

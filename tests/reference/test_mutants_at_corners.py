"""What does nothing at nominal, or to no spike time, fails a core by what it does: its cells are taken for another's.

Each mutant is a core's file that was changed, run in ngspice at two corners or at nominal; none is looked at.
"""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist.core_lib import core_text
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import ControlTransistors
from circuits.neuron.simulated_control import SimulatedControl
from circuits.signoff import core_at_corner as at
from circuits.signoff import sign_off, sign_off_corners
from circuits.signoff.as_written import read_core
from circuits.transient import simulate_network
from snn.studies.signoff_of_run import compared, is_passed

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

# Logic at 1 V, drains at 0.9 V; each part of the energy weighs so much that it would be missed
CONTROL = ControlTransistors(
    simulated=SimulatedControl(c_first=2.5e-15, c_second=0.6e-15, i_static=60e-12, i_crowbar=250e-12)
)
CIRCUIT = LIFCircuit(v_dd=1.0, v_sink=-0.1, t_refractory=1.2e-6, control=CONTROL, drawn=False)
BIN = 1e-6
CLIP = Stimulus(40e-6, signal=1.5 + np.sin(np.arange(8)[:, None] / 4 + np.arange(3)))


def layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, 0.02), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def core():
    """Three encoders onto four neurons, one of which is inhibited."""
    loops = np.array([[0, 0.15, -0.1, 0], [0.1, 0, 0, 0.2], [0, 0, 0, 0.15], [-0.2, 0.1, 0, 0]])
    inward = np.array([[0.5, 0.3, -0.7, 0.4], [0.3, 0.5, 0.4, -0.3], [0.4, 0.3, 0.5, 0.6]])
    layers = (layer("input", "encoder", np.diag([0.6, 0.7, 0.8])), layer("hidden", "lif", inward, loops))
    return ChipNetwork(NetworkSpec("small", 5e-6, layers, v_floor=CIRCUIT.v_floor), CIRCUIT)


CHIP = core()


def changed(pattern, new, text=None):
    """The core's text with a pattern replaced, which must be there."""
    found, n = re.subn(pattern, new, text or core_text(CHIP), flags=re.MULTILINE)
    assert n
    return found


def passes(run):
    try:
        return all(is_passed(compared([one], BIN)) for one in run())
    except RuntimeError:  # the command ends with exit code 1 too
        return False


def passes_at_corners(text):
    return passes(lambda: sign_off_corners(CHIP, CLIP, core=text, bin=BIN, n_jobs=1).values())


def passes_at_nominal(text):
    return passes(lambda: [sign_off(CHIP, CLIP, simulate_network(CHIP, CLIP), core=text, bin=BIN)])


AT_CORNERS = {
    "the leak does not follow the temperature": lambda: changed(r"(ealeak=)[\d.]+", r"\g<1>0"),
    "off-currents do not follow the temperature": lambda: changed(r"(eaoff=)[\d.]+", r"\g<1>0"),
    "synapses do not follow the temperature": lambda: changed(r"(eatun=)[\d.]+", r"\g<1>0"),
    "the crowbar window does not follow the temperature": lambda: changed(r"\*kelvin/t0-1", "-1"),
    "the crowbar does not follow the temperature": lambda: changed(r"(eacrow=)[\d.]+", r"\g<1>0"),
    "the crowbar does not follow the logic supply": lambda: changed(r"(ncrow=)[\d.]+", r"\g<1>0"),
    "off-currents do not follow the logic supply": lambda: changed(r"(nstat=)[\d.]+", r"\g<1>0"),
    "the refractory time does not follow the temperature": lambda: changed(r"(easwitch=)-[\d.]+", r"\g<1>0"),
    "the refractory time does not follow the logic supply": lambda: changed(r"(nswitch=)-[\d.]+", r"\g<1>0"),
    "the threshold does not follow the logic supply": lambda: changed(r"max\(V\(logic,vss\)/vdd0,", "max(1,"),
    "synapses do not follow the drain supply": lambda: changed(r"\(vds-\(", "(0.9-("),
    "the tunnelling shift is cut": lambda: changed(r"\+dtunnel", ""),
    "the threshold shift is cut": lambda: changed(r"dvth=\{dvth\}", "dvth=0"),
    "the body's factor is cut": lambda: changed(r"kcmem=\{kcmem\}", "kcmem=1"),
}
AT_NOMINAL = {
    "an output of 0.6 V_DD": lambda: divided(0.6),
    "an output of 5 V_DD": lambda: changed(r"^(Sup) logic (spk .*)$", r"Efive five vss logic vss 5\n\1 five \2"),
    "an output of a tenth of its length": lambda: shortened(),
    "a refractory time 3 % longer": lambda: changed(
        r"(^\+ tpulse=)([\d.e-]+)", lambda match: f"{match[1]}{float(match[2]) * 1.03:.12g}"
    ),
}


def divided(part):
    """The output behind a source of its own."""
    return _behind(f"Eout spk vss inner vss {part}")


def shortened():
    """The output stays for a tenth of the time, by the clock of the cell."""
    return _behind("Bout spk vss V = V(inner,vss)*(V(clk,vss)<10 ? 1 : 0)")


def _behind(source):
    cell = re.search(r"^\.subckt btbt_cell_.*?^\.ends$", core_text(CHIP), re.DOTALL | re.MULTILINE)[0]
    head, body = re.split(r"(?<=\n)(?=\.param)", cell, maxsplit=1)
    moved = re.sub(r"\bspk\b", "inner", body).removesuffix(".ends")
    return core_text(CHIP).replace(cell, f"{head}{moved}{source}\n.ends")


def test_the_core_itself_passes_at_both_corners_and_at_nominal():
    """All neurons spike at the hot corner, encoders at the cold one."""
    assert passes_at_corners(core_text(CHIP))
    assert passes_at_nominal(core_text(CHIP))


def test_wires_at_a_corner_are_another_circuit_with_the_same_gate_biases():
    """Supply and shift move the drain-gate voltage, the temperature the prefactor: I(u') / I(u) of the device."""
    fast = at.SIGN_OFF_CORNERS[0]
    nominal, there = wire(CHIP), at.at_corner(wire(CHIP), fast)
    own = nominal.synapses != 0
    device, moved = CIRCUIT.device, there.circuit.device
    u = device.v_ds - at.gate_bias(nominal, float(nominal.synapses.max())) - device.v_onset
    later = u + 0.1 * device.v_ds + 0.020
    grown = moved.prefactor / device.prefactor * later / u * np.exp(device.v_slope * (1 / u - 1 / later))
    assert there.synapses.max() == pytest.approx(nominal.synapses.max() * grown, rel=1e-9, abs=0)
    assert np.all(there.synapses[own] / nominal.synapses[own] > 2)
    assert np.array_equal(there.signal, nominal.signal)
    assert there.v_threshold == pytest.approx((nominal.v_threshold - 0.020) * 1.1, rel=1e-12, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", AT_CORNERS)
def test_a_mutant_that_nominal_hides_fails_at_a_corner(mutant):
    text = AT_CORNERS[mutant]()
    assert not passes_at_corners(text)


@pytest.mark.parametrize("mutant", AT_NOMINAL)
def test_a_mutant_of_an_output_fails(mutant):
    text = AT_NOMINAL[mutant]()
    assert read_core(text, CHIP).foreign
    assert not passes_at_nominal(text)


def test_a_corner_is_as_short_as_it_may_be():
    """A twentieth of a clip, or as much more as it takes to spike."""
    long = Stimulus(2e-3, signal=np.tile(CLIP.signal, (50, 1)))
    nominal = wire(CHIP)
    assert at._busiest(long, nominal, 1 / at.PART).duration == pytest.approx(0.1e-3)
    silent = replace(long, signal=long.signal * (np.arange(400) >= 390)[:, None])
    assert at._busiest(silent, nominal, 1 / at.PART).signal[-10:].all()

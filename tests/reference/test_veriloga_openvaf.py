"""Verilog-A that is handed over, compiled and evaluated by OpenVAF: currents and charges are the Python neuron's."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from circuits.device.btbt import DEVICES, btbt_current
from circuits.netlist.provenance import circuit_hash
from circuits.netlist.spice import neuron_parameters
from circuits.netlist.veriloga import event_view, smooth_view
from circuits.neuron.circuit import LIFCircuit, period
from circuits.neuron.supply import at_condition
from circuits.neuron.synapse import SynapseKernel

openvaf = pytest.importorskip("openvaf_py")

CIRCUITS = {
    "default": LIFCircuit(),
    "body factor, raised reset": LIFCircuit(body_factor=0.07, v_reset=0.05, c_mem=0.8e-15, width=0.3e-6, v_gs=-0.8),
    "drain-body factor": LIFCircuit(device=replace(DEVICES["32nm-pdsoi"], drain_body=0.5), v_gs=-0.7),
    "another device": LIFCircuit(device=DEVICES["22nm-fdx"], g_leak=1e-14, width=2e-6, v_gs=-0.9, drawn=False),
}


class Model:
    """The compiled smooth view, evaluated at node voltages against vss."""

    def __init__(self, circuit: LIFCircuit, folder):
        path = folder / "neuron.va"
        path.write_text(smooth_view(circuit), encoding="ascii")
        (self.module,) = openvaf.compile_va(str(path))
        self.v_dd, self.temperature = circuit.device.v_ds, circuit.device.temperature
        self.nodes = [node["name"] for node in self.module.get_dae_system()["nodes"]]
        self.values = dict.fromkeys(self.module.param_names, 0.0) | self.module.get_param_defaults() | {"mfactor": 1.0}

    def __call__(self, v_dg: float, mem: float, q: float = 0.0, ramp: float = 0.0) -> dict[str, tuple[float, float]]:
        """Current (A) and charge (C) into each node."""
        voltages = {"V(vdd,gate)": v_dg, "V(mem,vss)": mem, "V(q,vss)": q, "V(ramp,vss)": ramp}
        voltages |= {"V(vdd,vss)": self.v_dd, "V(vdd,mem)": self.v_dd - mem, "$temperature": self.temperature}
        assert voltages.keys() <= self.values.keys()
        residuals, _ = self.module.run_init_eval(self.values | voltages)
        return dict(zip(self.nodes, residuals, strict=True))


@pytest.mark.parametrize("name", CIRCUITS)
def test_parameters_survive_compilation(tmp_path, name):
    values = Model(CIRCUITS[name], tmp_path).module.get_param_defaults()
    for key, value in neuron_parameters(CIRCUITS[name]).items():
        assert values[key] == pytest.approx(value, rel=1e-11, abs=0)


@pytest.mark.parametrize("name", CIRCUITS)
def test_currents_and_charges_at_fifty_bias_points_are_the_python_neurons(tmp_path, name):
    """Latch clear: the membrane gets I(V_DG - body_factor V) and gives g_leak V, and stores C V."""
    circuit, rng = CIRCUITS[name], np.random.default_rng(1)
    model, onset = Model(circuit, tmp_path), circuit.device.v_onset
    points = zip(
        rng.uniform(onset - 0.2, onset + 1.2, 50), rng.uniform(0.0, 0.9, 50) * circuit.v_threshold, strict=True
    )
    below = 0
    for v_dg, mem in points:
        tunnel = float(btbt_current(v_dg - circuit.body_factor * mem, circuit.device, circuit.width, mem))
        below += tunnel == 0
        nodes = model(v_dg, mem)
        current, charge = nodes["mem"]
        assert current == pytest.approx(circuit.g_leak * mem - tunnel, rel=1e-9, abs=1e-9 * circuit.g_leak)
        assert charge == pytest.approx(circuit.c_mem * mem, rel=1e-9, abs=0)
        assert nodes["vdd"][0] == pytest.approx(tunnel, rel=1e-9, abs=0)
    assert 0 < below < 25


def test_a_set_latch_pulls_the_membrane_to_reset_and_the_ramp_up(tmp_path):
    circuit = CIRCUITS["body factor, raised reset"]
    model, values = Model(circuit, tmp_path), neuron_parameters(circuit)
    v_dg = circuit.device.v_ds - circuit.v_gs
    conductance = circuit.c_mem / values["tlatch"]
    set_, clear = model(v_dg, 0.3, q=1.0, ramp=0.5), model(v_dg, 0.3)
    assert set_["mem"][0] - clear["mem"][0] == pytest.approx(conductance * (0.3 - 0.05), rel=1e-9, abs=0)
    assert set_["ramp"][0] == pytest.approx(-circuit.c_mem / values["tpulse"], rel=1e-9, abs=0)
    assert set_["ramp"][1] == pytest.approx(0.5 * circuit.c_mem, rel=1e-9, abs=0)
    assert model(v_dg, 0.3, q=1.0, ramp=1.2)["q"][0] == pytest.approx(conductance, rel=1e-9, abs=0)  # over: to clear it


@pytest.mark.parametrize("name", ["default", "another device"])
def test_the_smooth_view_spikes_with_the_period_of_the_closed_form(tmp_path, name):
    """Residuals integrated by LSODA. The tanh comparator fires 0.6 mV early, the latch adds 0.1 %."""
    circuit = CIRCUITS[name]
    model, expected = Model(circuit, tmp_path), period(circuit, circuit.input_current)
    v_dg = circuit.device.v_ds - circuit.v_gs

    def slope(t, y):
        nodes = model(v_dg, *y)
        return [-nodes[node][0] / circuit.c_mem for node in ("mem", "q", "ramp")]

    run = solve_ivp(slope, (0, 4.5 * expected), [circuit.v_reset, 0, 0], "LSODA", rtol=1e-6, atol=1e-9,
                    max_step=expected / 50)  # fmt: skip
    spikes = run.t[1:][(run.y[1][1:] > 0.5) & (run.y[1][:-1] <= 0.5)]
    assert len(spikes) == 4
    np.testing.assert_allclose(np.diff(spikes), expected, rtol=5e-3)


def test_mismatch_and_corner_parameters_shift_what_they_name(tmp_path):
    circuit = LIFCircuit()
    model = Model(circuit, tmp_path)
    model.values |= {"dtunnel": 0.03, "kcmem": 1.1}
    shifted = replace(circuit.device, v_onset=circuit.device.v_onset - 0.03)
    current, charge = model(1.4, 0.2)["mem"]
    expected = circuit.g_leak * 0.2 - float(btbt_current(1.4, shifted, circuit.width))
    assert current == pytest.approx(expected, rel=1e-9, abs=0)
    assert charge == pytest.approx(1.1 * circuit.c_mem * 0.2, rel=1e-9, abs=0)


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize(("supply", "kelvin"), [(0.9, 233.15), (1.1, 398.15)])
def test_temperature_and_supply_act_as_the_circuit_says(tmp_path, name, supply, kelvin):
    """Against `at_condition`: tunnelling, leak, refractory time by its ramp, threshold by where the comparator sets."""
    circuit = replace(CIRCUITS[name], leak_activation_ev=0.3)
    there = at_condition(circuit, kelvin, supply * circuit.v_dd)
    model = Model(circuit, tmp_path)
    model.v_dd, model.temperature = there.device.v_ds, kelvin
    v_dg, mem = there.device.v_ds - there.v_gs, 0.3 * there.v_threshold
    tunnel = float(btbt_current(v_dg - there.body_factor * mem, there.device, there.width, mem))
    assert model(v_dg, mem)["mem"][0] == pytest.approx(there.g_leak * mem - tunnel, rel=1e-9, abs=0)
    below, above = (model(v_dg, there.v_threshold + shift)["q"][0] for shift in (-0.05, 0.05))
    assert abs(below) < 1e-3 * abs(above)
    assert model(v_dg, mem, q=1.0)["ramp"][0] == pytest.approx(-there.c_mem / there.t_refractory, rel=1e-6, abs=0)


def test_the_event_view_is_verilog_a_beside_its_events(tmp_path):
    """OpenVAF knows no cross, timer or transition: with those replaced, the rest must compile, three modules."""
    text = event_view(LIFCircuit(), SynapseKernel())
    assert text.count("@(cross(") == text.count("@(timer(tend))") == text.count("@(initial_step)") == 3
    assert text.count("@(timer(tbegin))") == 1
    assert "$bound_step(" in text
    text = re.sub(r"@\(timer\(t\w+\)\)", "@(initial_step)", text.replace("$bound_step", "//"))
    text = re.sub(r"@\(cross\(.*\+1\)\)", "@(initial_step)", text)
    text, replaced = re.subn(r"transition\((\w+), 0\.0, [^,]+, [^,)]+\)", r"\1", text)
    assert replaced == 4
    (tmp_path / "event.va").write_text(text, encoding="ascii")
    names = {module.name for module in openvaf.compile_va(str(tmp_path / "event.va"))}
    key = circuit_hash(LIFCircuit())
    assert names == {f"btbt_lif_{key}", f"btbt_synapse_{key}", f"btbt_adaptation_{key}"}

"""SPICE text of a neuron: its numbers, its provenance, and nothing of a label that is not made safe."""

import re
from dataclasses import replace

import pytest

from circuits.device.btbt import DEVICES
from circuits.errors import WorkError
from circuits.netlist import cell, ngspice
from circuits.netlist.ngspice import run_ngspice
from circuits.netlist.spice import bench_netlist, neuron_netlist, subcircuit_name, write_spice
from circuits.network.names import MAX_NAME, MAX_TEXT, safe_name, safe_text
from circuits.neuron.circuit import LIFCircuit, period

HOSTILE = 'x\n.control\nshell rm -rf ~\n.endc "é" ../../etc;{1/0}'


def _parameters(netlist: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^\+ (\w+)=(\S+)$", netlist, re.MULTILINE)}


def test_parameters_are_the_circuit_in_si_units():
    circuit = LIFCircuit(device=DEVICES["22nm-fdx"], width=0.7e-6, c_mem=1.1e-15, v_reset=0.05, v_gs=-1.0)
    circuit = replace(circuit, t_refractory=1e-6, g_leak=3e-14, drawn=False)
    values = _parameters(neuron_netlist(circuit))
    assert values["w"] * values["a"] == pytest.approx(0.7e-6 * circuit.device.prefactor, rel=1e-9, abs=0)
    assert (values["b"], values["v0"]) == (circuit.device.v_slope, circuit.device.v_onset)
    assert (values["cmem"], values["gleak"]) == (1.1e-15, 3e-14)
    assert (values["vth"], values["vreset"], values["tpulse"]) == (0.36095, 0.05, 1e-6)


def test_latch_is_a_thousandth_of_pulse_and_of_rise():
    """Its delays stay small against both; without a refractory time the pulse is 1e-4 of the rise."""
    rise = period(LIFCircuit(t_refractory=0.0), LIFCircuit().input_current)
    long_pulse = _parameters(neuron_netlist(LIFCircuit(t_refractory=1.0)))
    assert long_pulse["tlatch"] == pytest.approx(1e-3 * rise, rel=1e-9, abs=0)
    no_pulse = _parameters(neuron_netlist(LIFCircuit(t_refractory=0.0)))
    assert no_pulse["tpulse"] == pytest.approx(1e-4 * rise, rel=1e-9, abs=0)
    assert no_pulse["tlatch"] == pytest.approx(1e-7 * rise, rel=1e-9, abs=0)


def test_header_says_where_it_comes_from():
    netlist = neuron_netlist(LIFCircuit(v_gs=-0.2))
    header = netlist[: netlist.index(".subckt")]
    for words in ("tunnelspike", "32nm-pdsoi", "figure 14", "behavioural, not foundry-qualified", "extrapolated"):
        assert words in header
    assert f".subckt {subcircuit_name(LIFCircuit(v_gs=-0.2))} mem spk gate vdd vss" in netlist


@pytest.mark.parametrize(
    "change",
    [{"v_gs": -0.6}, {"c_mem": 0.6e-15}, {"v_threshold": 0.35}, {"t_refractory": 1e-6}, {"leak_activation_ev": 0.2}],
)
def test_another_body_has_another_name(change):
    """A bias changes the latch time and the drain's off-current, so it is part of the name too."""
    one, other = (neuron_netlist(circuit) for circuit in (LIFCircuit(), replace(LIFCircuit(), drawn=False, **change)))
    assert set(re.findall(r"^\.subckt btbt_lif_(\w+)", one, re.M)).isdisjoint(re.findall(r"btbt_lif_(\w+)", other))


def test_the_same_body_has_the_same_name_whatever_it_is_called():
    """A hash of the text: not of the name of a device, of a title, or of the release that wrote it."""
    renamed = LIFCircuit(device=replace(DEVICES["32nm-pdsoi"], name="mine", source="me"))
    assert subcircuit_name(renamed) == subcircuit_name(LIFCircuit())
    text = neuron_netlist(renamed, title="another")
    assert text.split("\n.subckt")[1:] == neuron_netlist(LIFCircuit()).split("\n.subckt")[1:]


def test_a_template_that_changes_changes_every_name_in_it(monkeypatch):
    """Hand-overs of two releases stand in one deck."""
    before = neuron_netlist(LIFCircuit())
    monkeypatch.setattr(cell, "_CELL", cell._CELL.replace("Cgate gates", "Cgates gates"))
    names = [set(re.findall(r"^\.subckt (\w+)", text, re.M)) for text in (before, neuron_netlist(LIFCircuit()))]
    assert len(names[0]) == 3
    assert names[0].isdisjoint(names[1])


def test_bench_expects_the_closed_form_period():
    circuit = LIFCircuit()
    deck = bench_netlist(circuit, "a.lib", v_gs=-0.6)
    expected = period(circuit, replace(circuit, v_gs=-0.6).input_current)
    typical = re.search(r"expected_period=\{(\S+)\*\(corner==0\)", deck)[1]
    assert float(typical) == pytest.approx(expected, rel=1e-9, abs=0)
    assert ".tran {expected_period/1000} {6.5*expected_period}" in deck
    assert "Vgate gate 0 -0.6" in deck


def test_a_silent_neuron_has_no_bench_and_nothing_is_written(tmp_path):
    silent = LIFCircuit(g_leak=1e-9)
    with pytest.raises(ValueError, match=r"v_gs = -0\.57 V.*'quiet'.*rheobase of 361 pA.*more negative"):
        write_spice(tmp_path / "out", {"ok": LIFCircuit(), "quiet": silent})
    assert not (tmp_path / "out").exists()


def test_device_without_current_still_gives_a_subcircuit():
    """Below onset nothing flows; a network may still drive such a neuron from outside."""
    values = _parameters(neuron_netlist(LIFCircuit(v_gs=0.5, g_leak=0.0, t_refractory=0.0)))
    assert all(0 < values[name] < 1 for name in ("tpulse", "tlatch"))


@pytest.mark.parametrize("label", ["", "7", "_", "é", "Hidden 1", "a" * 300, HOSTILE, "..", "con:", "9/9"])
def test_any_label_becomes_a_spice_name(label):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", safe_name(label))
    assert len(safe_name(label)) <= MAX_NAME


def test_names_are_unique_and_keep_their_limit():
    taken: list[str] = []
    for label in ["A b", "a-b", "a_b", *["z" * 60] * 12]:
        taken.append(safe_name(label, taken))
    assert len(set(taken)) == len(taken)
    assert taken[:3] == ["a_b", "a_b_2", "a_b_3"]
    assert max(map(len, taken)) == MAX_NAME


def keyless(lines):
    """Lines without the hash of what they hold, which the name of a device is part of."""
    return [re.sub(r"_[0-9a-f]{12}\b", "", line) for line in lines]


def test_no_label_title_or_source_reaches_the_netlist_unescaped(tmp_path):
    circuit = LIFCircuit(device=replace(DEVICES["32nm-pdsoi"], name=HOSTILE, source=HOSTILE))
    plain = write_spice(tmp_path / "plain", {"a": LIFCircuit()})
    hostile = write_spice(tmp_path / "hostile", {HOSTILE: circuit})
    for clean, dirty in zip(plain, hostile, strict=True):
        assert dirty.parent == tmp_path / "hostile"
        body = [line for line in dirty.read_text("ascii").splitlines() if not line.startswith("*")]
        body = [line.replace(hostile[0].name, "a.lib") for line in body]
        assert keyless(body) == keyless(line for line in clean.read_text("ascii").splitlines() if line[:1] != "*")
    assert safe_text("a\nb\tc\x00é") == "a b c??"
    assert len(safe_text("x" * 1000)) == MAX_TEXT


def test_files_stand_beside_each_other_and_are_replaced_whole(tmp_path):
    labels = {"Layer 1": LIFCircuit(), "layer-1": LIFCircuit(v_gs=-0.6)}
    paths = write_spice(tmp_path, labels)
    names = ["layer_1.lib", "layer_1_bench.cir", "layer_1_2.lib", "layer_1_2_bench.cir", "corners.lib"]
    assert [path.name for path in paths] == names
    paths[0].write_text("old")
    write_spice(tmp_path, labels)
    assert ".subckt" in paths[0].read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert '.include "layer_1.lib"' in paths[1].read_text()


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    (path, *_) = write_spice(tmp_path, {"a": LIFCircuit()})
    old = path.read_text()

    def full_disk(self, text, encoding):
        self.open("w").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_spice(tmp_path, {"a": LIFCircuit(v_gs=-0.6)})
    assert path.read_text() == old
    assert len(list(tmp_path.iterdir())) == 3


def test_missing_simulator_is_named_with_its_package(tmp_path, monkeypatch):
    deck = write_spice(tmp_path, {"a": LIFCircuit()})[1]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="apt-get install ngspice"):
        run_ngspice(deck)


def test_missing_deck_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.cir"):
        run_ngspice(tmp_path / "absent.cir")


def test_measurements_are_read_and_names_that_contain_error_are_not_errors(tmp_path, monkeypatch):
    (tmp_path / "a.cir").touch()
    output = "Circuit: * error\n\nperiod_error = -8.5e-04\nspan = 2.79e-05 targ= 4e-5 trig= 1e-5\nStack = 0 bytes.\n"
    monkeypatch.setattr(ngspice.shutil, "which", lambda name: "/bin/true")
    monkeypatch.setattr(ngspice, "_run", lambda command, timeout_s, folder: (0, output))
    assert run_ngspice(tmp_path / "a.cir") == {"period_error": -8.5e-4, "span": 2.79e-5}


@pytest.mark.parametrize("number", ["1e999", "1.234.0e-01", "1.2e-0e-06"])
def test_a_measurement_that_is_no_number_is_a_failure_of_the_simulator(tmp_path, monkeypatch, number):
    (tmp_path / "a.cir").touch()
    monkeypatch.setattr(ngspice.shutil, "which", lambda name: "/bin/true")
    monkeypatch.setattr(ngspice, "_run", lambda command, timeout_s, folder: (0, f"period = {number}\n"))
    with pytest.raises(WorkError, match=r"period = .* on .*a\.cir"):
        run_ngspice(tmp_path / "a.cir")

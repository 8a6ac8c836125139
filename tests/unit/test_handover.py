"""Every file that a circuit team gets: what it holds, where it comes from, and nothing of a label unescaped."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import DEVICES, REFERENCE_TEMPERATURE
from circuits.netlist import handover as module
from circuits.netlist.core_lib import CORE_FILE
from circuits.netlist.corners_lib import TYPICAL, sections
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.handover import FORMATS, handover
from circuits.netlist.provenance import circuit_hash, network_hash
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import synapses
from circuits.signoff import core_deck, core_sha256, core_text, handed_over
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS
from circuits.variation.mismatch import Spread

HOSTILE = [
    "x.end\n.include secret.txt",
    "x" * 200,
    "ünïcödé \u202e 字",
    "",
    '$(rm -rf ~)";`id`\r\n.control\nshell id\n.endc',
    '*/ `include "secret.va" //\nendmodule',
    "=cmd|' /C calc'!A0",
    "network",
    "corners",
]


def layer(name, kind, weights, recurrent=None):
    n = np.shape(weights)[1]
    return LayerSpec(name, kind, np.array(weights), np.full(n, 0.3), np.full(n, 20e-3), np.ones(n), recurrent)


def network(names=("encoder", "hidden", "readout"), name="tiny", labels=("no", "yes"), circuit=None):
    layers = (
        layer(names[0], "encoder", [[0.5, 0.2], [0.0, -0.4]]),
        layer(names[1], "lif", [[0.5, -0.25], [0.0, 0.75]], np.array([[0.0, 0.2], [-0.1, 0.0]])),
        layer(names[2], "readout", [[0.1], [-0.2]]),
    )
    return ChipNetwork(NetworkSpec(name, 0.01, layers, labels), circuit or LIFCircuit())


@pytest.fixture(scope="module")
def texts():
    return handover(network(), "all").texts


def test_all_is_every_format_and_each_file_stands_once(texts):
    parts = [handover(network(), format).texts for format in FORMATS]
    assert texts == {file: text for part in parts for file, text in part.items()}
    assert sorted(texts) == sorted(
        ["network.json", "parameters.json", "parameters.csv", "corners.json", "mismatch.json", "corners.lib",
         "core.lib", "README.md",
         "encoder.lib", "encoder_bench.cir", "hidden.lib", "hidden_bench.cir", "network_bench.cir", "corners.scs",
         "encoder_bench.scs", "hidden_bench.scs", "network_bench.scs", "btbt_lif_event.va", "btbt_lif_smooth.va"]
    )  # fmt: skip
    with pytest.raises(ValueError, match="unknown format 'edif'; known: json, spice, spectre, verilog-a, all"):
        handover(network(), "edif")


def test_every_file_but_the_table_says_where_it_comes_from(texts):
    for file, text in texts.items():
        if file != "parameters.csv":
            head = "\n".join(text.splitlines()[:12])
            assert "behavioural, not foundry-qualified" in head, file
            assert "tunnelspike" in head, file
            assert re.search(r"\b[0-9a-f]{12}\b", head), file
    assert network_hash(network()) in texts["network_bench.cir"]
    assert DEVICES["32nm-pdsoi"].source in texts["network_bench.scs"]


def test_the_data_sheet_has_every_parameter_of_every_subcircuit(texts):
    """Name by name: with a short and with a long line, so that both kinds of line are compared."""
    long_line = handover(network(circuit=LIFCircuit(t_refractory=3e-6)), "spice").texts
    libraries = [text for files in (texts, long_line) for file, text in files.items() if file.endswith(".lib")]
    heads = re.findall(r"^\.subckt [^*]*?params:(.*(?:\n\+.*)*)", "\n".join(libraries), re.MULTILINE)
    assert len(heads) > 10
    written = {name for head in heads for name in re.findall(r"(\w+)=", head)}
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (.+) \|$", texts["README.md"], re.MULTILINE)
    assert {name for name, *_ in rows} == written
    assert "nominal one, it does not follow the pin gate" in dict((name, text) for name, _, text in rows)["vgs"]
    assert all("params:" in text for text in libraries if ".subckt" in text)


def test_the_data_sheet_says_why_a_corner_is_silent_and_how_the_output_may_be_loaded(texts):
    silent = [line for line in texts["README.md"].splitlines() if "| silent |" in line]
    assert silent
    assert all("is no less than the" in line for line in silent)
    assert re.search(r"output: 1 kohm to logic or to vss; a load", texts["README.md"])


def test_the_plot_of_the_data_sheet_has_ticks_on_both_axes(texts):
    plot = texts["README.md"].split("## Firing rate over gate bias")[1].split("## Corners")[0]
    assert len(re.findall(r"^ +[\d.]+ [kM]?Hz \+", plot, re.MULTILINE)) == 5
    *_, axis = plot.rstrip().splitlines()
    device = LIFCircuit().device
    ticks = [float(word) for word in axis.split()[:-3]]
    assert ticks == pytest.approx(np.linspace(device.v_gs_min, device.v_gs_max, 5), abs=5e-3)


def test_the_hash_is_of_what_the_network_does_and_not_of_names():
    base = network_hash(network())
    assert re.fullmatch(r"[0-9a-f]{12}", base)
    assert network_hash(network(names=("a", "b", "c"), name="other", labels=())) == base
    changed = network()
    changed.network.layers[1].weights[0, 0] = np.nextafter(0.5, 1)
    assert network_hash(changed) != base
    assert network_hash(network(circuit=LIFCircuit(c_mem=2e-15))) != base
    assert network_hash(replace(network(), network=replace(network().network, dt=0.02))) != base
    assert circuit_hash(LIFCircuit()) != circuit_hash(LIFCircuit(v_gs=-0.6))


def code_of(texts):
    """Every file without its comments, strings of JSON and CSV taken apart."""
    body = {}
    for file, text in texts.items():
        if file.endswith((".json", ".csv", ".md")):
            continue
        mark = "*" if file.endswith((".lib", ".cir")) and file != "corners.scs" else "//"
        body[file] = [line for line in text.splitlines() if not line.startswith(mark)]
    return body


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_changes_no_line_that_a_simulator_reads(tmp_path, format, label):
    """The same network with harmless names has the same code, but for the names themselves."""
    hostile_device = replace(DEVICES["32nm-pdsoi"], name=label, source=label)
    plain = handover(network(names=("aa", "bb", "cc")), format)
    names = (label, label + "!", label + "?")  # the same or nearly the same once made safe
    dirty = handover(network(names, label, (label,), LIFCircuit(device=hostile_device)), format)
    paths = dirty.write(tmp_path / "out")
    assert {path.parent for path in paths} == {tmp_path / "out"}
    assert all(re.fullmatch(r"[a-z][a-z0-9_.]*|README.md", path.name) for path in paths)
    assert len({path.name for path in paths}) == len(plain.texts)
    pairs = zip(code_of(plain.texts).values(), code_of(dirty.texts).values(), strict=True)
    for clean, found in pairs:
        assert len(clean) == len(found)
        for a, b in zip(clean, found, strict=True):
            assert shape(a) == shape(b)
    for file, text in dirty.texts.items():
        assert text.isascii() or file == "parameters.csv", file
        if not file.endswith(".json"):
            assert not any(
                line.lstrip().startswith((".include secret", ".control", "endmodule\n//")) for line in text.splitlines()
            )


def shape(line):
    """A line with its names and numbers blanked: what kind of statement it is."""
    return re.sub(r"[A-Za-z0-9_.+-]+", "x", line)


def test_json_files_are_json_and_the_csv_is_no_formula():
    label = "=cmd|' /C calc'!A0\n.include secret"
    device = replace(DEVICES["32nm-pdsoi"], name=label, source=label)
    texts = handover(network(circuit=LIFCircuit(device=device), name=label), "json").texts
    records = {file: json.loads(text) for file, text in texts.items() if file.endswith(".json")}
    assert records["network.json"]["name"] == label
    rows = list(csv.reader(io.StringIO(texts["parameters.csv"])))
    assert all(len(row) == 4 for row in rows)
    assert not any(cell[:1] in "=@" for row in rows for cell in row if cell)


def test_parameters_have_value_unit_and_source(texts):
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(texts["parameters.csv"]))}
    assert (float(rows["c_mem"]["value"]), rows["c_mem"]["unit"]) == (1.8435e-15, "F")
    assert "simulated in transistors" in rows["c_mem"]["source"]
    assert rows["control.simulated.t_switch"]["source"] == rows["c_mem"]["source"]
    assert "ASSUMED" in rows["g_leak"]["source"]
    assert rows["device.prefactor"]["unit"] == "A/m/V"
    assert rows["device.v_onset"]["source"] == DEVICES["32nm-pdsoi"].source
    assert float(rows["charge_per_weight"]["value"]) == pytest.approx(1.8435e-15 * 0.36095, rel=1e-12, abs=0)
    told = {row["name"]: row for row in json.loads(texts["parameters.json"])["parameters"]}
    assert told.keys() == rows.keys()
    assert told["g_leak"] == {"name": "g_leak", "value": 46.0875e-12, "unit": "S", "source": rows["g_leak"]["source"]}
    own = handover(network(circuit=LIFCircuit(c_mem=2e-15)), "json").texts["parameters.csv"]
    assert "c_mem,2e-15,F,given by the user" in own


def test_corner_library_has_a_section_for_each_process_and_each_of_27_corners(texts):
    lines = [line for line in texts["corners.lib"].splitlines() if not line.startswith("*")]
    known = sections(REFERENCE_TEMPERATURE)
    assert len(known) == len(PROCESS_SHIFTS) + len(CORNERS) == 32
    blocks = [lines[i : i + 4] for i in range(0, len(lines), 4)]
    for number, (block, (name, corner)) in enumerate(zip(blocks, known.items(), strict=True)):
        start, params, temp, end = block
        values = {key: float(value) for key, value in re.findall(r"(\w+)=(\S+)", params)}
        shift = PROCESS_SHIFTS[corner.process]
        expected = [number, shift.tunnel, shift.threshold, shift.c_mem, corner.supply]
        assert (start, end) == (f".lib {name}", f".endl {name}")
        assert list(values.values()) == pytest.approx(expected)
        assert float(temp.removeprefix(".temp ")) == pytest.approx(corner.temperature - 273.15)
        if name in PROCESS_SHIFTS:
            assert f"section {name.lower()}\nparameters {params.removeprefix('.param ')}" in texts["corners.scs"]


def test_what_the_bench_of_the_network_expects_is_of_one_section_and_it_says_so(texts):
    assert f'.lib "corners.lib" {TYPICAL}' in texts["network_bench.cir"]
    for file in ("network_bench.cir", "README.md"):
        said = " ".join(texts[file].replace("`", "").replace("*", "").split())
        assert f"expects is of section {TYPICAL} of corners.lib" in said.replace("expected is", "expects is"), file
        assert "pass says nothing" in said


def test_corners_and_mismatch_as_data(texts):
    corners, mismatch = json.loads(texts["corners.json"]), json.loads(texts["mismatch.json"])
    assert len(corners["corners"]) == len(CORNERS)
    assert corners["processes"]["FF"]["tunnel_v"] == PROCESS_SHIFTS["FF"].tunnel
    assert corners["evidence"] == mismatch["evidence"] == "ASSUMED"
    assert mismatch["sigma_tunnel_v"] == Spread().sigma_tunnel
    assert mismatch["sigma_subthreshold_v"] == Spread().sigma_subthreshold
    device = LIFCircuit().device
    u = 0.9 + 0.57 - device.v_onset
    assert mismatch["sigma_ln_current"] == pytest.approx((1 / u + device.v_slope / u**2) * 0.010, rel=1e-9)
    assert mismatch["correlation_tunnel_subthreshold"] == 0


def test_every_synapse_is_one_tunnelling_term_with_its_gate_bias(texts):
    deck, net = texts[CORE_FILE], network()
    array = synapses(net.network.layers[1].crossbar, net.circuit, net.synapse.device_pulse)
    expected = sorted(round(net.circuit.device.v_ds - v, 9) for v in array.v_gs[np.isfinite(array.v_gs)])
    sources = re.findall(r"^G\d+_hidden_\d .*$", deck, re.MULTILINE)
    gates = [float(v) for text in sources for v in re.findall(r"\{tunnel_\w+\(vds-\(([^)]+)\)\)\}", text)]
    found = sorted(round(net.circuit.device.v_ds - v_gs, 9) for v_gs in gates)
    assert found == expected
    assert len(re.findall(r"^S\d+ ", texts["network_bench.scs"], re.MULTILINE)) == net.network.n_synapses
    assert texts["network_bench.scs"].count("sgn=-1") == sum(int((x.crossbar < 0).sum()) for x in net.network.layers)
    assert len(re.findall(r"^Xcell_(encoder|hidden)_\d .* btbt_cell_\w+ ", deck, re.MULTILINE)) == 4


def test_spectre_statements_are_balanced_and_speak_spectre_only(texts):
    for file in ("network_bench.scs", "encoder_bench.scs"):
        text = texts[file]
        body = [line for line in text.splitlines() if not line.startswith("//")]
        assert body[:3] == [
            "simulator lang=spectre",
            'include "corners.scs" section=tt',
            'ahdl_include "btbt_lif_event.va"',
        ]
        assert text.count("subckt neuron") == text.count("ends neuron") == 1
        assert not any(line.startswith((".", "*")) for line in body)
        for opening, closing in ("()", "[]"):
            assert text.count(opening) == text.count(closing)
        assert re.search(r"^spikes tran stop=\S+ maxstep=\S+", text, re.MULTILINE)


def test_a_network_too_large_to_verify_is_written_and_says_so(monkeypatch):
    monkeypatch.setattr(module, "MAX_SYNAPSES", 5)
    told = handover(network(), "all")
    assert {"network_bench.cir", "network_bench.scs"} <= told.texts.keys()
    assert [bench.file for bench in told.benches if bench.file.startswith("network")] == []
    assert "hours for 4 spiking neurons and 7 synapses" in told.notes[0]
    assert "encoder_bench.cir" in told.texts
    monkeypatch.undo()
    bodily = network(circuit=LIFCircuit(body_factor=0.05))
    assert "body_factor = 0.05" in handover(bodily, "spice").notes[0]


def test_expected_spikes_of_another_simulator_go_into_the_bench():
    wiring, stimulus = wire(network()), Stimulus(0.5e-3)
    times = [np.linspace(0, 0.4e-3, 7)] * wiring.n_neurons
    assert "abs(n_hidden_1-7)" in network_bench(wiring, stimulus, times, "key")
    with pytest.raises(ValueError, match="expected spikes of 2 neurons, the network has 5"):
        network_bench(wiring, stimulus, times[:2], "key")


def test_nothing_is_written_where_a_neuron_cannot_fire(tmp_path):
    weak = network(circuit=LIFCircuit(v_threshold=0.4))
    first, *rest = weak.network.layers
    broken = weak.with_layers((replace(first, v_threshold=np.array([-1.0, -1.0])), *rest))
    with pytest.raises(ValueError, match="v_threshold"):
        handover(broken, "all").write(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_exported_core_is_the_file_that_is_signed_off(tmp_path):
    """To the byte; the deck of a clip includes it, and is refused the core of another network."""
    whole = network(circuit=LIFCircuit(t_refractory=3e-6))
    core = whole.with_layers(whole.network.layers[:2])
    files = handover(core, "spice")
    files.write(tmp_path)
    assert core_text(core) == files.texts[CORE_FILE] == handed_over(tmp_path, core)
    assert core_sha256(core_text(core)) == hashlib.sha256((tmp_path / CORE_FILE).read_bytes()).hexdigest()
    for deck in (core_deck(core, Stimulus(0.01, signal=np.ones((1, 2)))), files.texts["network_bench.cir"]):
        assert f'.include "{CORE_FILE}"' in deck
        assert f"btbt_core_{network_hash(core)} " in deck
    other = replace(core, circuit=replace(core.circuit, c_mem=2e-15))
    with pytest.raises(ValueError, match=r"this run is btbt_core_\w+: another network; export this run"):
        handed_over(tmp_path, other)


def append(path, text):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "no core.lib in .*snn export RUN --format spice"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "is no SPICE text"),
        (lambda path: path.write_text("* nothing\n"), "holds none, this run is"),
        (lambda path: append(path, ".control\nshell id\n.endc\n"), r"line \d+: '.control' is none of .subckt"),
        (lambda path: append(path, '  .INCLUDE "/etc/passwd"\n'), r"line \d+: '.include' is none of"),
        (lambda path: append(path, ".options abstol=1\n"), r"'.options' is none of"),
        (lambda path: append(path, "R1 logic 0 1\n"), r"'R1 logic 0 1' stands outside every subcircuit"),
    ],
)
def test_a_core_that_is_none_is_told_with_a_remedy(tmp_path, damage, said):
    whole = network(circuit=LIFCircuit(t_refractory=3e-6))
    core = whole.with_layers(whole.network.layers[:2])
    handover(core, "spice").write(tmp_path)
    damage(tmp_path / CORE_FILE)
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        handed_over(tmp_path, core)

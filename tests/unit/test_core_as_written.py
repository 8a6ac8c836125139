"""A core's file read back: the run's own, or told where it is not; nothing is simulated."""

import re

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.netlist.core_lib import core_lib, core_text
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.signoff.as_written import read_core

CIRCUIT = LIFCircuit(v_sink=-0.1, t_refractory=1.2e-6)


def layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, 0.02), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def core(names=("input", "hidden")):
    """Three encoders onto four neurons that excite and inhibit each other."""
    loops = np.array([[0, 0.15, -0.1, 0], [0.1, 0, 0, 0.2], [0, 0, 0, 0.15], [-0.2, 0.1, 0, 0]])
    inward = np.array([[0.5, 0.3, -0.7, 0.4], [0.3, 0.5, 0.4, -0.3], [0.4, 0.3, 0.5, 0.6]])
    layers = (layer(names[0], "encoder", np.diag([0.6, 0.7, 0.8])), layer(names[1], "lif", inward, loops))
    return ChipNetwork(NetworkSpec("small", 5e-6, layers, v_floor=CIRCUIT.v_floor), CIRCUIT)


CHIP = core()
TEXT = core_text(CHIP)
CODE = [k for k, line in enumerate(TEXT.splitlines()) if not line.startswith(("*", ".subckt", ".ends"))]


@pytest.fixture
def written_once(monkeypatch):
    """The writer's text of the core, not written anew for each of hundreds of changes."""
    monkeypatch.setattr("circuits.signoff.as_written.core_text", lambda chip: TEXT)


def told(text):
    """What is said against a file; empty where it is as written."""
    try:
        return "; ".join(read_core(text, CHIP).foreign)
    except InputError as error:
        return str(error)


def with_line(k, line):
    lines = TEXT.splitlines()
    lines[k : k + 1] = [] if line is None else [line]
    return "\n".join(lines) + "\n"


def test_what_is_written_is_read_back_whole_and_comments_may_differ():
    reading = read_core(TEXT, CHIP)
    assert reading.synapses_seen == wire(CHIP).n_synapses == 19
    assert reading.foreign == ()
    other = re.sub(r"^\* .*$", "* of another hand", TEXT, flags=re.MULTILINE)
    assert other != TEXT
    assert told(other) == ""


def test_no_statement_can_be_left_out(written_once):
    assert [k for k in CODE if not told(with_line(k, None))] == []


def test_no_statement_can_stand_twice(written_once):
    lines = TEXT.splitlines()
    assert [k for k in CODE if not told(with_line(k, f"{lines[k]}\n{lines[k]}"))] == []


def test_no_number_can_change_by_a_hundred_thousandth(written_once):
    """Leaks, bodies, refractory times, thresholds, weights, activation energies, supplies: every number of the file."""
    unseen, lines = [], TEXT.splitlines()
    for k in CODE:
        for match in re.finditer(r"(?<![\w.])\d+\.?\d*(?:e[-+]?\d+)?(?!\w)", lines[k]):
            moved = f"{lines[k][: match.start()]}{float(match[0]) * (1 + 1e-5) + 1e-9:.12g}{lines[k][match.end() :]}"
            if not told(with_line(k, moved)):
                unseen.append(moved)
    assert unseen == []


def added(line):
    """A statement more in the core."""
    return TEXT.removesuffix(".ends\n") + line + "\n.ends\n"


def changed(pattern, new):
    text, n = re.subn(pattern, new, TEXT, count=1, flags=re.MULTILINE)
    assert n
    return text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (added("Cpar mem_hidden_1 vss 2e-18"), r"line \d+: 'Cpar mem_hidden_1 vss 2e-18' is surplus"),
        (added("Ipar vss mem_hidden_1 30e-15"), "is surplus"),
        (added("G9_hidden_0 vdd mem_hidden_0 act_hidden_3 vss 1p"), "is surplus"),
        (changed(r"^(Xcell_hidden_2 .*)$", r"\1 cmem=0.505f"), "Xcell_hidden_2: 'cmem=0.505f', expected 'nothing'"),
        (changed(r"^(Xcell_hidden_2 .*)$", r"\1 tpulse=1.236u"), "Xcell_hidden_2: 'tpulse=1.236u'"),
        (changed(r"^(Xcell_hidden_2 .* gleak=)(\S+)", r"\g<1>1.05e-11"), "Xcell_hidden_2: 'gleak=1.05e-11"),
        (changed(r"^\+ spk_hidden_1\n", ""), r"line \d+: .subckt: 'spk_hidden_2 .*expected 'spk_hidden_1"),
        (changed(r"^(G0_hidden_1 .*vds-\(-0)\.\d+", r"\1.5"), r"synapse G0_hidden_1 of \S+ A, expected \S+ A"),
        (changed(r"^G0_hidden_1 .*\n", ""), r"synapse G0_hidden_1 of \S+ A is missing"),
        (changed(r"^(G0_hidden_1 .*vds-\()[^)]*", r"\1nan"), r"line \d+: G0_hidden_1: "),
        (changed(r"^Sbegin .*\n", ""), r"btbt_cell_\w+: differs at line \d+"),
        (TEXT + ".subckt btbt_own a b\nR1 a b 1\n.ends\n", "btbt_own: no part of this version"),
        (TEXT + TEXT, "stands within a subcircuit, or twice"),
        (TEXT.replace("btbt_line", "my_line", 1), r"btbt_line_\w+: missing"),
    ],
)
def test_what_differs_is_named_with_its_place(text, said):
    assert re.search(said, told(text)), told(text)


def test_all_differences_are_counted_and_the_first_named():
    none = re.sub(r"^G\d_hidden_\d .*\n", "", TEXT, flags=re.MULTILINE)
    assert told(none).count("is missing") == 3
    assert "and 16 more; export it again" in told(none)


def test_a_writer_that_forgets_a_synapse_is_found_out(monkeypatch):
    """The table of currents is compared with the network's, not with what was written of it."""
    less = changed(r"^G0_hidden_1 .*\n", "")
    monkeypatch.setattr("circuits.signoff.as_written.core_text", lambda chip: less)
    assert "synapse G0_hidden_1 of" in told(less)


NASTY = ["a", "line_a", "w_x", "out_b", "b", "x", "cell_a", "in_a", "rail_a", "a_0", "outside", "rail", "mem_a", "1",
         "_", "ext", "leak_a", "Line a", "a" * 60, "a" * 39 + "_b", "sink_a", "vss", "core", "rst"]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        ("x", "a", "line_a", "w_x"),
        ("a", "in_b", "b", "out_b"),
        ("bias_a", "sink_a", "a", "rail_a"),
        *(np.random.default_rng(seed).permutation(NASTY)[:8] for seed in range(4)),
    ],
)
def test_no_two_names_of_a_core_are_the_same_whatever_its_layers_are_called(names):
    """Word for word the same file as with harmless names, one name for one name."""

    def text(names):
        adapting = LayerSpec(
            names[0], "adaptive_lif", np.full((2, 2), 0.3), np.zeros(2), np.full(2, 40e-6), np.ones(2),
            tau_adapt=np.full(2, 1e-4), adapt_a=np.full(2, 0.1), adapt_b=np.full(2, 0.2),
        )  # fmt: skip
        plain = [layer(name, "lif", np.full((2, 2), 0.3), np.full((2, 2), -0.1)) for name in names[1:-1]]
        layers = (adapting, *plain, layer(names[-1], "readout", np.full((2, 2), 0.2)))
        return core_lib(wire(ChipNetwork(NetworkSpec("n", 5e-6, layers), CIRCUIT)), "key").lower()

    plain, nasty = (re.findall(r"\w+", text(n)) for n in ([f"layer{k}" for k in range(len(names))], names))
    pairs = set(zip(plain, nasty, strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@pytest.mark.parametrize("hidden", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\r", "\x00", "\x1b"])
def test_a_control_character_hides_no_statement(hidden):
    """Some readers take it for the end of a line and others do not."""
    synapse = next(line for line in TEXT.split("\n") if line.startswith("G"))
    assert "holds a control character" in told(TEXT.replace(synapse, f"*{hidden}{synapse}"))


def test_a_subcircuit_has_a_name():
    assert "without a name" in told(TEXT + ".subckt\n.ends\n")

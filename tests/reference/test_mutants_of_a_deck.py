"""Every mistake in a deck fails its verification: each mutant is a hand-over whose text was changed, run in ngspice."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist.handover import handover
from circuits.netlist.verify import verify
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

CIRCUIT = LIFCircuit(v_dd=1.0, v_sink=-0.1)  # logic at 1 V, drains at 0.9 V
DT, DECK = 5e-6, "network_bench.cir"


def layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, 0.02), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def network() -> ChipNetwork:
    rng = np.random.default_rng(1)
    loops = np.where(rng.random((4, 4)) < 0.5, 0.15, 0.0) * (1 - np.eye(4))
    layers = (
        layer("input", "encoder", np.diag([0.6, 0.7, 0.8])),
        layer("hidden", "lif", np.array([[0.5, 0.3, -0.7, 0.4], [0.3, 0.5, 0.4, -0.3], [0.4, 0.3, 0.5, 0.6]]), loops),
        layer("readout", "readout", rng.normal(0.0, 0.1, (4, 2))),
    )
    return ChipNetwork(NetworkSpec("small", DT, layers, v_floor=CIRCUIT.v_floor), CIRCUIT)


@pytest.fixture(scope="module")
def files():
    return handover(network(), "spice")


def failures(files, folder, deck=None, file=DECK):
    """The figures that are not as expected, where one file is another."""
    bench = next(bench for bench in files.benches if bench.file == DECK)
    replace(files, texts=files.texts | {file: deck or files.texts[file]}).write(folder)
    try:
        return [check.figure for check in verify(folder, (bench,)) if not check.passed]
    except RuntimeError as error:  # the command ends with exit code 1 too
        return [str(error)]


def changed(text, pattern, new, count=0):
    """The text with a pattern replaced, which must be there."""
    found, n = re.subn(pattern, new, text, count=count, flags=re.MULTILINE)
    assert n
    return found


def scaled(text, pattern, factor):
    return changed(text, pattern, lambda match: f"{match[1]}{float(match[2]) * factor:.12g}")


def without(text, pattern):
    return changed(text, pattern, "")


def weight(text, pattern, factor):
    """The current of the first synapse that the pattern finds, times a factor."""
    return changed(text, pattern, lambda match: f"{match[1]}{{{factor}*{match[2]}}}", count=1)


MUTANTS = {
    "a synapse removed": lambda d: changed(d, r"^G[0-2]_hidden_\d .*\n", "", count=1),
    "an inhibitory synapse removed": lambda d: changed(d, r"^G\d_hidden_\d 0 out_.*\n", "", count=1),
    "a recurrent synapse removed": lambda d: changed(d, r"^G[3-6]_hidden_\d .*\n", "", count=1),
    "all synapses of a layer removed": lambda d: without(d, r"^G\d+_hidden_\d .*\n"),
    "all synapses of the readout removed": lambda d: without(d, r"^G\d+_readout_\d .*\n"),
    "a weight halved": lambda d: weight(d, r"^(G\d_hidden_\d vdd .* 0 )\{(.*)\}", 0.5),
    "a weight of the readout halved": lambda d: weight(d, r"^(G\d_readout_\d .* 0 )\{(.*)\}", 0.5),
    "two lines swapped": lambda d: changed(d, r"^(G0_hidden_0 .* )act_input_0", r"\1act_input_1"),
    "the sign of inhibition": lambda d: changed(d, r"^(G\d_hidden_\d) 0 (out_\w+)", r"\1 \2 0"),
    "the delay doubled": lambda d: scaled(d, r"(tdelay=)(\S+)", 2),
    "no delay": lambda d: scaled(d, r"(tdelay=)(\S+)", 1e-3),
    "the pulse 5 % longer": lambda d: scaled(d, r"(tline=)(\S+)", 1.05),
    "the leak doubled": lambda d: scaled(d, r"(gleak=)(\S+)", 2),
    "a threshold moved by 2 %": lambda d: changed(d, r"(Xhidden_0 .*)vth=0.4", r"\1vth=0.408"),
    "all thresholds moved": lambda d: changed(d, r"vth=0.4", "vth=0.396"),
    "the reset cut": lambda d: without(d, r"^Sreset .*\n"),
    "the refractory time doubled": lambda d: scaled(d, r"(tpulse=)(\S+)", 2),
    "the body 1 % larger": lambda d: scaled(d, r"(^\+ cmem=)(\S+)", 1.01),
    "the signal 2 % smaller": lambda d: scaled(d, r"(^\+ \S+ )(\S+e-1[01])$", 0.98),
    "the bias of a neuron left out": lambda d: without(d, r"^Ibias_hidden_1 .*\n"),
    "the onset of the device moved": lambda d: scaled(d, r"(v0=)(\S+)", 1.01),
    "the rail of inhibition moved": lambda d: changed(d, r"\(v-\(-0.1\)\)", "(v-(-0.02))"),
    "a spike output cut": lambda d: without(d, r"^Sup .*\n"),
}  # fmt: skip


def test_the_deck_itself_is_as_expected(files, tmp_path):
    bench = next(bench for bench in files.benches if bench.file == DECK)
    assert not any("says nothing" in note for note in files.notes)
    assert failures(files, tmp_path) == []
    assert min(len(times) for times in bench.spikes.values()) >= 1
    assert sum(len(times) for times in bench.spikes.values()) >= 6 * len(bench.spikes)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_of_the_deck_fails(files, tmp_path, mutant):
    assert failures(files, tmp_path, MUTANTS[mutant](files.texts[DECK]))


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_too_few_spikes_fail(files, tmp_path, kept):
    """The deck is right and more is expected: a part of each neuron's spikes is missing."""
    files.write(tmp_path)
    bench = next(bench for bench in files.benches if bench.file == DECK)
    more = {name: np.sort(np.r_[times, times[int(kept * len(times)) :] + 3 * bench.bin]) for name, times in
            bench.spikes.items()}  # fmt: skip
    checks = verify(tmp_path, (replace(bench, spikes=more),))
    assert [check.passed for check in checks if check.figure.startswith("spikes")] == [False] * len(more)


def test_silence_proves_nothing(files, tmp_path):
    silent = handover(network().with_layers((layer("input", "encoder", np.full((1, 2), 1e-3)),)), "spice")
    silent.write(tmp_path)
    benches = tuple(bench for bench in silent.benches if bench.file == DECK)
    assert not all(check.passed for check in verify(tmp_path, benches))

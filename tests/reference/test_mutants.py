"""Every mistake in what is handed over fails its verification: each mutant is a file that was changed, run in ngspice.

A neuron against its bench, a network against the bench of `snn export --verify`, a core against `snn signoff`. Most
fail because a figure is not as expected; where ngspice gives up on the file, that is counted apart.
"""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from circuits.errors import WorkError
from circuits.netlist.core_lib import CORE_FILE, core_text
from circuits.netlist.handover import handover
from circuits.netlist.verify import verify
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import SpikeTrains
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import ControlTransistors
from circuits.neuron.simulated_control import SimulatedControl
from circuits.signoff import sign_offs
from circuits.transient import Transient, simulate_network
from snn.networks.spike_bins import ReadoutBins, count_features
from snn.plasticity.least_squares import LinearReadout, fit_ridge
from snn.studies.signoff_of_run import compared, is_passed

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

# Logic at 1 V, drains at 0.9 V; each part of the energy weighs so much that it would be missed
CONTROL = ControlTransistors(
    simulated=SimulatedControl(c_first=2.5e-15, c_second=0.6e-15, i_static=60e-12, i_crowbar=250e-12)
)
CIRCUIT = LIFCircuit(v_dd=1.0, v_sink=-0.1, control=CONTROL, drawn=False)
DT, DECK, BIN = 5e-6, "network_bench.cir", 1e-6
BY_FIGURES, BY_ABORT = "figures", "gives up"  # figures that are not as expected, or ngspice gives up
caught: dict[str, dict[str, str]] = {}  # how each mutant failed, by what it was made of


def layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, 0.02), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def network(t_refractory=CIRCUIT.t_refractory) -> ChipNetwork:
    rng = np.random.default_rng(1)
    loops = np.where(rng.random((3, 3)) < 0.7, 0.15, 0.0) * (1 - np.eye(3))
    layers = (
        layer("input", "encoder", np.diag([0.6, 0.8])),
        layer("hidden", "lif", np.array([[0.6, 0.4, -0.7], [0.5, 0.6, 0.9]]), loops),
        layer("readout", "readout", rng.normal(0.0, 0.1, (3, 2))),
    )
    circuit = replace(CIRCUIT, t_refractory=t_refractory)
    return ChipNetwork(NetworkSpec("small", DT, layers, v_floor=CIRCUIT.v_floor), circuit)


def core() -> ChipNetwork:
    whole = network(t_refractory=1.2e-6)
    return whole.with_layers(whole.network.layers[:2])


@pytest.fixture(scope="module")
def files():
    return handover(network(), "spice")


class Words(NamedTuple):
    """Two words said to the core, what the engine makes of them, and a readout that has learned to tell them so."""

    said: list[tuple[Stimulus, Transient]]
    readout: LinearReadout

    def answers(self, spikes: list[SpikeTrains]) -> np.ndarray:
        return self.readout.scores(features(spikes)).argmax(1)


def features(spikes: list[SpikeTrains]) -> np.ndarray:
    """What a readout sees of clips: the spikes of the hidden layer in bins."""
    return count_features([clip.select(2, 5) for clip in spikes], ReadoutBins(n_bins=2))


def spikes_of(said: list[tuple[Stimulus, Transient]]) -> list[SpikeTrains]:
    return [SpikeTrains(one.spike_times, one.spike_neurons, 5, stimulus.duration) for stimulus, one in said]


@pytest.fixture(scope="module")
def words() -> Words:
    rng, rows, n = np.random.default_rng(0), np.arange(9)[:, None], 8
    phases = np.repeat([[0.0, 1.0], [3.0, 2.0]], n, axis=0)
    signals = 1.5 + np.sin(rows / 2 + phases[:, None] + rng.normal(0.0, 0.1, (2 * n, 1, 2)))
    stimuli = [Stimulus(45e-6, signal=signal) for signal in signals]
    said = [(stimulus, simulate_network(core(), stimulus)) for stimulus in stimuli]
    readout = fit_ridge(features(spikes_of(said)), np.repeat([0, 1], n), 2, 0.1)
    return Words([said[0], said[n]], readout)


def failures(files, folder, changes, bench=DECK):
    """The figures of a bench that are not as expected, where some of its files are others."""
    bench = next(one for one in files.benches if one.file == bench)
    replace(files, texts=files.texts | changes).write(folder)
    return [check.figure for check in verify(folder, (bench,)) if not check.passed]


def signed(text, words):
    """What `snn signoff` finds of a core."""
    done = sign_offs(core(), words.said, core=text, bin=BIN)
    answers = words.answers(spikes_of(words.said)), words.answers([result.spikes for result in done])
    return compared(done, BIN) | {"class_agreement": float(np.mean(np.equal(*answers)))}


def require_caught(subject: str, mutant: str, is_wrong: Callable[[], object]) -> None:
    """Both ends of a failed verification: figures that are wrong, or the exit code 1 of work that cannot be done."""
    try:
        how = BY_FIGURES if is_wrong() else None
    except WorkError:
        how = BY_ABORT
    assert how
    caught.setdefault(subject, {})[mutant] = how


def changed(text, pattern, new, count=0):
    """The text with a pattern replaced, which must be there."""
    found, n = re.subn(pattern, new, text, count=count, flags=re.MULTILINE)
    assert n
    return found


def scaled(text, pattern, factor, count=0):
    return changed(text, pattern, lambda match: f"{match[1]}{float(match[2]) * factor:.12g}", count)


def without(text, pattern):
    return changed(text, pattern, "")


def weight(text, pattern, factor):
    """The current of the first synapse that the pattern finds, times a factor."""
    return changed(text, pattern, lambda match: f"{match[1]}{{{factor}*{match[2]}}}", count=1)


CELL = {
    "the leak doubled": lambda d: scaled(d, r"(gleak=)([\d.]\S*)", 2),
    "all thresholds moved by 1 %": lambda d: scaled(d, r"(vth=)([\d.]\S*)", 0.99),
    "the reset cut": lambda d: without(d, r"^Sreset .*\n"),
    "the reset 20 mV too high": lambda d: changed(d, r"vreset=0$", "vreset=0.02"),
    "the refractory time doubled": lambda d: scaled(d, r"(tpulse=)([\d.]\S*)", 2),
    "the body 2 % larger": lambda d: scaled(d, r"(^\+ cmem=)([\d.]\S*)", 1.02),
    "the onset of the device moved by 5 mV": lambda d: changed(d, r"\bv0=0\.92\d*", "v0=0.928"),
    "a spike output cut": lambda d: without(d, r"^Sup .*\n"),
    "the clock cut": lambda d: without(d, r"^Itick .*\n"),
}
DRAW = {  # of the supplies alone: no spike moves
    "the gates halved": lambda d: scaled(d, r"(^\+ cgate=)([\d.]\S*)", 0.5),
    "the static current left out": lambda d: without(d, r"^Bstat .*\n"),
    "the static current tenfold": lambda d: scaled(d, r"(^\+ istat=)([\d.]\S*)", 10),
    "the crowbar tenfold": lambda d: scaled(d, r"(^\+ icrow=)([\d.]\S*)", 10),
}
WIRES = {
    "a synapse removed": lambda d: changed(d, r"^G[01]_hidden_\d .*\n", "", count=1),
    "an inhibitory synapse removed": lambda d: changed(d, r"^G\d_hidden_\d vss out_.*\n", "", count=1),
    "a recurrent synapse removed": lambda d: changed(d, r"^G[2-4]_hidden_\d .*\n", "", count=1),
    "all synapses of a layer removed": lambda d: without(d, r"^G\d+_hidden_\d .*\n"),
    "a weight halved": lambda d: weight(d, r"^(G\d_hidden_\d vdd .* vss )\{(.*)\}", 0.5),
    "two lines swapped": lambda d: changed(d, r"^(G0_hidden_0 .* )act_input_0", r"\1act_input_1"),
    "the sign of inhibition": lambda d: changed(d, r"^(G\d_hidden_\d) vss (out_\w+)", r"\1 \2 vss"),
    "the delay doubled": lambda d: scaled(d, r"(tdelay=)(\S+)", 2, 1),
    "no delay": lambda d: scaled(d, r"(tdelay=)(\S+)", 1e-3, 1),
    "the pulse 5 % longer": lambda d: scaled(d, r"(tline=)(\S+)", 1.05, 1),
    "a threshold moved by 4 %": lambda d: scaled(d, r"(Xcell_hidden_0 .* vth=)([\d.]\S*)", 1.04),
    "the bias of a neuron left out": lambda d: without(d, r"^Bbias_hidden_1 .*\n"),
    "the rail of inhibition moved": lambda d: changed(d, r"\(v-\(-0.1\)\)", "(v-(-0.02))"),
    "the signal 2 % smaller": lambda d: scaled(d, r"(^Gin_\w+ vdd \S+ \S+ vss )(\S+)", 0.98),
    "a layer silenced": lambda d: changed(d, r"^Xline_input_(\d) .*", r"Rline_input_\1 act_input_\1 vss 1"),
}
READOUT = {
    "all synapses of the readout removed": lambda d: without(d, r"^G\d+_readout_\d .*\n"),
    "a weight of the readout halved": lambda d: weight(d, r"^(G\d_readout_\d .* vss )\{(.*)\}", 0.5),
}


@pytest.mark.parametrize("mutant", CELL | DRAW)
def test_a_mutant_of_a_neuron_fails_its_bench(files, tmp_path, mutant):
    text = (CELL | DRAW)[mutant](files.texts["hidden.lib"])
    require_caught("neuron", mutant, lambda: failures(files, tmp_path, {"hidden.lib": text}, "hidden_bench.cir"))


@pytest.mark.parametrize("mutant", CELL | WIRES | READOUT)
def test_a_mutant_of_a_network_fails_its_bench(files, tmp_path, mutant):
    text = (CELL | WIRES | READOUT)[mutant](files.texts[CORE_FILE])
    require_caught("network", mutant, lambda: failures(files, tmp_path, {CORE_FILE: text}))


@pytest.mark.parametrize("mutant", CELL | DRAW | WIRES)
def test_a_mutant_of_a_core_is_not_signed_off(words, mutant):
    text = (CELL | DRAW | WIRES)[mutant](core_text(core()))
    require_caught("core", mutant, lambda: not is_passed(signed(text, words)))


def test_the_core_itself_is_signed_off(words):
    engine = spikes_of(words.said)
    assert words.answers(engine).tolist() == [0, 1]
    assert min(clip.times.size for clip in engine) > 15
    assert is_passed(signed(core_text(core()), words))


def test_a_core_that_says_another_word_is_not_signed_off(words):
    """The classes are of the readout, from the spikes of ngspice: without those of a layer it tells no words apart."""
    found = signed(WIRES["a layer silenced"](core_text(core())), words)
    assert found["class_agreement"] == 0.5


def test_the_neuron_itself_is_as_expected(files, tmp_path):
    assert failures(files, tmp_path, {}, "hidden_bench.cir") == []


def test_the_deck_itself_is_as_expected(files, tmp_path):
    bench = next(bench for bench in files.benches if bench.file == DECK)
    assert not any("says nothing" in note for note in files.notes)
    assert failures(files, tmp_path, {}) == []
    assert min(len(times) for times in bench.spikes.values()) >= 1
    assert sum(len(times) for times in bench.spikes.values()) >= 6 * len(bench.spikes)


@pytest.mark.parametrize("kept", [0.0, 0.9])
def test_too_few_spikes_fail(files, tmp_path, kept):
    """The deck is right and more is expected: a part of each neuron's spikes is missing."""
    files.write(tmp_path)
    bench = next(bench for bench in files.benches if bench.file == DECK)
    more = {name: np.sort(np.r_[times, times[int(kept * len(times)) :] + 3 * bench.bin]) for name, times in
            bench.spikes.items()}  # fmt: skip
    checks = verify(tmp_path, (replace(bench, spikes=more, until={}),))  # all of them are told
    assert [check.passed for check in checks if check.figure.startswith("spikes")] == [False] * len(more)


def test_silence_proves_nothing(files, tmp_path):
    silent = handover(network().with_layers((layer("input", "encoder", np.full((1, 2), 1e-3)),)), "spice")
    silent.write(tmp_path)
    benches = tuple(bench for bench in silent.benches if bench.file == DECK)
    assert not all(check.passed for check in verify(tmp_path, benches))


def test_the_mutants_are_counted(capsys):
    """Only of a whole run: `pytest tests/reference/test_mutants.py`."""
    tried = {"neuron": CELL | DRAW, "network": CELL | WIRES | READOUT, "core": CELL | DRAW | WIRES}
    if {subject: set(mutants) for subject, mutants in tried.items()} != {of: set(how) for of, how in caught.items()}:
        pytest.skip("not all mutants ran and failed here; one that passes is told by its own test")
    rows = {kind: [caught[of].get(kind) for of in tried] for kind in CELL | DRAW | WIRES | READOUT}
    by_figures = [kind for kind, hows in rows.items() if BY_FIGURES in hows]
    lines = [f"{kind:<45}" + "".join(f"{how or '-':<10}" for how in hows) for kind, hows in rows.items()]
    counts = (f"{list(how.values()).count(BY_FIGURES)} of {len(how)} mutants of a {of}" for of, how in caught.items())
    with capsys.disabled():
        sys.stdout.write("\n".join(["", f"{'kind':<45}" + "".join(f"{of:<10}" for of in tried), *lines, ""]))
        sys.stdout.write(f"{len(by_figures)} of {len(rows)} kinds fail by figures; {', '.join(counts)}; all others "
                         "make ngspice give up\n")  # fmt: skip
    assert len(by_figures) >= 12

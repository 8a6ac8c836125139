"""Pictures show the data that they were given, show words literally, and refuse what cannot be drawn."""

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from circuits.chips.energy_report import EnergyReport
from circuits.device.btbt import DEVICES, btbt_current
from circuits.ledger import Ledger, ledger_of, unknown
from circuits.literature.compare import compare
from circuits.neuron.circuit import LIFCircuit, firing_rate
from circuits.neuron.energy_terms import spike_energy
from circuits.units import si
from snn.report import comparison_figures, network_figures, silicon_figures, style
from snn.report.pictures import save_figure


@dataclass(frozen=True)
class Row:
    """An epoch as training records it."""

    epoch: int
    loss: float
    validation_loss: float
    validation_accuracy: float


CIRCUIT = LIFCircuit()
ENERGY = spike_energy(CIRCUIT)
WAVEFORM = np.sin(np.arange(1600) / 5)
HISTORY = [Row(1, 2.5, 2.6, 0.25), Row(2, 1.5, 1.7, 0.75), Row(3, 1.0, 1.8, 0.5)]
REPORT = EnergyReport(
    chip="test$chip$",
    circuit=CIRCUIT,
    ledger=ledger_of({"neuron_dynamic": 3e-12, "synapse_events": 1e-12}) + unknown("routing", "bias_generation"),
    cores_used=1,
    latency_s=1.0,
    notes=(),
    n_neurons=1,
    counts={},
)


def spikes(n_steps: int = 20, n_neurons: int = 7) -> np.ndarray:
    return np.random.default_rng(3).random((n_steps, n_neurons)) < 0.2


FIGURES = {
    "raster": lambda: network_figures.figure_raster(WAVEFORM, 16_000, {"encoder": spikes()}, 5e-3, "yes"),
    "confusion": lambda: network_figures.figure_confusion(np.eye(3, dtype=int), ["a", "b", "c"], "test"),
    "f_i": lambda: silicon_figures.figure_f_i(CIRCUIT),
    "energy_parts": lambda: silicon_figures.figure_energy_parts(ENERGY),
    "comparison": lambda: comparison_figures.figure_comparison(compare(ENERGY.total), ENERGY.total),
    "energy_area": lambda: comparison_figures.figure_energy_area(compare(ENERGY.total), ENERGY.total),
    "energy_report": lambda: silicon_figures.figure_energy_report(REPORT),
    "history": lambda: network_figures.figure_history(HISTORY),
}


def exactly(expected: object) -> object:
    """Equal to nine digits; the default tolerance of 1e-12 would forgive any picojoule."""
    return pytest.approx(expected, rel=1e-9, abs=0)


def words(figure: Figure) -> str:
    """All text of a figure, as written to matplotlib."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def png_width(path) -> int:
    """Width in pixels, from the header: bytes 16 to 20 of a PNG, after its signature."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big")


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_a_png_as_wide_as_a_readme_and_nothing_else_is_left(name, tmp_path):
    path = save_figure(tmp_path / "new" / "picture.png", FIGURES[name]())
    assert list((tmp_path / "new").iterdir()) == [path]
    assert 700 <= png_width(path) <= 1200  # a matrix of few words is narrower
    assert name == "confusion" or png_width(path) == 1200


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")])
def test_the_suffix_chooses_the_format(suffix, start, tmp_path):
    path = save_figure(tmp_path / f"picture{suffix}", FIGURES["energy_parts"]())
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("file", ["picture.jpg", "picture", "picture.png.gz"])
def test_another_suffix_is_refused_and_nothing_written(file, tmp_path):
    with pytest.raises(ValueError, match=r"\.png, \.svg, \.pdf"):
        save_figure(tmp_path / file, FIGURES["f_i"]())
    assert not list(tmp_path.iterdir())


def test_an_old_picture_survives_a_failed_write(tmp_path, monkeypatch):
    path = save_figure(tmp_path / "picture.png", FIGURES["history"]())
    old = path.read_bytes()

    def disk_is_full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", disk_is_full)
    with pytest.raises(OSError, match="No space left"):
        save_figure(path, FIGURES["history"]())
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_the_raster_draws_every_spike_at_its_time_and_every_sample():
    trains = {"encoder": spikes(20, 7), "hidden1": spikes(30, 11).astype(np.float32)}
    figure = network_figures.figure_raster(WAVEFORM, 16_000, trains, 5e-3, "yes")
    top, *panels = figure.axes
    np.testing.assert_allclose(top.lines[0].get_xdata(), np.arange(1600) / 16_000)
    np.testing.assert_array_equal(top.lines[0].get_ydata(), WAVEFORM)
    for axes, (name, train) in zip(panels, trains.items(), strict=True):
        drawn = set(zip(np.round(axes.lines[0].get_xdata() / 5e-3), axes.lines[0].get_ydata(), strict=True))
        assert drawn == set(zip(*np.nonzero(train), strict=True))
        assert axes.get_ylabel() == f"{name}\nn = {train.shape[1]}"
        assert axes.get_xlim() == pytest.approx((0, 30 * 5e-3))  # the longest train, shared by all


def test_a_long_waveform_keeps_its_peaks():
    long = np.zeros(600_000)
    long[123_457], long[400_001] = 0.7, -0.9
    figure = network_figures.figure_raster(long, 16_000, {}, 5e-3, "")
    (path,) = figure.axes[0].collections[0].get_paths()
    top, bottom = path.vertices[path.vertices[:, 1].argmax()], path.vertices[path.vertices[:, 1].argmin()]
    assert top == pytest.approx([123_457 / 16_000, 0.7], abs=0.01)
    assert bottom == pytest.approx([400_001 / 16_000, -0.9], abs=0.01)


def test_silent_and_empty_populations_are_drawn(tmp_path):
    trains = {"silent": np.zeros((10, 4)), "empty": np.zeros((10, 0))}
    assert save_figure(tmp_path / "a.png", network_figures.figure_raster(WAVEFORM, 16_000, trains, 5e-3, "")).exists()


def test_the_confusion_colour_is_the_share_of_the_row_and_the_number_the_count():
    counts = np.array([[6, 2, 0], [0, 0, 0], [1, 0, 9]])
    axes = network_figures.figure_confusion(counts, ["a", "b", "c"], "test").axes[0]
    shares = axes.images[0].get_array()
    np.testing.assert_allclose(shares[0], [0.75, 0.25, 0])
    assert shares.mask[1].all()  # a word without clips has no share
    assert not shares.mask[[0, 2]].any()
    written = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts[:4]}
    assert written == {(0, 0): "6", (0, 1): "2", (2, 0): "1", (2, 2): "9"}
    assert "15 of 18 clips right, 83.3 %" in words(axes.figure)


@pytest.mark.parametrize("n_labels", [1, 2, 12, 35])
def test_label_names_never_overlap(n_labels):
    """Boxes of neighbouring names on either side of the matrix are disjoint when drawn."""
    figure = network_figures.figure_confusion(
        np.eye(n_labels) * 400, [f"marvin-{index}" for index in range(n_labels)], "a" * 150
    )
    figure.draw_without_rendering()
    for labels in (figure.axes[0].get_xticklabels(), figure.axes[0].get_yticklabels()):
        assert len(labels) == n_labels
        boxes = [label.get_window_extent() for label in labels]
        assert not any(one.overlaps(other) for one, other in pairwise(boxes))


@pytest.mark.parametrize(("n_labels", "name"), [(35, "x"), (20, "international-" * 3)])
def test_counts_fit_their_cells(n_labels, name):
    figure = network_figures.figure_confusion(np.full((n_labels, n_labels), 8888), [name] * n_labels, "")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / n_labels
    assert len(axes.texts) >= n_labels**2
    assert max(text.get_window_extent().width for text in axes.texts if text.get_text() == "8888") < cell


HOSTILE = ("$x$", "$5", r"\$\alpha$", "$" * 300, "_^{}$\\frac$", "日本$", "\ud800", "a\x00b\n", "😀", "-->")


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_words_are_shown_literally(name):
    """No mathtext: matplotlib's own test of the string finds none, in every place that takes words from outside."""
    row = replace(compare(ENERGY.total)[0], name=name)
    figures = (
        network_figures.figure_raster(WAVEFORM, 16_000, {name: spikes()}, 5e-3, name),
        network_figures.figure_confusion(np.eye(2), [name, "no"], name),
        comparison_figures.figure_comparison([row], ENERGY.total),
        comparison_figures.figure_energy_area([replace(row, area_f2=5.0)], ENERGY.total),
        silicon_figures.figure_energy_report(
            replace(REPORT, chip=name, ledger=ledger_of({name: 1e-12}) + unknown(name))
        ),
        silicon_figures.figure_f_i(replace(CIRCUIT, device=replace(CIRCUIT.device, name=name))),
    )
    for figure in figures:
        assert not [text for text in figure.findobj(Text) if "$" in text.get_text().replace(r"\$", "")]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_any_words_can_be_written(suffix, tmp_path):
    n_labels = len(HOSTILE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = save_figure(
            tmp_path / f"c.{suffix}", network_figures.figure_confusion(np.eye(n_labels), HOSTILE, " ".join(HOSTILE))
        )
    if suffix == "svg":
        ElementTree.parse(path)  # well-formed, whatever the words


def test_literal_text_reads_as_it_was_written():
    assert style.literal("$5 and\n$6").replace(r"\$", "$") == "$5 and $6"
    assert style.literal("a\x00\ud800") == "a\ufffd\ufffd"
    assert style.literal("abcdef", 4) == "abc…"


def test_the_f_i_curve_is_the_circuits_own_and_marks_its_bias():
    left, right, twin = silicon_figures.figure_f_i(CIRCUIT).axes
    current, rate = left.lines[0].get_data()
    assert rate == exactly([firing_rate(CIRCUIT, i_in) for i_in in current])
    assert rate.min() > 0
    assert left.lines[1].get_xdata()[0] == exactly(46.0875e-12 * 0.36095)  # rheobase
    (point,) = np.transpose(left.lines[2].get_data())
    assert point == exactly([CIRCUIT.input_current, firing_rate(CIRCUIT, CIRCUIT.input_current)])
    assert (left.get_xscale(), left.get_yscale()) == ("log", "log")
    v_gs, drawn = twin.lines[0].get_data()
    assert (v_gs.min(), v_gs.max()) == (CIRCUIT.device.v_gs_min, CIRCUIT.device.v_gs_max)
    assert drawn == exactly(btbt_current(0.9 - v_gs, CIRCUIT.device, CIRCUIT.width))
    assert right.lines[1].get_xdata() == [CIRCUIT.v_gs]


@pytest.mark.parametrize(
    "circuit",
    [
        replace(CIRCUIT, g_leak=1e-6),  # silent at every bias
        replace(CIRCUIT, g_leak=0.0, v_gs=1.0),  # no rheobase, and no current at this bias
        replace(CIRCUIT, device=DEVICES["22nm-fdx"], t_refractory=0.0),
    ],
)
def test_a_silent_circuit_is_drawn_and_said_to_be_silent(circuit, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert save_figure(tmp_path / "a.png", silicon_figures.figure_f_i(circuit)).exists()
    assert "silent" in words(silicon_figures.figure_f_i(circuit))


def test_energy_bars_are_the_parts_and_carry_their_values():
    axes = silicon_figures.figure_energy_parts(ENERGY).axes[0]
    dynamic, static = np.split(np.array([bar.get_width() for bar in axes.patches]), 2)
    assert dynamic + static == exactly(list(ENERGY.parts.values()))
    assert static == exactly([0.0] * 5 + [ENERGY.static])
    assert [label.get_text() for label in axes.get_yticklabels()] == [name.replace("_", " ") for name in ENERGY.parts]
    text = words(axes.figure)
    assert all(si(value, "J") in text for value in (ENERGY.total, ENERGY.dynamic))
    values = [si(value, "J") for value in ENERGY.parts.values()]
    assert [label.get_text().split(",")[0] for label in axes.texts[: len(values)]] == values  # each at its own bar


def test_the_energy_report_names_what_is_not_modelled():
    figure = silicon_figures.figure_energy_report(REPORT)
    assert [bar.get_width() for bar in figure.axes[0].patches] == exactly([3e-12, 1e-12])
    assert figure.get_supxlabel() == "not modelled: routing, bias generation"
    assert "3 pJ,  75 %" in words(figure)
    assert "4 pJ" in figure.get_suptitle()
    assert "not modelled" not in words(
        silicon_figures.figure_energy_report(replace(REPORT, ledger=ledger_of({"neuron_dynamic": 1e-12})))
    )


def test_a_ledger_by_core_is_stacked_by_part_and_sums_to_the_total():
    """60 cores of two parts: 39 bars and the sum of the other 21."""
    cores = [ledger_of({"spikes": (k + 1) * 1e-15, "static": 2e-15}).labelled(core=k) for k in range(60)]
    report = replace(REPORT, ledger=sum(cores, Ledger()))
    axes = silicon_figures.figure_energy_report(report, "core").axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [*(f"core {k}" for k in range(39)), "21 more"]
    spikes, static = np.split(np.array([bar.get_width() for bar in axes.patches]), 2)
    assert spikes == exactly([*((k + 1) * 1e-15 for k in range(39)), sum(range(40, 61)) * 1e-15])
    assert static == exactly([*[2e-15] * 39, 42e-15])
    assert [bar.get_x() for bar in axes.patches[40:]] == exactly(list(spikes))  # beside, not over
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["spikes", "static"]


def test_the_comparison_shows_every_row_and_ours_in_order():
    rows = compare(ENERGY.total)
    axes = comparison_figures.figure_comparison(rows, ENERGY.total).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    expected = {f"{row.name}, {row.year}": row.energy_per_spike_j for row in rows}
    expected |= {"this BTBT neuron, model": ENERGY.total}
    assert dict(zip(names, ends, strict=True)) == exactly(expected)
    assert ends == sorted(ends)
    hatched = {name for name, bar in zip(names, axes.patches, strict=True) if bar.get_hatch()}
    assert hatched == {f"{row.name}, {row.year}" for row in rows if not row.measured} | {"this BTBT neuron, model"}
    ours = [name for name, bar in zip(names, axes.patches, strict=True) if to_hex(bar.get_facecolor()) == "#d55e00"]
    assert ours == ["this BTBT neuron, model"]


def test_a_bare_neuron_is_never_drawn_among_chips():
    figure = comparison_figures.figure_comparison(compare(ENERGY.total, scope="chip"), ENERGY.total)
    assert not [label for label in figure.axes[0].get_yticklabels() if "BTBT" in label.get_text()]
    assert "is left out" in words(figure)


def test_mixed_scopes_are_refused():
    rows = (*compare(ENERGY.total), *compare(ENERGY.total, scope="chip"))
    with pytest.raises(ValueError, match="chip, neuron"):
        comparison_figures.figure_comparison(rows, ENERGY.total)


def test_energy_against_area_shows_every_neuron_of_known_area_and_ours():
    rows = compare(ENERGY.total)
    axes = comparison_figures.figure_energy_area(rows, ENERGY.total, 900.0).axes[0]
    drawn = {tuple(np.transpose(line.get_data())[0]): line for line in axes.lines if len(line.get_xdata()) == 1}
    sized = {(row.area_f2, row.energy_per_spike_j): row for row in rows if row.area_f2 is not None}
    assert len(sized) >= 10
    assert drawn.keys() == sized.keys() | {(900.0, ENERGY.total)}
    full = {place for place, line in drawn.items() if line.get_markerfacecolor() != "white"}
    assert full == {place for place, row in sized.items() if row.measured}
    assert to_hex(drawn[900.0, ENERGY.total].get_markeredgecolor()) == "#d55e00"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    names = {text.get_text() for text in axes.texts}
    assert names >= {f"{row.name}, {row.year}" for row in sized.values()} | {"this BTBT neuron, model"}
    assert f"{len(rows) - len(sized)} without a published area" in words(axes.figure)


def test_names_of_neurons_never_overlap():
    figure = comparison_figures.figure_energy_area(compare(ENERGY.total), ENERGY.total)
    figure.draw_without_rendering()
    named = [text for text in figure.axes[0].texts if ", " in text.get_text()]
    boxes = [text.get_window_extent() for text in named if not text.get_text().startswith("full")]
    assert len(boxes) >= 11
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_history_is_drawn_by_epoch_and_marks_the_best():
    left, right = network_figures.figure_history(HISTORY).axes
    assert [list(line.get_ydata()) for line in left.lines] == [[2.5, 1.5, 1.0], [2.6, 1.7, 1.8]]
    np.testing.assert_array_equal(right.lines[0].get_data(), [[1, 2, 3], [0.25, 0.75, 0.5]])
    np.testing.assert_array_equal(right.lines[1].get_data(), [[2], [0.75]])


NAN, INF = float("nan"), float("inf")
REFUSED = {
    "waveform must be finite, got nan at \\[3\\]": lambda: network_figures.figure_raster(
        np.where(np.arange(9) == 3, NAN, 0.0), 16_000, {}, 5e-3, ""
    ),
    "waveform must have 1 axes": lambda: network_figures.figure_raster(np.zeros((2, 9)), 16_000, {}, 5e-3, ""),
    "spikes of 'hidden1' must have 2": lambda: network_figures.figure_raster(
        WAVEFORM, 16_000, {"hidden1": np.zeros(4)}, 5e-3, ""
    ),
    "spikes of 'hidden2' must be finite": lambda: network_figures.figure_raster(
        WAVEFORM, 16_000, {"hidden2": np.full((2, 2), INF)}, 5e-3, ""
    ),
    "dt must be positive": lambda: network_figures.figure_raster(WAVEFORM, 16_000, {}, 0.0, ""),
    "sample_rate must be positive": lambda: network_figures.figure_raster(WAVEFORM, -1, {}, 5e-3, ""),
    "confusion must be finite": lambda: network_figures.figure_confusion(np.full((2, 2), NAN), ["a", "b"], ""),
    "for 3 labels": lambda: network_figures.figure_confusion(np.eye(2), ["a", "b", "c"], ""),
    "for 0 labels": lambda: network_figures.figure_confusion(np.zeros((0, 0)), [], ""),
    "got -1; pass whole": lambda: network_figures.figure_confusion(np.array([[1, -1], [0, 1]]), ["a", "b"], ""),
    "got 0.5; pass whole": lambda: network_figures.figure_confusion(np.array([[0.5, 1], [0, 1]]), ["a", "b"], ""),
    "validation_loss must be finite, got inf at \\[1\\]": lambda: network_figures.figure_history(
        [HISTORY[0], replace(HISTORY[1], validation_loss=INF)]
    ),
    "no epochs": lambda: network_figures.figure_history([]),
    "energy parts must be finite": lambda: silicon_figures.figure_energy_parts(ledger_of({"static": INF})),
    "zero or positive joules": lambda: silicon_figures.figure_energy_parts(ledger_of({"static": -1e-15})),
    "energy_per_spike_j must be positive": lambda: comparison_figures.figure_comparison((), 0.0),
    "no bare neuron of known area": lambda: comparison_figures.figure_energy_area(
        compare(ENERGY.total, scope="chip"), ENERGY.total
    ),
    "area_f2 must be positive": lambda: comparison_figures.figure_energy_area(compare(1e-15), 1e-15, 0.0),
    "energy_per_spike_j must be finite": lambda: comparison_figures.figure_comparison((), NAN),
    "greatest current of 32nm-pdsoi must be positive": lambda: silicon_figures.figure_f_i(
        replace(CIRCUIT, g_leak=0.0, v_gs=1.0, device=replace(CIRCUIT.device, v_onset=5.0))
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_drawn_is_refused_by_name(message):
    with pytest.raises(ValueError, match=message):
        REFUSED[message]()

"""One run: what it is, the chips side by side, what does not fit, the spikes of a clip and its confusions."""

import math

from snn.report.page.chip_cards import cards, energies, ledgers, unfit
from snn.report.page.frames import facts, figure
from snn.report.page.label_matrix import label_matrix
from snn.report.page.markup import Child, Html, element, together
from snn.report.page.quantities import NOT_KNOWN, count_of, percent, points
from snn.report.page.spike_strip import left_out, spike_strip
from snn.studies.page_records import RunSheet, TestClips

SHADED = "the stronger the colour, the larger the share of a row"
NOWHERE = "This run can be priced on none of these chips; why, stands below."


def run_section(run: RunSheet, anchor: str) -> Html:
    """All of one run."""
    fits = any(sheet.priced is not None for sheet in run.chips)
    missing = unfit(run, anchor)
    return element(
        "section",
        element("p", run.kind, class_="kicker"),
        element("h2", run.title or run.name, id=f"{anchor}-title"),
        facts(_facts(run), class_="facts wide-facts"),
        element("h3", "Chips side by side"),
        energies(run, anchor),
        cards(run, anchor) if fits else element("p", NOWHERE),
        ledgers(run),
        together(element("h3", "What does not fit"), missing) if missing else None,
        element("h3", "Spikes of one clip"),
        _spikes(run, anchor),
        element("h3", "What is taken for what"),
        _confusion(run, anchor),
        id=anchor,
        aria_labelledby=f"{anchor}-title",
    )  # fmt: skip


def _facts(run: RunSheet) -> list[tuple[str, Child]]:
    rows: list[tuple[str, Child]] = [
        ("Test accuracy", _accuracy(run)),
        ("Network", f"{count_of(run.n_parameters, 'parameter')}, {count_of(run.n_neurons, 'neuron')}"),
        ("Labels", str(len(run.labels))),
        ("Data", run.data),
        ("Run folder", run.folder),
    ]
    if run.spikes_per_inference is not None:
        rows.append(("Spikes per inference", f"{run.spikes_per_inference:,.0f}"))
    return rows


def _accuracy(run: RunSheet) -> Child:
    """With the standard error of so many clips: one training has no deviation over seeds."""
    if run.test_accuracy is None:
        return f"{NOT_KNOWN}: the training has not finished"
    share, n = run.test_accuracy, run.n_test
    said = f" one training, seed {run.seed}: deviation over seeds {NOT_KNOWN}"
    if n:
        error = math.sqrt(share * (1 - share) / n)
        said += f"; standard error of {count_of(n, 'test clip')} {points(error)}"
    return together(element("strong", percent(share)), element("small", said))


def _spikes(run: RunSheet, anchor: str) -> Html:
    if run.clips is None:
        return element("p", f"Not drawn: {run.clips_why}", class_="quiet")
    if (spikes := run.clips.spikes) is None:
        return element("p", "This network has no spikes: it computes with values.", class_="quiet")
    missing = left_out(spikes)
    cut = f" {missing:,} spikes beyond the first of each population are not drawn." if missing else ""
    caption = f"The first test clip, “{spikes.label}”, in the time of the sound: a row for each neuron.{cut}"
    return figure(f"{anchor}-spikes", spike_strip(spikes), caption, (f"run {run.folder} on its own test clips",))


def _confusion(run: RunSheet, anchor: str) -> Html:
    if run.clips is None:
        return element("p", f"Not counted: {run.clips_why}", class_="quiet")
    caption = f"Confusion of {run.name}: target labels down, predicted across, in clips"
    matrix = label_matrix(run.labels, run.clips.confusion, caption)
    below = _confusion_said(run.clips)
    return figure(f"{anchor}-confusion", matrix, below, (f"run {run.folder} on its own test clips, as trained",))


def _confusion_said(clips: TestClips) -> str:
    n, right = sum(map(sum, clips.confusion)), sum(row[i] for i, row in enumerate(clips.confusion))
    return f"{right:,} of {n:,} clips on the diagonal, {percent(clips.accuracy)}; {SHADED}."

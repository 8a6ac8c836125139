"""Every spike of one clip: a row for each neuron, a stroke for each spike, populations one below the other."""

import math

from snn.report.page.canvas import drawing, short
from snn.report.page.markup import Html, element
from snn.report.page.quantities import count_of, quantity_of
from snn.studies.spikes_of_clip import ClipSpikes, PopulationSpikes

MOST = 40_000  # strokes; beyond this the last are left out, and the caption says so
STEPS = 2000.0  # units along the time axis
TALL, LEAST, GAP, FOOT = 3.0, 60.0, 30.0, 28.0  # pixels: of a neuron, of a population, above it, below all
TICKS = 5  # at most
NEAR_END = 0.95  # from here on the name of a tick ends at it


def spike_strip(clip: ClipSpikes) -> Html:
    """The raster, and below it the time."""
    top, parts = 0.0, []
    for population in clip.populations:
        height = min(max(LEAST, TALL * population.n_neurons), 320.0)
        parts.append(_population(population, clip.duration_s, top + GAP - 8, height))
        top += GAP + height
    total = sum(len(population.times) for population in clip.populations)
    said = f"{count_of(total, 'spike')} within {quantity_of(clip.duration_s, 's')}"
    return drawing(f"Spikes of one clip, “{clip.label}”", said, parts, _time(clip.duration_s, top), height=top + FOOT,
                   class_="raster")  # fmt: skip


def left_out(clip: ClipSpikes) -> int:
    """Spikes that are not drawn."""
    return sum(max(0, len(population.times) - MOST) for population in clip.populations)


def _population(population: PopulationSpikes, duration: float, top: float, height: float) -> Html:
    name = f"{population.name}: {count_of(population.n_neurons, 'neuron')}, {count_of(len(population.times), 'spike')}"
    scaled = (round(STEPS * time / duration) for time in population.times[:MOST])
    path = "".join(f"M{x} {neuron}v.8" for x, neuron in zip(scaled, population.neurons, strict=False))
    box = {"x": "0", "y": short(top + 12), "width": "100%", "height": short(height - 12)}
    inner = {"viewBox": f"0 0 {short(STEPS)} {population.n_neurons}", "preserveAspectRatio": "none"}
    return element(
        "g",
        element("text", name, x="0", y=short(top + 4), class_="name"),
        element("rect", class_="frame", **box),
        element("svg", element("path", d=path, vector_effect="non-scaling-stroke", class_="spikes"), **box, **inner),
    )


def _time(duration: float, top: float) -> Html:
    step = _round_step(duration / TICKS)
    marks = []
    for index in range(int(duration / step * (1 + 1e-9)) + 1):
        share = index * step / duration
        anchor = "start" if not index else "end" if share > NEAR_END else "middle"
        place = {"x": f"{short(100 * share)}%", "y": short(top + 20), "text_anchor": anchor}
        marks.append(element("text", quantity_of(index * step, "s"), class_="tick", **place))
    return element("g", marks)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, the first that is no less."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(factor * decade for factor in (1, 2, 5, 10) if factor * decade >= least * (1 - 1e-9))

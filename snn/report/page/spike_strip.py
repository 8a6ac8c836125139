"""Every spike of one clip: a row for each neuron, a stroke for each spike, populations one below the other."""

from snn.report.page.canvas import drawing, short
from snn.report.page.markup import Html, element
from snn.report.page.quantities import count_of, quantity_of
from snn.studies.spikes_of_clip import ClipSpikes, PopulationSpikes

MOST = 40_000  # strokes; beyond this the last are left out, and the caption says so
STEPS = 2000.0  # units along the time axis
TALL, LEAST, GAP, FOOT = 3.0, 60.0, 30.0, 28.0  # pixels: of a neuron, of a population, above it, below all
TICKS = 4


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
    marks = []
    for index in range(TICKS + 1):
        anchor = "start" if not index else "end" if index == TICKS else "middle"
        x, time = f"{short(100 * index / TICKS)}%", duration * index / TICKS
        marks.append(
            element("text", quantity_of(time, "s"), x=x, y=short(top + 20), text_anchor=anchor, class_="tick")
        )
    return element("g", marks)

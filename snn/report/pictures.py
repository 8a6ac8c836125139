"""Pictures: data in, one PNG, SVG or PDF out, written whole or not at all.

Every function returns the path; it raises ValueError for a file type that is none of these or for data that cannot be
drawn, and OSError where the file cannot be written.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from circuits.chips.energy_report import EnergyReport
from circuits.errors import InputError
from circuits.ledger import Group, Ledger
from circuits.literature.compare import OWN_AREA_F2, ComparisonRow
from circuits.neuron.circuit import LIFCircuit
from circuits.storage import write_atomically
from circuits.units import Joules, Seconds
from snn.report import comparison_figures, network_figures, silicon_figures
from snn.report.style import unknown_glyphs_as_boxes, with_fallback_fonts

FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}


def save_figure(path: str | Path, figure: Figure) -> Path:
    """Write a figure in the format that the file name's ending says. Raises: ValueError, OSError."""
    path, chosen = Path(path), picture_format(path)
    with_fallback_fonts(figure)
    with unknown_glyphs_as_boxes():
        write_atomically(path, lambda part: figure.savefig(part, format=chosen))
    return path


def picture_format(path: str | Path) -> str:
    """ "png", "svg" or "pdf", by the file name's ending. Raises: ValueError for any other."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path} ends in {suffix or 'nothing'!r}; a picture ends in {', '.join(FORMATS)}")
    return FORMATS[suffix]


def picture_raster(
    path: str | Path, waveform: np.ndarray, sample_rate: int, spikes: dict[str, np.ndarray], dt: Seconds, title: str
) -> Path:
    """One clip and what the network says to it, see `network_figures.figure_raster`."""
    picture_format(path)
    return save_figure(path, network_figures.figure_raster(waveform, sample_rate, spikes, dt, title))


def picture_confusion(path: str | Path, confusion: np.ndarray, labels: Sequence[str], title: str) -> Path:
    """Which word is taken for which, see `network_figures.figure_confusion`."""
    picture_format(path)
    return save_figure(path, network_figures.figure_confusion(confusion, labels, title))


def picture_f_i(path: str | Path, circuit: LIFCircuit) -> Path:
    """Firing rate over input current, and both over gate bias, see `silicon_figures.figure_f_i`."""
    picture_format(path)
    return save_figure(path, silicon_figures.figure_f_i(circuit))


def picture_energy_parts(path: str | Path, energy: Ledger) -> Path:
    """Energy of one spike by part, see `silicon_figures.figure_energy_parts`."""
    picture_format(path)
    return save_figure(path, silicon_figures.figure_energy_parts(energy))


def picture_comparison(path: str | Path, rows: Sequence[ComparisonRow], energy_per_spike_j: Joules) -> Path:
    """Energy per spike beside published neurons, see `comparison_figures.figure_comparison`."""
    picture_format(path)
    return save_figure(path, comparison_figures.figure_comparison(rows, energy_per_spike_j))


def picture_energy_area(
    path: str | Path, rows: Sequence[ComparisonRow], energy_per_spike_j: Joules, area_f2: float = OWN_AREA_F2
) -> Path:
    """Energy per spike against area, see `comparison_figures.figure_energy_area`."""
    picture_format(path)
    return save_figure(path, comparison_figures.figure_energy_area(rows, energy_per_spike_j, area_f2))


def picture_energy_report(path: str | Path, report: EnergyReport, by: Group = "part") -> Path:
    """Energy of one inference by part, layer or core, see `silicon_figures.figure_energy_report`."""
    picture_format(path)
    return save_figure(path, silicon_figures.figure_energy_report(report, by))


def picture_history(path: str | Path, history: Sequence[network_figures.Epoch]) -> Path:
    """Loss and validation accuracy by epoch, see `network_figures.figure_history`."""
    picture_format(path)
    return save_figure(path, network_figures.figure_history(history))

"""What a page asks of chips of several kinds at once: each as many pieces as can differ, as old as it can be."""

import pytest

from circuits.chips import load_chip
from snn.studies.accuracy_on_chip import how_asked, pieces_that_differ
from snn.studies.evaluate_on_silicon import Pieces, require_pieces

WEEK = 604_800.0


@pytest.mark.parametrize(
    ("name", "pieces", "how"),
    [
        ("ibm-analog-14nm", Pieces(3, WEEK), "on silicon, 604800 s after it was written"),
        ("btbt-45rfsoi", Pieces(3, WEEK), "on silicon, 604800 s after it was written"),
        ("conv-sram", Pieces(3, 0.0), "on silicon, which does not age"),
        ("digital-systolic", Pieces(1, 0.0), "every such chip computes the same, at any age"),
        ("spinnaker", Pieces(1, 0.0), "every such chip computes the same, at any age"),
    ],
)
def test_each_chip_is_asked_what_it_can_answer(name, pieces, how):
    chip = load_chip(name)
    found = pieces_that_differ(chip, Pieces(3, WEEK))
    require_pieces(chip, found)  # nothing that is refused
    assert (found, how_asked(chip, found)) == (pieces, how)

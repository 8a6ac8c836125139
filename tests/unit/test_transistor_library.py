"""The library of the neuron from transistors without a simulator: names, cards and their licence, options, payoff."""

import re
from dataclasses import replace

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.netlist.match import match_spikes
from circuits.network.spikes import spike_trains
from circuits.signoff.small_core import SmallCore, SmallSignOff
from circuits.transistor import NeuronCell, find_cards
from circuits.transistor.cards import FILES
from circuits.transistor.crossbar import Crossbar, crossbar_deck
from circuits.transistor.lib_file import OPTIONS_FILE, library, licence_of, subcircuit_name
from circuits.transistor.payoff import payoff
from circuits.transistor.sources import SourceRow
from circuits.units import fF

CARD = """\
.model NMOS_VTH nmos level=54
* a comment of the foundry
+ vth0={vth}

.model PMOS_VTH pmos level=54
+vth0=-0.6
"""
CELL = NeuronCell()


@pytest.fixture
def cards_of(tmp_path):
    def write(notice="* SPDX-License-Identifier: Apache-2.0\n", vth="0.6", name="cards"):
        folder = tmp_path / name
        folder.mkdir()
        for file in FILES.values():
            (folder / file).write_text(notice + CARD.format(vth=vth))
        return find_cards(folder)

    return write


def test_the_first_line_names_the_options_to_include(cards_of):
    assert f'include "{OPTIONS_FILE}"' in library(CELL, cards_of()).splitlines()[0]


def test_free_cards_are_copied_with_their_licence_into_the_subcircuit_and_nowhere_else(cards_of):
    text = library(CELL, cards_of())
    assert "SPDX-License-Identifier: Apache-2.0" in text
    assert ".include" not in text
    assert text.count("vth0=0.6\n") == text.count(".subckt ") == len(FILES)
    assert "comment of the foundry" not in text
    outside = re.sub(r"^\.subckt .*?^\.ends", "", text, flags=re.M | re.S)
    assert ".model" not in outside


@pytest.mark.parametrize("notice", ["", "* all rights reserved\n", "* SPDX-License-Identifier: LicenseRef-Foundry\n"])
def test_cards_that_no_licence_frees_are_included_and_never_copied(cards_of, notice):
    cards = cards_of(notice)
    text = library(CELL, cards)
    assert licence_of(cards) is None
    assert "vth0" not in re.sub(r"vth0=0\.45$", "", text, flags=re.M)  # that of our own card of the source
    assert all(f'.include "{cards.file(process)}"' in text for process in FILES)


def test_another_cell_or_other_cards_have_another_name(cards_of):
    names = {
        subcircuit_name(CELL, cards_of()),
        subcircuit_name(replace(CELL, c_feedback=0.6 * fF), cards_of(name="same")),
        subcircuit_name(CELL, cards_of(vth="0.5", name="other")),
    }
    assert len(names) == 3
    assert subcircuit_name(CELL, cards_of(name="again")) in names


def test_a_gate_that_conducts_at_a_row_that_is_off_is_refused(cards_of):
    core = Crossbar(np.full((2, 1), -0.93), np.array([-0.6]), np.zeros(1), 1e-7, 5e-7)
    with pytest.raises(InputError, match=r"-0.93 V conducts with its row off; keep it above -0.923 V"):
        crossbar_deck(CELL, cards_of(), core, [np.array([1e-6])], 1e-5)


def _row(source, **changed):
    same = SourceRow(source, 2e-10, -0.8, {"membrane": 1e-15}, 1e-15, 6e-13, 2e-12, 10.0, 3.0, 1.1, 0.3, 0.3, 0, 0.5)
    return replace(same, **changed)


def test_a_smaller_spread_pays_and_what_it_costs_is_named():
    found = payoff(
        _row("tunnelling", energy_per_spike=2e-15), _row("sub-threshold", sigma_ln_rate=0.9, sigma_ln_current=1.2)
    )
    assert found.sentences == (
        "Tunnelling pays where rates must agree: spread of rate with mismatch 3 times better; "
        "it costs energy of a spike 2 times as much",
        "the published 3 times smaller spread of the current comes out: 4 times",
    )


def test_without_a_smaller_spread_it_does_not_pay_and_the_published_factor_is_missed_by_so_much():
    better = _row("sub-threshold", sigma_ln_rate=0.15, sigma_ln_current=0.45)
    found = payoff(_row("tunnelling"), better)
    assert not found.pays
    assert found.sentences[0] == (
        "Tunnelling does not pay: no spread of the rate is smaller; "
        "it costs spread of rate with mismatch 2 times as much"
    )
    assert "is missed by 50%: 1.5 times" in found.sentences[1]


def test_a_cell_that_falls_silent_has_no_factor():
    found = payoff(_row("tunnelling"), _row("sub-threshold", over_temperature=None, calibration=None))
    assert found.factors["spread of rate with temperature"] is None
    assert found.factors["span of calibration"] is None
    assert found.factors["spread of rate with supply (gate held)"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"n_neurons": 13}, "n_neurons must be in 1..12: ngspice takes minutes for more, got 13"),
        ({"bias": (2e-10, 1e-10)}, "bias must be positive, the least first"),
        ({"input_interval": 1e-6}, "input_interval must be above 1.1e-06 s"),
        ({"t_pulse": 0.0}, "t_pulse must be positive"),
    ],
)
def test_a_core_that_cannot_be_drawn_is_refused(settings, told):
    with pytest.raises(InputError, match=told):
        SmallCore(**settings)


def test_a_silent_core_is_not_signed_off():
    none = spike_trains([np.zeros(0)], 1e-5)
    silent = SmallSignOff(SmallCore(), (), match_spikes(none, none, bin=1e-6), none, none, None, None)
    assert silent.matching.matched == 1
    assert not silent.passed

"""The front end in the ledger of an inference: power times real time, beside the network, unknown where unpublished."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.chips.front_end_ledger import FrontEndCosts, Sensed
from circuits.energy.boundary import BOUNDARIES
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.spec import LayerSpec, NetworkSpec
from snn.audio.cochlea import Ear
from snn.audio.ear_rows import EarRows, SignalRows
from snn.audio.features import LogMel
from snn.audio.sensed import sensed_by
from snn.audio.signal_features import SignalFrames

approx = partial(pytest.approx, rel=1e-9, abs=0)

ONE = np.ones(2)
NET = NetworkSpec("net", 1e-3, (LayerSpec("hidden", "lif", np.ones((3, 2)), 0 * ONE, 0.02 * ONE, ONE),))
ACTIVITY = Activity(4, 0.5, {"hidden": 7 * ONE}, {"hidden": 0.001 * ONE}, 0.1, np.full(3, 5.0))
COSTS = FrontEndCosts(
    log_mel=2e-7, filter_bank=1e-7, filter_bank_channels=10, sources={"front_end.log_mel_w": "table 1"}
)
MEL, BANK = Sensed("log-mel", 40, 0.5), Sensed("filter bank", 20, 0.5)


def _priced(sensed: Sensed | None, costs: FrontEndCosts = COSTS, acceleration: float = 1.0):
    chip = replace(load_chip("btbt-45rfsoi", operation=Operation(acceleration)), front_end=costs)
    return chip.price(NET, ACTIVITY, chip.place(NET, ACTIVITY), sensed)


def test_features_cost_their_power_for_the_time_of_the_sound():
    report = _priced(MEL)
    assert report.front_end.parts == {"front_end": approx(2e-7 * 0.5)}
    assert report.with_front_end == approx(report.ledger.total + 1e-7)
    (row,) = report.as_dict()["front_end"]
    assert (row["source"], row["features"], row["n_channels"]) == ("table 1", "log-mel", 40)


@pytest.mark.parametrize(("channels", "banks"), [(1, 1), (10, 1), (11, 2), (77, 8)])
def test_channels_beyond_a_bank_take_another_bank(channels, banks):
    assert COSTS.ledger(replace(BANK, n_channels=channels)).total == approx(banks * 1e-7 * 0.5)


def test_the_front_end_listens_in_real_time_however_fast_the_chip():
    slow, fast = _priced(BANK), _priced(BANK, acceleration=100)
    assert fast.ledger.total < slow.ledger.total
    assert fast.front_end.total == slow.front_end.total == approx(2 * 1e-7 * 0.5)


@pytest.mark.parametrize("sensed", [None, MEL, Sensed("signal", 3, 0.5)])
def test_the_network_alone_costs_the_same_whatever_it_hears_through(sensed):
    report, alone = _priced(sensed).as_dict(), _priced(MEL, FrontEndCosts()).as_dict()
    for key in ("total_j", "parts_j", "ledger", "not_modelled", "per_spike"):
        assert report[key] == alone[key]
    assert report["boundary"] == "classifier"


@pytest.mark.parametrize(
    ("sensed", "costs"),
    [(None, COSTS), (Sensed("signal", 3, 0.5), COSTS), (MEL, FrontEndCosts()), (BANK, FrontEndCosts())],
)
def test_a_front_end_without_a_published_figure_is_unknown_and_never_zero(sensed, costs):
    report = _priced(sensed, costs)
    assert [entry.each_j for entry in report.front_end.entries] == [None]
    assert report.with_front_end is None
    assert report.as_dict()["total_with_front_end_j"] is None


def test_both_totals_name_their_boundary_in_the_words_of_the_literature():
    said = [
        _priced(sensed).as_dict()["boundary_with_front_end"] for sensed in (MEL, BANK, Sensed("signal", 3, 0.5), None)
    ]
    assert said == ["features + classifier", "front end + classifier", None, None]
    assert {*said[:2], _priced(MEL).as_dict()["boundary"]} <= set(BOUNDARIES)


def test_every_front_end_is_named_with_its_channels():
    heard = {
        LogMel(8000, n_mels=16): Sensed("log-mel", 16, 0.4),
        EarRows(Ear("lyon", 8000, n_channels=12), 0.5, 1.0): Sensed("filter bank", 12, 0.4),
        SignalFrames(3): Sensed("signal", 3, 0.4),
        SignalRows(6, 0.01, 1.0): Sensed("signal", 6, 0.4),
    }
    assert {front_end: sensed_by(front_end, 0.4) for front_end in heard} == heard
    assert sensed_by(None, 0.4) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"log_mel": 0.0}, "log_mel must be positive; leave out what is not published, got 0"),
        ({"filter_bank": 1e-7}, "filter_bank_channels must be given with filter_bank_w"),
        ({"filter_bank_channels": 4}, "filter_bank_channels must be given with filter_bank_w, and only with it"),
    ],
)
def test_costs_that_are_zero_or_half_given_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        FrontEndCosts(**given)

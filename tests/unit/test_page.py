"""The page from records that nobody trained: its structure, hostile text, what is missing, its colours, its bytes."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from circuits.chips.chip_sources import ChipSources
from circuits.errors import InputError
from circuits.ledger import ledger_of, unknown
from circuits.literature.compare import compare
from circuits.literature.field_of_chips import FieldPoint, load_field
from circuits.mapping.limits import BrokenLimit
from snn.report.page.html_page import html_page, page_table, require_html, save_page
from snn.report.page.markup import element, in_script
from snn.report.page.quantities import area_of, percent, price_of, quantity_of
from snn.report.page.shades import DARK, LIGHT, N_HEAT, contrast, mixed, readable_on
from snn.report.page.unit_map import heat_of
from snn.studies.accuracy_on_chip import ChipAccuracy
from snn.studies.page_records import (
    ChipField,
    ChipSheet,
    NeuronField,
    Page,
    Priced,
    RunSheet,
    Silicon,
    TestClips,
)
from snn.studies.spikes_of_clip import ClipSpikes, PopulationSpikes
from snn.studies.units_held import Held, Holding, units_held
from tests.unit.page_structure import faults, parsed

HOSTILE = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", '"><b onclick=x>', "a\x1b[31m\u202eb")
LEDGER = ledger_of({"products": 3e-12, "memory_reads": 1e-12}, "ASSUMED: half") + unknown("host")


def priced(**changes: object) -> Priced:
    one = Priced(
        total_j=LEDGER.total, boundary="classifier", silicon_boundary="chip", covers="all", parts_j=LEDGER.parts,
        rows=tuple(LEDGER.by("part").rows()), not_modelled=("host",), with_front_end_j=None,
        boundary_with_front_end=None, latency_s=1e-3, in_real_time=False, counts={"macs": 7.0}, operations_per_j=1e12,
        operations_per_mac=2, operations_counted="active products", energy_per_spike_j=None,
        silicon=Silicon(2e-6, {"array": 2e-6}, ("pads",), 0.25, 9),
        holdings=(Holding("synapses", "core", (Held("core 0", 3.0, 4.0, "all"), Held("core 1", 0.0, 4.0))),),
        notes=("a note",),
    )  # fmt: skip
    return replace(one, **changes)


def run_sheet(name: str = "one", labels: tuple[str, ...] = ("yes", "no"), **changes: object) -> RunSheet:
    spikes = ClipSpikes(labels[0], 0.5, (PopulationSpikes("hidden", 3, (0.1, 0.2), (0, 2)),))
    sheets = (
        ChipSheet("cheap", "A chip", priced(), accuracy=ChipAccuracy(0.875, 0.0125, 10, "drawn")),
        ChipSheet("small", "Another", None, (BrokenLimit("neurons", "layer 'h'", 9, 4, "make it smaller"),)),
        ChipSheet("dumb", "A third", None, why="activity.safetensors is missing: run `snn evaluate one`"),
    )
    one = RunSheet(
        name=name, title=name, kind="spotter", folder=f"runs/{name}", data="words", labels=labels, test_accuracy=0.9,
        n_test=100, seed=0, n_parameters=12, n_neurons=3, spikes_per_inference=2.0, activity_why="",
        clips=TestClips(0.9, ((40, 10), (0, 50)), spikes), clips_why="", chips=sheets,
    )  # fmt: skip
    return replace(one, **changes)


def page_of(*runs: RunSheet, chips: tuple[str, ...] = ("cheap", "small", "dumb")) -> Page:
    ours = (FieldPoint("one on cheap", "chip", "MAC", 1e9, 1e-3),)
    about = tuple(ChipSources(name, f"Title of {name}", "", {"clock_hz": "ASSUMED"}) for name in chips)
    return Page(runs, about, NeuronField(2e-15, ("a: b",), compare(2e-15)), ChipField(load_field(), ours), {"snn": "1"})


def test_joules_of_different_boundaries_are_not_passed_off_as_alike():
    """Beside each figure stands how much of the silicon it pays for, above and below the table what that means."""
    one = run_sheet().chips[0]
    array = replace(one, chip="bare", priced=priced(silicon_boundary="array"))
    mixed = parsed(html_page(page_of(run_sheet(chips=(array, one)))))
    (table,) = (node for node in mixed.all("table") if node["id"] == "overview")
    told = {row["data-chip"]: row.text for row in table.all("tr") if row["data-chip"]}
    assert "classifier, array" in told["bare"]
    assert "classifier, chip" in told["cheap"]
    assert "pay for more or less of their silicon" in mixed.text
    assert all(f"“{word}” is" in mixed.text for word in ("classifier", "array", "chip"))
    assert "pay for more or less" not in parsed(html_page(page_of(run_sheet()))).text


def test_a_page_is_well_formed_and_can_be_read_aloud():
    text = html_page(page_of(run_sheet(), run_sheet("two")))
    page = parsed(text)
    assert text.startswith("<!DOCTYPE html>")
    assert faults(page) == []
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(name)) for name in ("main", "header", "footer", "nav", "h1")] == [1] * 5
    assert all(len(svg.all("desc")) == 1 for svg in page.all("svg") if svg["role"] == "img")
    assert [node.name for node in page.walk() if node["src"] or node["style"] or node["onclick"]] == []
    assert all(node["href"].startswith("#") for node in page.walk() if node["href"])


def test_what_is_told_wrong_is_found():
    """The judge itself: a page without each of these would pass it blindly."""
    for damaged in ("<b id=a></b><i id=a></i>", "<h1>a</h1><h3>b</h3>", "<table><caption>a</caption><th>a</th></table>",
                    "<figure><figcaption>none</figcaption></figure>", "<a href='#x'>x</a>"):  # fmt: skip
        assert len(faults(parsed(damaged))) == 1
    for damaged in ("<p>", "<b><i></b></i>"):
        with pytest.raises(AssertionError):
            parsed(damaged)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_users_is_text_everywhere(text):
    """In names, labels, folders, limits, notes, sources, in SVG, and in the JSON of the data."""
    sheets = (
        ChipSheet(text, text, priced(notes=(text,), covers=text, not_modelled=(text,))),
        ChipSheet(text, text, None, (BrokenLimit(text, text, text, text, text),)),
        ChipSheet(text, text, None, why=text),
    )
    run = run_sheet(text, (text, "no"), title=text, folder=text, data=text, chips=sheets)
    plain, hostile = (parsed(html_page(p)) for p in (page_of(run_sheet()), page_of(run, chips=(text, "b", "c"))))
    for name in ("script", "img", "b", "style", "meta", "h2"):
        assert len(hostile.all(name)) == len(plain.all(name))
    assert faults(hostile) == []
    data, script = hostile.all("script")
    assert json.loads(data.text)["runs"][0]["labels"] == [text, "no"]
    assert "alert" not in script.text
    shown = "".join(node.text for node in hostile.all("main"))
    assert text in shown or ("\\x1b[31m\\u202eb" in shown and "\x1b" not in shown)


def test_the_data_in_the_page_is_its_table_and_the_same_page_the_same_bytes():
    page = page_of(run_sheet())
    text = html_page(page)
    assert json.loads(parsed(text).all("script")[0].text) == page_table(page)
    assert text == html_page(page_of(run_sheet()))
    assert in_script({"a": "</script>\u2028&"}) == '{"a":"\\u003c/script\\u003e\\u2028\\u0026"}'


def test_numbers_stand_where_the_records_have_them():
    page = parsed(html_page(page_of(run_sheet())))
    (table,) = (node for node in page.all("table") if node["id"] == "overview")
    rows = {row["data-chip"]: [cell["data-value"] for cell in row.children] for row in table.all("tr")[1:]}
    assert rows["cheap"] == ["one", "cheap", "0.9", "0.875", "4e-12", "0.001", "2e-06", "0.25", "yes"]
    assert rows["small"][4:] == [None, None, None, None, "no"]
    (ledger,) = (node for node in page.all("table") if node["class"] == "ledger")
    energies = [row.children[1]["data-value"] for row in ledger.all("tr")[1:]]
    assert energies == ["3e-12", "1e-12", None, "4e-12"]
    assert "not modelled" in ledger.text
    assert "TOPS/W active products, 2 a MAC, chip" in page.all("main")[0].text


@pytest.mark.parametrize(("real", "word"), [(True, "as long as the signal"), (False, "computing")])
def test_a_latency_says_what_takes_so_long(real, word):
    """In the column that is sorted and on the card."""
    run = run_sheet(chips=(ChipSheet("cheap", "A chip", priced(in_real_time=real)),))
    page = parsed(html_page(page_of(run)))
    (cell,) = (node for node in page.all("td") if node["data-value"] == "0.001")
    assert cell.text.split() == ["1", "ms", *word.split()]
    assert cell.text in next(node.text for node in page.all("article") if node["class"] == "card")


def test_a_total_is_not_called_a_lower_bound_where_a_part_may_be_an_upper_one():
    text = parsed(html_page(page_of(run_sheet()))).text
    assert "hence a lower bound" not in text
    assert "sum of the modelled parts; notes say where one is an upper bound" in text


@pytest.mark.parametrize("value", [0, 0.0])
def test_an_attribute_of_nought_is_written(value):
    assert (
        element("p", "a", data_value=value, hidden=False, id=None, open=True) == f'<p data-value="{value}" open>a</p>'
    )


def test_what_does_not_fit_says_why_and_the_page_goes_on():
    page = parsed(html_page(page_of(run_sheet())))
    for said in ("make it smaller", "activity.safetensors is missing", "neurons: 9"):
        assert said in page.text
    nowhere = replace(run_sheet(), chips=run_sheet().chips[1:])
    page = parsed(html_page(page_of(nowhere, run_sheet("two"))))
    assert faults(page) == []
    assert "can be priced on none of these chips" in page.text


def test_what_a_run_lacks_is_said_and_not_drawn():
    """No clips, no metrics, no spikes, no placement, no price, no area, an energy of nothing."""
    bare = priced(holdings=(), silicon=Silicon(0.0, {}, ()), total_j=0.0, parts_j={}, operations_per_j=None)
    run = run_sheet(clips=None, clips_why="no recordings", test_accuracy=None, n_test=None, seed=None,
                    chips=(ChipSheet("cheap", "", bare),))  # fmt: skip
    page = parsed(html_page(replace(page_of(run), field=ChipField(load_field(), ()))))
    assert faults(page) == []
    for said in ("no recordings", "has not finished", "this technology tells none", "not modelled"):
        assert said in page.text


def test_ledgers_that_say_assumed_are_marked():
    page = parsed(html_page(page_of(run_sheet())))
    assert {mark.text for mark in page.all("mark")} == {"ASSUMED"}
    assert "1 of them ASSUMED" in page.text


def test_quantities_read_as_a_person_writes_them():
    assert [quantity_of(3.2e-6, "J"), quantity_of(None, "J"), quantity_of(-2e-3, "V")] == [
        "3.2\u00a0µJ", "not modelled", "\u22122\u00a0mV"]  # fmt: skip
    assert [area_of(4.48e-11), area_of(1.26e-6), area_of(None)] == ["44.8\u00a0µm²", "1.26\u00a0mm²", "not modelled"]
    assert [price_of(0.0223), price_of(12.5)] == ["2.2\u00a0US cents", "12.50\u00a0US$"]
    assert [percent(0.9467), percent(0.0), percent(1e-5)] == ["94.7\u00a0%", "0\u00a0%", "< 0.1\u00a0%"]


def test_letters_can_be_read_on_every_ground():
    """WCAG 2.2 AA: 4.5 to 1. Its own example: #767676 on white is the lightest grey that passes, 4.54 to 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    for scheme in (LIGHT, DARK):
        for ink in ("ink", "quiet", "warn", "accent"):
            for ground in ("paper", "raised"):
                assert contrast(scheme[ink], scheme[ground]) >= 4.5
        for step in range(N_HEAT):
            ground = mixed(scheme["accent"], scheme["raised"], step / (N_HEAT - 1))
            assert contrast(readable_on(ground), ground) >= 4.5


def test_only_nothing_is_cold():
    assert [heat_of(share) for share in (0.0, 1e-9, 0.26, 1.0, 1.7)] == [0, 1, 3, 10, 10]


def test_holdings_of_a_report_that_tells_them_are_taken_as_they_are():
    rows = [{"what": "devices", "unit": "tile", "name": f"tile {i}", "used": i, "room": 4} for i in range(3)]
    (found,) = units_held(object(), object(), {"occupancy": rows})
    assert (found.what, found.unit, [unit.share for unit in found.units]) == ("devices", "tile", [0, 0.25, 0.5])
    assert units_held(object(), object(), {}) == ()


def test_tiles_and_cores_of_a_mesh_are_read_off_the_report():
    """As the reports of analog crossbars and of meshes tell them."""
    tiles = [
        {"chip": 0, "tile": 3, "layer": "a", "weights": 50, "capacity": 200},
        {"chip": 1, "tile": 0, "layer": "b", "weights": 200, "capacity": 400},
    ]
    (found,) = units_held(object(), object(), {"placement": {"tiles": tiles}})
    assert [(unit.name, unit.share, unit.holds) for unit in found.units] == [
        ("chip 0 tile 3", 0.25, "a"), ("chip 1 tile 0", 0.5, "b")]  # fmt: skip
    cores = {"cores": [{"core": 0, "neurons": 3, "synapses": 5}, {"core": 1, "neurons": 6, "synapses": 0}]}
    (found,) = units_held(SimpleNamespace(limits=SimpleNamespace(neurons=6, synapses=None)), object(), cores)
    assert (found.what, [unit.share for unit in found.units]) == ("neurons", [0.5, 1.0])


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = save_page(tmp_path / "made" / "a.html", page_of(run_sheet()))
    before = path.read_bytes()
    monkeypatch.setattr("snn.report.page.html_page.html_page", lambda page: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_page(path, page_of(run_sheet("two")))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["a.html"]
    with pytest.raises(InputError, match=r"a page ends in \.html"):
        require_html("a.pdf")


def test_a_name_of_an_attribute_may_be_any_and_values_are_quoted():
    assert element("p", 'a"<', class_='"x"', hidden=True, id=None, data_a=1.5) == (
        '<p class="&quot;x&quot;" hidden data-a="1.5">a&quot;&lt;</p>'
    )

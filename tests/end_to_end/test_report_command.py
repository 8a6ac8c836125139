"""`snn report`: runs of three kinds on all chips, its numbers those of `snn map`; in a browser, where there is one."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from circuits.chips import chip_names
from snn.experiments.run_folder import load_activity, load_run
from snn.experiments.train import train
from snn.recipes.recipe import parse_recipe
from tests.tiny_recipes import CONVENTIONAL, RESERVOIR
from tests.unit.page_structure import Node, faults, parsed

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, spoken, finished):
    """A spotter, a conventional network and a reservoir."""
    folder, found = tmp_path_factory.mktemp("runs"), [finished]
    for text in (CONVENTIONAL, RESERVOIR):
        recipe = parse_recipe(text)
        train(recipe, spoken, folder / recipe.name)
        found.append(folder / recipe.name)
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory, runs):
    """The page of the three, written once, and the data that it was made of."""
    from snn.report.page.html_page import page_table, save_page
    from snn.studies.page_of_runs import page_of_runs

    found = page_of_runs(runs, chip_names())
    return save_page(tmp_path_factory.mktemp("page") / "report.html", found), page_table(found)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Open a page there: what it has become, and what the console says."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser: install one of {', '.join(BROWSERS)} (Debian: apt-get install chromium)")
    profile = tmp_path_factory.mktemp("profile")

    def opened(path: Path, fragment: str = "", *options: str) -> tuple[Node, list[str]]:
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run",
                   f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=4000",
                   *options, "--dump-dom", f"{path.as_uri()}{fragment}"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return parsed(done.stdout), re.findall(r"CONSOLE[^\n]*", done.stderr)

    return opened


def overview(page: Node) -> list[tuple[str, str, dict[str, str | None]]]:
    """Run, chip and the values of each row by column, as they stand."""
    (table,) = (node for node in page.all("table") if node["id"] == "overview")
    rows = [row for row in table.all("tr") if row["data-chip"]]
    keys = [th["data-key"] for th in table.all("thead")[0].all("th")]
    values = [dict(zip(keys, (cell["data-value"] for cell in row.children), strict=True)) for row in rows]
    return [(row["data-run"], row["data-chip"], own) for row, own in zip(rows, values, strict=True)]


def test_runs_of_three_kinds_stand_on_one_page(page):
    told = parsed(page[0].read_text(encoding="utf-8"))
    assert faults(told) == []
    assert len(overview(told)) == 3 * len(chip_names())
    assert "on-chip" not in overview(told)[0][2], "a column without a single figure"
    kinds = {run["kind"]: run for run in page[1]["runs"]}
    assert {kind: bool(run["clips"]["spikes"]) for kind, run in kinds.items()} == {
        "spotter": True, "conventional": False, "reservoir": True}  # fmt: skip
    for run in kinds.values():
        confusion = run["clips"]["confusion"]
        assert sum(map(sum, confusion)) == run["n_test"]
        right = sum(row[i] for i, row in enumerate(confusion))
        assert right / run["n_test"] == pytest.approx(run["test_accuracy"])


def priced_of(table: dict, folder: str, chip: str) -> dict:
    """What the data of the page tells of one run on one chip where it fits."""
    return next(s["priced"] for r in table["runs"] if r["folder"] == folder for s in r["chips"] if s["chip"] == chip)


def test_its_numbers_are_those_of_the_map(page, snn, runs):
    """Energy, latency and the die of every run on every chip, as another command tells them; or the same refusal."""
    rows = overview(parsed(page[0].read_text(encoding="utf-8")))
    fitting = real = 0
    for run, chip, values in rows:
        code, out, err = snn("map", run, "--chip", chip, "--json")
        if code:
            assert [values[key] for key in ("energy", "latency", "area", "price", "fits")] == [None] * 4 + ["no"]
            (sheet,) = (s for r in page[1]["runs"] if r["folder"] == run for s in r["chips"] if s["chip"] == chip)
            assert sheet["broken"]
            assert all(limit["remedy"] in " ".join(err.split()) for limit in sheet["broken"][:2])
            continue
        told, fitting = json.loads(out), fitting + 1
        assert float(values["energy"]) == told["total_j"]
        assert float(values["latency"]) == told["latency_s"]
        trained = load_run(run)
        lasts = trained.recipe.ear.duration_s if trained.recipe.kind == "reservoir" else (
            load_activity(run, trained.network()).duration)  # fmt: skip
        real += (in_real_time := told["latency_s"] == pytest.approx(lasts, rel=1e-6))
        priced = priced_of(page[1], run, chip)
        assert priced["in_real_time"] == in_real_time, (run, chip)
        assert priced["silicon_boundary"] == told["silicon_boundary"]
        assert told.get("operations_boundary") in (None, told["silicon_boundary"])
        assert (values["price"] is None) == ("die" not in told)
        assert "die" not in told or float(values["price"]) == told["die"]["cost_usd"]
        area = told.get("area_m2", {}).get("total")
        assert area is None or float(values["area"]) == area
    assert fitting >= 6
    assert fitting < len(rows)
    assert 0 < real < fitting


def test_the_same_runs_give_the_same_bytes(page, tmp_path, snn, runs):
    code, out, _ = snn("report", *runs, "--out", tmp_path / "again.html")
    assert code == 0
    assert "again.html" in "".join(out.split())
    assert (tmp_path / "again.html").read_bytes() == page[0].read_bytes()


def test_json_is_the_data_of_the_page_and_writes_none_unasked(page, snn_json, tmp_path, monkeypatch, runs):
    monkeypatch.chdir(tmp_path)
    assert snn_json("report", *runs) == page[1]
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_activity_and_recordings_is_told_with_its_remedy(run, snn, tmp_path):
    from snn.experiments.run_folder import ACTIVITY, CONFIG, read_config

    (run / ACTIVITY).unlink()
    data = read_config(run)[1]
    (run / CONFIG).write_text((run / CONFIG).read_text().replace(data, str(tmp_path / "moved")))
    code, _, err = snn("report", run, "--out", tmp_path / "a.html")
    assert code == 0, err
    text = parsed((tmp_path / "a.html").read_text(encoding="utf-8")).all("main")[0].text
    assert f"run `snn evaluate {run}` to measure the activity" in text
    assert "Not drawn: " in text
    assert "moved" in text


def test_a_chip_that_nothing_fits_is_named_and_the_page_goes_on(runs, snn_json, tmp_path):
    from circuits.chips.chip import FOLDER

    source = Path(str(FOLDER / "btbt-45rfsoi.toml")).read_text()
    empty = re.sub(r"(?m)^(neurons|synapses|lines|input_neurons) = \{ value = \d+", r"\1 = { value = 0", source)
    (tmp_path / "nothing.toml").write_text(empty)
    told = snn_json("report", *runs, "--chip", tmp_path / "nothing.toml", "--chip", "near-threshold", "--no-clips")
    for run in told["runs"]:
        first, second = run["chips"]
        assert first["priced"] is None
        assert all(limit["remedy"] for limit in first["broken"])
        assert second["priced"]["total_j"] > 0
        assert run["clips_why"] == "left out as asked (--no-clips)"


def test_accuracy_on_a_chip_comes_when_it_is_asked_for(runs, snn_json):
    chips = ("--chip", "digital-systolic", "--chip", "ibm-analog-14nm")
    told = snn_json("report", runs[0], *chips, "--no-clips", "--evaluate", "--seeds", "2", "--age", "1day")
    digital, analog = (sheet["accuracy"] for sheet in told["runs"][0]["chips"])
    assert digital["mean"] == snn_json("evaluate", runs[0], "--chip", "digital-systolic")["accuracy"]
    alone = snn_json("evaluate", runs[0], "--chip", "ibm-analog-14nm", "--seeds", "2", "--age", "1day")
    assert (digital["deviation"], analog["n_chips"]) == (None, 2)
    assert (analog["mean"], analog["deviation"]) == (alone["accuracy"], alone["accuracy_deviation"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--chip", "btbt-45"), "did you mean 'btbt-45rfsoi'"),
        (("--out", "page.pdf"), "a page ends in .html, .htm"),
        (("--out", ""), "the path is empty"),
        (("--seeds", "3"), "give --evaluate too"),
        (("--age", "1week"), "give --evaluate too"),
        (("--evaluate", "--age=-1week"), "zero or a later time"),
        (("--evaluate", "--age", "old"), "age"),
        (("--evaluate", "--seeds", "0"), "greater than or equal to 1"),
        (("--chip", "near-threshold", "--chip", "near-threshold"), "is given 2 times"),
        (("none",), "is not a run folder"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(snn, arguments, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, err = snn("report", "nowhere", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_browser_loads_it_without_a_word_of_complaint(page, browser):
    shown, console = browser(page[0])
    assert console == []
    heads = [th for table in shown.all("table") if table["id"] == "overview" for th in table.all("thead")[0].all("th")]
    assert [th["aria-sort"] for th in heads] == ["none"] * len(heads)
    assert all(len(th.all("button")) == 1 for th in heads)


@pytest.mark.parametrize(("key", "down"), [("energy", False), ("latency", True), ("area", True), ("price", False)])
def test_a_browser_sorts_numbers_that_are_the_ledgers(page, browser, key, down):
    shown, console = browser(page[0], f"#sort={'-' * down}{key}")
    assert console == []
    rows, ledgers = overview(shown), {}
    for run in page[1]["runs"]:
        for sheet in run["chips"]:
            priced = sheet["priced"]
            told = priced and {"energy": sum(priced["parts_j"].values()), "latency": priced["latency_s"],
                               "area": sum(priced["silicon"]["parts_m2"].values()) or None,
                               "price": priced["silicon"]["die_usd"]}[key]  # fmt: skip
            ledgers[run["folder"], sheet["chip"]] = told
    found = [None if values[key] is None else float(values[key]) for _, _, values in rows]
    for (run, chip, _), value in zip(rows, found, strict=True):
        assert value == (None if ledgers[run, chip] is None else pytest.approx(ledgers[run, chip], rel=1e-12))
    known = sorted((v for v in found if v is not None), reverse=down)
    assert found == known + [None] * (len(found) - len(known))
    (head,) = (th for th in shown.all("th") if th["data-key"] == key)
    assert head["aria-sort"] == ("descending" if down else "ascending")


def test_a_browser_refuses_a_script_that_is_not_the_page_s_own(page, browser, tmp_path):
    """What guards against injected text is the policy: it names the script by its hash."""
    text = page[0].read_text(encoding="utf-8")
    (tmp_path / "changed.html").write_text(text.replace('"use strict";', '"use strict"; ;'), encoding="utf-8")
    shown, console = browser(tmp_path / "changed.html", "#sort=energy")
    assert any("Content Security Policy" in line for line in console)
    assert [th["aria-sort"] for th in shown.all("th") if th["data-key"]] == [None] * 8


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_but_tables_is_wider_than_the_screen(page, browser, tmp_path, width):
    """A frame of that width around it measures the page from outside: its own policy lets no script in."""
    shutil.copy(page[0], tmp_path / "report.html")
    (tmp_path / "frame.html").write_text(
        f"<!DOCTYPE html><iframe id=f src=report.html width={width} height=800 style='border:0'></iframe><p id=w></p>"
        "<script>onload = () => { const d = document.getElementById('f').contentDocument.documentElement;"
        "document.getElementById('w').textContent = d.clientWidth + ' ' + d.scrollWidth; }</script>"
    )
    shown, _ = browser(tmp_path / "frame.html", "", "--allow-file-access-from-files")
    (said,) = (p.text for p in shown.all("p") if p["id"] == "w")
    visible, needed = map(int, said.split())
    assert width - 20 <= visible <= width
    assert needed <= visible

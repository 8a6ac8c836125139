"""`snn chips`: what ships, the field of published chips with a run in it, networks, and what it refuses in one line."""

import errno
import json
import os
import re

import pytest

from circuits.chips import chip_names


def test_the_chips_that_ship_are_listed_with_where_their_numbers_come_from(snn, snn_json):
    rows = snn_json("chips")["rows"]
    assert tuple(row["name"] for row in rows) == chip_names()
    assert all(row["kind"] and row["title"] and row["numbers_from"] for row in rows)
    assert all(len(row["sources"]) == row["numbers"] for row in rows)
    code, out, _ = snn("chips")
    assert code == 0
    assert re.search(r"btbt-45rfsoi +btbt-core", out)


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_field_is_drawn_and_its_rows_are_told(snn_json, tmp_path, suffix, start):
    told = snn_json("chips", "--plot", tmp_path / f"field{suffix}")
    assert (tmp_path / f"field{suffix}").read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [f"field{suffix}"]
    assert {"AnIA", "TrueNorth", "Eyeriss (AlexNet)"} <= {row["name"] for row in told["rows"]}
    assert "Conv-SRAM" in {row["name"] for row in told["not_drawn"]}


def test_a_run_stands_where_its_map_puts_it(run, snn_json, tmp_path):
    """Synaptic operations and joules of an inference over its latency, as `snn map` tells them."""
    told, report = snn_json("chips", "--run", run, "--plot", tmp_path / "a.png"), snn_json("map", run)
    (ours,) = (row for row in told["rows"] if row["evidence"] == "computed")
    latency = report["latency_s"]
    assert ours["performance_ops"] == pytest.approx(report["counts"]["synaptic_operations"] / latency, rel=1e-9)
    assert ours["power_w"] == pytest.approx(report["total_j"] / latency, rel=1e-9)
    assert ours["boundary"] == report["silicon_boundary"] == "array"
    assert ours["name"] == "tiny on btbt-45rfsoi"
    assert (tmp_path / "a.png").stat().st_size > 0


def test_networks_are_told_with_their_memory(snn_json):
    rows = {row["name"]: row for row in snn_json("chips", "--workloads", "--bits", 4, "--sram", "28MB")["rows"]}
    assert rows["alexnet"]["cells"] == 4 * 62_378_344
    assert rows["mobilenet-v2-1.4"]["macs"] == 582_195_824
    assert [name for name, row in rows.items() if row["fits"]] == ["lenet-5", "mobilenet-v2-1.4"]


def test_what_limits_a_memory_that_averages_is_told_and_drawn(snn_json, snn, tmp_path):
    """Of the default sizes; a converter of 8 bits takes 256 x 10^(1.206 - 0.295) um^2, above 16 cells."""
    told = snn_json("chips", "--scaling", "--plot", tmp_path / "a.png")
    assert (told["chip"], (tmp_path / "a.png").read_bytes()[:4]) == ("conv-sram", b"\x89PNG")
    sizes = {(row["rows"], row["columns"], row["bits"]): row for row in told["rows"]}
    assert len(sizes) == len(told["rows"]) == 7 * 3 * 3
    converter, cells = 256 * 10 ** (1.206 - 0.0369 * 8) * 1e-12, 16 * 1.21e-12
    assert sizes[16, 64, 8]["converter_share"] == pytest.approx(converter / (converter + cells))
    assert snn("chips", "--scaling")[0] == 0


def test_a_reader_gets_tables_and_ratios_that_are_no_watts(snn, tmp_path):
    code, out, _ = snn("chips", "--plot", tmp_path / "a.png")
    assert code == 0
    assert re.search(r"goal tops per w +10000", out)
    assert re.search(r"listening power +2 mW", out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--plot", "field.txt"), "field.txt ends in '.txt'; a picture ends in .png, .svg, .pdf"),
        (("--plot", "field"), "ends in 'nothing'"),
        (("--plot", ""), "the path is empty"),
        (("--plot", "--json"), "--json is an option: give a path"),
        (("--chip", "btbt-45rfsoi"), "give --run RUN or --workloads too"),
        (("--run", "none", "--chip", "btbt-45"), "unknown chip 'btbt-45'; did you mean 'btbt-45rfsoi'"),
        (("--run", "none"), "none"),
        (("--workloads", "--plot", "a.png"), "--plot is of chips, --workloads of networks"),
        (("--workloads", "--run", "none"), "--run is of chips"),
        (("--bits", "8"), "--bits is of networks: give --workloads"),
        (("--scaling", "--chip", "near-threshold"), "has no memory that averages; give --chip conv-sram"),
        (("--scaling", "--workloads"), "--workloads is of another table than --scaling"),
        (("--scaling", "--run", "none"), "--run is of another table than --scaling"),
        (("--workloads", "--bits", "0"), "bits = 0; a weight has 1 to 64"),
        (("--workloads", "--sram", "0"), "sram = 0 B holds nothing"),
        (("--workloads", "--sram", "-1"), "sram = -1 B holds nothing"),
        (("--workloads", "--sram", "8 kV"), "must be a number in B, got '8 kV'"),
    ],
)
def test_what_cannot_be_shown_is_refused_before_the_work(snn, arguments, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, err = snn("chips", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert len(err.strip().splitlines()) == 1
    assert "fault of TunnelSpike" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["folder.png", "taken/p.png"])
def test_a_folder_or_a_file_in_the_way_of_the_picture_is_told_and_the_rows_are_shown(snn, tmp_path, place):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "taken").write_text("a file")
    code, out, err = snn("chips", "--plot", tmp_path / place, "--json")
    assert code == 2
    assert json.loads(out)["rows"]
    assert place.partition("/")[0] in err
    assert (tmp_path / "folder.png").is_dir()
    assert (tmp_path / "taken").read_text() == "a file"


def test_a_read_only_place_is_told_and_the_rows_are_shown(snn, tmp_path, monkeypatch):
    """As of a disk that is mounted read-only: the modes of folders bind no superuser."""

    def refuse(path, write):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("snn.report.pictures.write_atomically", refuse)
    code, out, err = snn("chips", "--plot", tmp_path / "p.png", "--json")
    assert code == 2
    assert json.loads(out)["rows"]
    assert "Read-only file system" in err
    assert "fault of TunnelSpike" not in err


def test_a_file_of_a_run_is_no_place_for_the_picture(run, snn):
    (run / "model.png").symlink_to(run / "model.safetensors")
    before = (run / "model.safetensors").read_bytes()
    code, out, err = snn("chips", "--plot", run / "model.png")
    assert (code, out) == (2, "")
    assert "is a file of the run" in err
    assert before == (run / "model.safetensors").read_bytes()

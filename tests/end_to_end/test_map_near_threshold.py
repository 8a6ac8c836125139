"""`snn map --chip near-threshold`: a trained spotter on the processor near threshold, its picture, and bad input."""

from circuits.units import YEAR


def test_map_prints_energy_over_voltage(run, tmp_path, snn_json):
    picture, table = tmp_path / "energy.png", tmp_path / "energy.csv"
    report = snn_json("map", run, "--chip", "near-threshold", "--plot", picture, "--csv", table)
    assert sum(report["parts_j"].values()) == report["total_j"] > 0
    assert report["boundary"] == "classifier"
    assert report["minimum_energy_v"] < report["memory_fails_below_v"] < report["v_dd_v"] == 0.46
    assert {"v_dd_v", "energy_j", "frequency_hz", "delay_s", "minimum"} <= report["energy_over_voltage"][0].keys()
    assert 0 < report["battery_life_s"] < 100 * YEAR
    assert report["break_even_s"] > 0
    assert report["average_power_w"] > report["standby_w"] * (1 - report["duty"])
    assert any("0.62" in note or "620 uJ" in note for note in report["notes"])
    assert picture.stat().st_size > 10_000
    assert "not modelled" in table.read_text()


def test_the_supply_moves_the_operating_point(run, snn_json):
    low, high = (snn_json("map", run, "--chip", "near-threshold", "--supply", v) for v in ("0.4V", "0.8V"))
    assert (low["v_dd_v"], high["v_dd_v"]) == (0.4, 0.8)
    assert low["total_j"] < high["total_j"]
    assert low["latency_s"] > high["latency_s"]
    assert low["minimum_energy_v"] - high["minimum_energy_v"] < 1e-4


def test_a_supply_or_a_speed_that_it_lacks_is_refused(run, snn):
    for option, said in ((("--supply", "0.2V"), "fails on"), (("--acceleration", "10"), "as fast as its supply")):
        code, out, err = snn("map", run, "--chip", "near-threshold", *option)
        assert (code, out) == (2, "")
        assert said in err

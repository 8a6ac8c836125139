"""`snn map` on chips of spiking cores: a trained spotter, its mapping file, and the file checked."""

import json

import pytest


def test_a_mapping_file_is_written_checked_and_refused_once_it_is_edited(run, tmp_path, snn_json, snn):
    file = tmp_path / "mapping.json"
    report = snn_json("map", run, "--chip", "loihi-sanafe", "--mapping", file)
    assert sum(report["parts_j"].values()) == pytest.approx(report["total_j"], rel=1e-9)
    assert (report["boundary"], report["operations_boundary"]) == ("classifier", "chip")
    assert {"multicast", "unicast", "charged"} <= report["traffic"].keys()
    found = snn_json("map", "--check", file)
    assert found["total_j"] == pytest.approx(report["total_j"], rel=1e-9)
    assert found["cores"] == report["cores_used"]
    table = json.loads(file.read_text())
    table["core_of_neuron"][0] = 128
    file.write_text(json.dumps(table))
    code, out, err = snn("map", "--check", file)
    assert (code, out) == (2, "")
    assert "core_of_neuron[0] must be a whole number" in err


def test_the_same_run_on_davies_figures_and_on_spinnaker(run, snn_json):
    davies, spinnaker = (snn_json("map", run, "--chip", chip) for chip in ("loihi-davies", "spinnaker"))
    assert "messages" in davies["not_modelled"]
    assert "signals of an encoder" in davies["not_modelled"]
    assert "synapses" in spinnaker["not_modelled"]
    assert (davies["operations_boundary"], spinnaker["operations_boundary"]) == ("array", "system")
    assert (davies["area_m2"]["total"], spinnaker["area_m2"]) == (60e-6, {"total": None})
    assert spinnaker["parts_j"]["routers"] == pytest.approx(48 * 0.35 * spinnaker["latency_s"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "map needs a run folder, or --check FILE"),
        (("--check", "absent.json"), "absent.json does not exist"),
        (("RUN", "--check", "m.json"), "leave out a run"),
        (("RUN", "--mapping", "m.json"), "btbt-45rfsoi has no mesh of cores"),
        (("RUN", "--chip", "spinnaker", "--supply", "1V"), "supply = 1: spinnaker is priced as it was measured"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, said, run, snn):
    code, out, err = snn("map", *(run if argument == "RUN" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert said in err

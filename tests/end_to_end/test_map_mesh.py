"""`snn map` on chips of spiking cores: a trained spotter, its mapping file, and the file checked."""

import json

import pytest
import typer

from snn.cli.app import app


def test_a_mapping_file_is_written_checked_and_refused_once_it_is_edited(run, tmp_path, snn_json, snn):
    file = tmp_path / "mapping.json"
    report = snn_json("map", run, "--chip", "loihi-sanafe", "--mapping", file)
    assert sum(report["parts_j"].values()) == pytest.approx(report["total_j"], rel=1e-9)
    assert (report["boundary"], report["operations_boundary"]) == ("classifier", "chip")
    assert {"multicast", "unicast", "charged"} <= report["traffic"].keys()
    found = snn_json("map", "--check", file)
    assert found["compared_with"] == "loihi-sanafe.toml"
    assert found["total_j"] == pytest.approx(report["total_j"], rel=1e-9)
    assert found["cores"] == report["cores_used"]
    table = json.loads(file.read_text())
    table["core_of_neuron"][0] = 128
    file.write_text(json.dumps(table))
    code, out, err = snn("map", "--check", file)
    assert (code, out) == (2, "")
    assert "edited since it was written" in err


def test_the_same_run_on_davies_figures_and_on_spinnaker(run, snn_json):
    davies, spinnaker = (snn_json("map", run, "--chip", chip) for chip in ("loihi-davies", "spinnaker"))
    assert "messages" in davies["not_modelled"]
    assert "signals of an encoder" in davies["not_modelled"]
    assert "synapses" in spinnaker["not_modelled"]
    assert (davies["operations_boundary"], spinnaker["operations_boundary"]) == ("array", "system")
    assert (davies["area_m2"]["total"], spinnaker["area_m2"]) == (60e-6, {"total": None})
    assert spinnaker["parts_j"]["routers"] == pytest.approx(48 * 0.35 * spinnaker["latency_s"])


def _options_of_map() -> list[list[str]]:
    """Every option of the command with a value that it could have, and with its default where it has one."""
    (command,) = (one for name, one in typer.main.get_command(app).commands.items() if name == "map")
    values = {"acceleration": "1", "by": "layer", "temperature": "300K", "supply": "1V"}  # others take any text
    taken = ("check", "chip", "json")  # what a check takes
    options = [one for one in command.params if one.param_type_name == "option" and one.name not in taken]
    given = [[one.opts[0], *([] if one.is_flag else [values.get(one.name, "a.png")])] for one in options]
    return given + [[one.opts[0], one.default] for one in options if isinstance(one.default, str)]


def test_nothing_is_asked_beside_a_check(snn):
    options = _options_of_map()
    assert ["--by", "part"] in options
    assert ["--acceleration", "auto"] in options
    for option in options:
        code, out, err = snn("map", "--check", "m.json", *option)
        assert (code, out) == (2, "")
        assert f"leave out {option[0]}" in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "map needs a run folder, or --check FILE"),
        (("--check", "absent.json"), "absent.json does not exist"),
        (("RUN", "--check", "m.json", "--by", "part"), "leave out a run and --by"),
        (("--check", "m.json", "--chip", "spinaker"), "unknown chip 'spinaker'; did you mean 'spinnaker'?"),
        (("RUN", "--mapping", "m.json"), "btbt-45rfsoi has no mesh of cores"),
        (("RUN", "--chip", "spinnaker", "--supply", "1V"), "supply = 1: spinnaker is priced as it was measured"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, said, run, snn):
    code, out, err = snn("map", *(run if argument == "RUN" else argument for argument in arguments))
    assert (code, out) == (2, "")
    assert said in err

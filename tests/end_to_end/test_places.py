"""Where a command reads and writes: what cannot be a place is refused in one line before the work, nothing is lost."""

import pytest


def one_line(code: int, err: str, expected: int, *fragments: str) -> None:
    """The command ended with the code, and its last line of standard error says all the fragments."""
    line = err.strip().splitlines()[-1]
    assert code == expected, err
    assert "fault of TunnelSpike" not in err
    for fragment in fragments:
        assert fragment in line


@pytest.mark.parametrize("name", ["model.safetensors", "config.toml", "history.csv"])
@pytest.mark.parametrize("option", ["--csv", "link"])
def test_a_file_of_a_run_is_no_place_for_another(run, snn, tmp_path, name, option):
    (tmp_path / "link").symlink_to(run / name)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    path = tmp_path / "link" if option == "link" else run / name
    code, out, err = snn("map", run, "--csv", path)
    one_line(code, err, 2, f"{path} is a file of the run", "give another place")
    assert out == ""
    assert before == {path.name: path.read_bytes() for path in run.iterdir()}
    assert snn("map", run, "--csv", run / "ledger.csv")[0] == 0


@pytest.mark.parametrize("below", [".", "low", "runs/new"])
def test_a_run_inside_its_own_data_is_refused(words, recipe, snn, below):
    before = sorted(words.rglob("*"))
    code, _, err = snn("train", recipe, "--data", words, "--out", words / below)
    one_line(code, err, 2, "lies in the data", "count as recordings", "elsewhere")
    assert before == sorted(words.rglob("*"))


@pytest.mark.parametrize("rate", ["1e3", "1e20", "1e30"])
def test_a_training_that_diverges_is_the_users_to_mend(tmp_path, words, recipe, snn, rate):
    code, _, err = snn("train", recipe, "--data", words, "--out", tmp_path / "run", "--set", f"learning_rate={rate}")
    if code or rate == "1e20":
        one_line(code, err, 2, "learning rate", "lower it, for example --set learning_rate=")


def test_a_demo_that_cannot_be_is_refused_before_it_synthesises(tmp_path, snn, monkeypatch):
    monkeypatch.setattr("snn.cli.demo.prepare", lambda *_, **__: pytest.fail("it synthesises"))
    code, _, err = snn("demo", "--seed", "-1", "--out", tmp_path / "d")
    one_line(code, err, 2, "seed")


@pytest.mark.parametrize("command", [("data", "prepare", "fsdd"), ("data", "check", "~nobody-of-this-name/x")])
def test_a_home_that_nobody_has_is_the_users_to_mend(snn, monkeypatch, command):
    monkeypatch.setenv("SNN_DATA", "~nobody-of-this-name/x")
    code, _, err = snn(*command)
    one_line(code, err, 2, "~nobody-of-this-name/x")


def test_without_a_home_the_folder_of_data_is_asked_for(snn, monkeypatch):
    def homeless(name):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("SNN_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", homeless)
    code, _, err = snn("data", "prepare", "fsdd")
    one_line(code, err, 2, "set SNN_DATA to a folder")

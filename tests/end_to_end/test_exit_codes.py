"""Whose fault a failure is, and that work which is done is told as done."""

import errno
import json
import os
import subprocess
import sys

import pytest
import typer

from circuits.errors import InputError, WorkError
from snn.cli import terminal as terminal_module
from snn.cli.exit_code import exit_code
from snn.cli.terminal import Terminal

SNN = [sys.executable, "-c", "from snn.cli.app import main; main()"]
REPORT = "this is a fault of TunnelSpike"
# A command of the same kind that starts at once: `main` is `run_app` on the commands of snn.
LIGHT = [sys.executable, "-c", """
import typer
from circuits.errors import InputError
from snn.cli.exit_code import run_app
from snn.cli.terminal import Terminal
app = typer.Typer()
@app.command()
def neuron(device: str = "some", json: bool = False):
    with Terminal(json) as terminal:
        if device == "none":
            raise InputError("no device none")
        terminal.result({"device": device})
run_app(app)
"""]  # fmt: skip


def ends(error, capsys):
    """Exit code and last line of a command that raises."""
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    capsys.readouterr()
    return exit_code(app, []), capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    "error",
    [ValueError("max() of nothing"), KeyError("x"), TypeError("no"), AttributeError("no"), RuntimeError("shapes"),
     IndexError("no"), ZeroDivisionError("no"), AssertionError(), StopIteration(), RecursionError("deep"),
     ImportError("no name x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_fault_of_ours_is_exit_1_and_says_so_with_where_to_report_it(capsys, error):
    code, line = ends(error, capsys)
    assert code == 1
    assert REPORT in line
    assert type(error).__name__ in line
    assert "report it" in line
    assert "SNN_DEBUG=1" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "error", [InputError("c_mem = 3"), PermissionError(13, "Permission denied", "runs"), FileNotFoundError("no file x")]
)
def test_the_users_mistake_is_exit_2_and_no_fault_of_ours(capsys, error):
    code, line = ends(error, capsys)
    assert code == 2
    assert REPORT not in line


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device", "runs/x"), MemoryError("4 GiB"), WorkError("ngspice failed"),
     RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")],
)  # fmt: skip
def test_what_the_machine_or_another_program_does_is_exit_1_without_a_call_to_report(capsys, error):
    code, line = ends(error, capsys)
    assert code == 1
    assert REPORT not in line


def test_the_project_url_is_where_to_report_it_if_there_is_one(capsys, monkeypatch):
    from email.message import Message

    about = Message()
    for name, value in (("Version", "9.9"), ("Project-URL", "Home, https://a.example"),
                        ("Project-URL", "Issues, https://a.example/issues")):  # fmt: skip
        about[name] = value
    monkeypatch.setattr("snn.cli.exit_code.metadata", lambda name: about)
    assert "report it at https://a.example/issues," in ends(KeyError("x"), capsys)[1]


def shown(value, as_json=False, **environment):
    """A fresh process that shows a result; the environment says how its standard output is encoded."""
    code = f"from snn.cli.terminal import Terminal\nwith Terminal({as_json}) as t: t.result({value!r})"
    return subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_character_that_the_terminal_cannot_print_is_shown_as_its_code(encoding, as_json):
    done = shown({"label": "\u732b", "accuracy": 0.5}, as_json, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"\\u732b" in done.stdout
    assert b"0.5" in done.stdout
    assert as_json or b"PYTHONIOENCODING" in done.stderr


def test_a_file_name_that_is_no_text_is_shown():
    """An undecodable byte of a file name becomes a lone surrogate, which UTF-8 cannot print."""
    done = shown({"file": "a\udcffb", "n": 3}, PYTHONIOENCODING="utf-8:strict")
    assert done.returncode == 0, done.stderr
    assert b"a\\xffb" in done.stdout


EVIL = "a\x1b]0;x\x07\x1b[31m\u202eb[/x]"
HARMLESS = r"a\x1b]0;x\x07\x1b[31m\u202eb[/x]"


def test_no_text_of_a_file_commands_the_terminal(capsys):
    """Escape sequences, directions of writing and markup, in a label, a name, a title, a note and an error."""
    result = {"word": EVIL, EVIL: {"n": 1}, "n_clips": {EVIL: 2}, "rows": [{EVIL: EVIL, "b": 1}], "lines": [EVIL]}
    with Terminal(False) as terminal:
        terminal.result(result)
        terminal.note(EVIL)
    app = typer.Typer()

    @app.command()
    def fails():
        raise InputError(f"no word {EVIL}")

    assert exit_code(app, []) == 2
    assert str(InputError(EVIL)) == HARMLESS
    out, err = capsys.readouterr()
    assert out.count(HARMLESS) >= 5
    assert err == f"{HARMLESS}\nsnn: no word {HARMLESS}\n"
    assert not set(out + err) & set("\x1b\x07\u202e")
    with Terminal(True) as terminal:
        terminal.result(result)
    assert json.loads(capsys.readouterr().out) == result


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_what_a_library_prints_is_no_part_of_the_result(flags):
    code = """
import ctypes, os, typer
from snn.cli.exit_code import run_app
from snn.cli.terminal import Terminal
app = typer.Typer()
@app.command()
def work(json: bool = False):
    ctypes.CDLL(None).puts(b"noise of C, kept back until the end")
    os.write(1, b"noise of a library")
    with Terminal(json) as terminal: terminal.result({"a": 1})
run_app(app)
"""
    done = subprocess.run([sys.executable, "-c", code, *flags], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.strip() == (b'{"a": 1}' if flags else b"a  1")
    assert done.stderr.count(b"noise") == 2


@pytest.mark.parametrize("command", [(*SNN, "neuron"), (*LIGHT, "--json")], ids=["snn", "json"])
def test_closed_standard_output_is_a_note_after_the_work(command):
    done = subprocess.run(["bash", "-c", '"$@" >&-', "snn", *command], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.strip() == terminal_module.NOT_SHOWN


def test_closed_standard_error_changes_nothing(tmp_path):
    for arguments, code in ((("--json",), 0), (("--device", "none"), 2)):
        command = ["bash", "-c", '"$@" 2>&-', "snn", *LIGHT, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == code
        assert code or json.loads(done.stdout)["device"]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_who_left_is_no_failure(flags):
    command = ["bash", "-o", "pipefail", "-c", '"$@" | true', "snn", *LIGHT, *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_of_the_progress_who_left_does_not_end_the_work(tmp_path, words, recipe):
    command = ["bash", "-c", '"$@" 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}', "snn", *SNN,
               "train", recipe, "--data", words, "--out", tmp_path / "run"]  # fmt: skip
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_result_that_goes_to_a_full_disk_is_a_failure():
    """Whoever sends it to a file wants it there."""
    done = subprocess.run(["bash", "-c", '"$@" >/dev/full', "snn", *LIGHT], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "snn: cannot write the result: No space left on device"


def test_what_cannot_be_stored_in_a_read_only_run_is_a_note(tmp_path, words, recipe, snn, snn_json):
    run = tmp_path / "run"
    snn_json("train", recipe, "--data", words, "--out", run)
    (run / "activity.safetensors").unlink()
    (run / "activity.safetensors").mkdir()  # no file can take its place
    code, out, err = snn("evaluate", run, "--json")
    assert code == 0
    assert 0 <= json.loads(out)["accuracy"] <= 1
    assert "activity.safetensors" in err
    assert "the result is complete without it" in err


@pytest.mark.parametrize("arguments", [("neuron",), ("neuron", "--compare"), ("core",)])
def test_without_a_picture_that_was_asked_for_the_result_is_shown_and_the_command_fails(tmp_path, snn, arguments):
    (tmp_path / "taken").write_text("a file")
    code, out, err = snn(*arguments, "--plot", tmp_path / "taken" / "p.png", "--json")
    assert code == 2
    assert json.loads(out)["device"]
    assert "taken is a file" in err


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 1), (errno.EACCES, 2)])
def test_each_file_that_was_asked_for_is_tried_and_told_and_the_last_failure_ends_the_command(capsys, number, code):
    app, done = typer.Typer(), []

    def fail(name, number):
        raise OSError(number, os.strerror(number), name)

    @app.command()
    def work() -> None:
        with Terminal(True) as terminal:
            terminal.result({"a": 1})
            terminal.asked(lambda: fail("first", errno.EIO))
            terminal.asked(lambda: fail("second", number))
            terminal.asked(lambda: done.append("third"))

    assert exit_code(app, []) == code
    out, err = capsys.readouterr()
    assert (json.loads(out), done) == ({"a": 1}, ["third"])
    assert err.startswith("first: ")
    assert "snn: second: " in err


def test_the_table_and_the_energies_of_a_map_are_tried_each(run, tmp_path, snn):
    (tmp_path / "taken").write_text("a file")
    out = ("--out", tmp_path / "taken", "--csv", tmp_path / "taken" / "x.csv", "--plot", tmp_path / "p.png")
    code, said, err = snn("map", run, *out, "--json")
    assert code == 2
    assert json.loads(said)["chip"]
    assert err.count("taken is a file") == 2
    assert (tmp_path / "p.png").exists()


def test_a_picture_of_an_unknown_kind_is_refused_before_the_work(tmp_path, snn):
    code, out, _ = snn("neuron", "--plot", tmp_path / "p.xyz", "--json")
    assert (code, out) == (2, "")


def test_a_note_is_dropped_where_standard_error_takes_none(monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stderr", Full())
    Terminal(False).note("a line")


def test_a_fault_of_ours_names_the_file_that_was_read(capsys):
    error = KeyError("x")
    error.add_note("while reading run/model.safetensors")
    code, line = ends(error, capsys)
    assert (code, REPORT in line) == (1, True)
    assert line.endswith("KeyError: 'x', while reading run/model.safetensors")


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [(errno.EACCES, 2, "ask its owner"), (errno.EROFS, 2, "name another place"), (errno.ENOSPC, 1, "make room there")],
)
def test_the_cause_decides_on_remedy_and_exit_code(capsys, number, code, remedy):
    found, line = ends(OSError(number, os.strerror(number), "runs/x"), capsys)
    assert found == code
    assert line.startswith(f"snn: runs/x: {os.strerror(number)}; {remedy}")

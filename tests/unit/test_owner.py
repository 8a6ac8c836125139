"""A process is called dead only where its number counts, or where its machine was restarted; else nobody here knows."""

import os
from dataclasses import replace

import pytest

from circuits.processes import leftovers, owner, process_here

VERDICTS = [
    ({}, False),
    ({"began": "before"}, True),  # another process has its number by now
    ({"boot": "before"}, True),
    ({"boot": "before", "namespace": "another"}, True),  # nothing outlives a restart
    ({"namespace": "another"}, None),
    ({"namespace": "another", "began": "before"}, None),
    ({"host": "another", "boot": "before"}, None),
    ({"machine": "another", "boot": "before", "began": "before"}, None),  # a namesake
]


@pytest.fixture
def me(monkeypatch):
    """This process, on a machine that tells everything, whichever it is."""
    told = {"/etc/machine-id": "0" * 32, "/proc/sys/kernel/random/boot_id": "this start"}
    monkeypatch.setattr(owner, "_line", told.get)
    monkeypatch.setattr(owner, "_namespace", lambda: "pid:[1]")
    monkeypatch.setattr(owner, "began", {os.getpid(): "now"}.get)
    return process_here(os.getpid())


@pytest.mark.parametrize(("changes", "has_ended"), VERDICTS)
def test_locks_and_names_of_files_lead_to_the_same_verdict(me, changes, has_ended):
    other = replace(me, **changes)
    assert other.has_ended() is has_ended
    assert leftovers._short(other).has_ended(leftovers._short) is has_ended


@pytest.mark.parametrize("machine", [None, "", "uninitialized"])
def test_without_the_number_of_a_machine_another_start_may_be_that_of_a_namesake(me, monkeypatch, machine):
    told = {"/etc/machine-id": machine, "/proc/sys/kernel/random/boot_id": "this start"}
    monkeypatch.setattr(owner, "_line", told.get)
    noted = process_here(os.getpid())
    assert noted.has_ended() is False
    told["/proc/sys/kernel/random/boot_id"] = "another start"
    assert noted.has_ended() is None


def test_a_system_that_tells_nothing_knows_nobody(me, monkeypatch):
    monkeypatch.setattr(owner, "began", lambda pid: None)
    assert me.has_ended() is None
    assert process_here(os.getpid()).has_ended() is None


@pytest.mark.parametrize(("refusal", "has_ended"), [(PermissionError, None), (ProcessLookupError, True)])
def test_another_users_process_that_the_system_hides_is_not_called_dead(me, monkeypatch, refusal, has_ended):
    def kill(pid, signal):
        raise refusal

    monkeypatch.setattr(os, "kill", kill)
    assert replace(me, pid=2**22 + 1).has_ended() is has_ended

"""Data sets arrive whole and proven, or not at all, over connections that break, change and lie."""

import errno
from collections.abc import Iterator
from typing import ClassVar
from urllib.error import URLError

import pytest

from circuits.errors import InputError
from snn.data.sets.download import prepare, tree_sha256
from snn.data.sets.location import find_below
from tests.end_to_end.tiny_set import ARCHIVE, NAME, Server, is_tiny, left_over, served, use


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"requests": []})
    with served(handler) as url:
        use(monkeypatch, url)
        yield handler


def test_a_data_set_is_fetched_once(server, tmp_path):
    stages = []
    folder = prepare(NAME, tmp_path / "new", on_progress=lambda stage, done, total: stages.append((stage, done, total)))
    assert folder == tmp_path / "new" / NAME
    assert is_tiny(folder)
    assert left_over(folder.parent) == set()
    assert {stage for stage, _, _ in stages} == {"download", "verify", "unpack"}
    assert ("download", len(ARCHIVE), len(ARCHIVE)) in stages
    assert prepare(NAME, tmp_path / "new") == folder
    assert server.requests == [None]


def test_a_broken_connection_is_resumed_where_it_ended(server, tmp_path):
    server.cut = 10_000
    with pytest.raises(OSError, match=r"the connection ended after 10000 of .* try again to resume"):
        prepare(NAME, tmp_path)
    assert not (tmp_path / NAME).exists()
    server.cut = None
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == [None, "bytes=10000-"]
    assert left_over(tmp_path) == set()


@pytest.mark.parametrize("change", [{"ranges": False}, {"etag": '"v2"'}, {"skew": 1}])
def test_without_ranges_or_with_a_new_version_the_download_starts_again(server, tmp_path, change):
    server.cut = 10_000
    with pytest.raises(OSError, match="the connection ended"):
        prepare(NAME, tmp_path)
    (tmp_path / "tiny.tar.gz.part").write_bytes(b"x" * 10_000)  # would spoil the hash if it were kept
    server.cut = None
    for key, value in change.items():
        setattr(server, key, value)
    assert is_tiny(prepare(NAME, tmp_path))


def test_a_complete_download_is_not_asked_for_again(server, tmp_path):
    (tmp_path / "tiny.tar.gz.part").write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == []


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path):
    part = tmp_path / "tiny.tar.gz.part"
    part.write_bytes(ARCHIVE + b"more")
    part.with_name(part.name + ".json").write_text('{"if_range": "\\"v1\\""}')
    assert is_tiny(prepare(NAME, tmp_path))
    assert server.requests == [f"bytes={len(ARCHIVE) + 4}-", None]


def test_wrong_bytes_are_moved_aside_and_never_unpacked(server, tmp_path):
    server.body = ARCHIVE[:-1] + b"x"
    with pytest.raises(InputError, match=r"is not tiny \(its SHA-256 differs\); moved to .*corrupt"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == {"tiny.tar.gz.corrupt"}
    assert not (tmp_path / NAME).exists()
    server.body = ARCHIVE
    assert is_tiny(prepare(NAME, tmp_path))


def test_a_server_that_sends_without_end_is_cut_off(server, tmp_path):
    server.body = bytes(5_000_000)
    with pytest.raises(ValueError, match="sends more than"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == set()


def test_without_a_network_the_message_names_the_file_and_its_place(tmp_path, monkeypatch):
    manifest = use(monkeypatch)

    def no_network(request: object) -> object:
        raise URLError("no route to host")

    with pytest.raises(OSError, match="no route to host") as caught:
        prepare(NAME, tmp_path, opener=no_network)
    by_hand = tmp_path / "tiny.tar.gz"
    assert manifest.url in str(caught.value)
    assert f"put that file at {by_hand} and run snn data prepare tiny again" in str(caught.value)
    by_hand.write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path, opener=no_network))
    assert by_hand.read_bytes() == ARCHIVE


def test_what_was_put_there_by_hand_is_never_written_over(tmp_path, monkeypatch):
    """One wrong archive after the other is set aside, beside a folder of that name."""
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz.corrupt").mkdir()
    for wrong in (b"one", b"two"):
        (tmp_path / "tiny.tar.gz").write_bytes(wrong)
        with pytest.raises(InputError, match=r"moved to .*corrupt-"):
            prepare(NAME, tmp_path)
    assert [(tmp_path / f"tiny.tar.gz.corrupt-{k}").read_bytes() for k in (2, 3)] == [b"one", b"two"]


def test_a_download_that_ends_early_is_resumed_also_where_its_length_was_not_said(tmp_path, monkeypatch):
    class Silent(Server):
        requests: ClassVar[list] = []

        def send_header(self, keyword: str, value: str) -> None:
            if keyword != "Content-Length":
                super().send_header(keyword, value)

    Silent.cut = 20_000
    with served(Silent) as url:
        use(monkeypatch, url)
        with pytest.raises(OSError, match=rf"the connection ended after 20000 of {len(ARCHIVE)} bytes"):
            prepare(NAME, tmp_path)
        Silent.cut = None
        assert is_tiny(prepare(NAME, tmp_path))
    assert Silent.requests == [None, "bytes=20000-"]


def test_a_folder_in_the_place_of_a_download_is_named(tmp_path, monkeypatch):
    (tmp_path / "tiny.tar.gz.part").mkdir()
    with served(Server) as url:
        use(monkeypatch, url)
        with pytest.raises(IsADirectoryError, match=r"tiny\.tar\.gz\.part"):
            prepare(NAME, tmp_path)


def test_recordings_are_proven_where_the_archive_has_no_hash(tmp_path, monkeypatch):
    use(monkeypatch, sha256="", tree_sha256="0" * 64)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    with pytest.raises(InputError, match="the recordings in it differ"):
        prepare(NAME, tmp_path)
    assert left_over(tmp_path) == {"tiny.tar.gz.corrupt"}
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    proof = tree_sha256(prepare(NAME, tmp_path))
    use(monkeypatch, sha256="", tree_sha256=proof)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "tiny.tar.gz").write_bytes(ARCHIVE)
    assert is_tiny(prepare(NAME, tmp_path / "again"))


@pytest.mark.parametrize(
    ("failure", "said"),
    [(KeyboardInterrupt(), ""), (OSError(errno.ENOSPC, "No space left on device"), "no space left at {}: free some"),
     (OSError(errno.EFBIG, "File too large"), "a file at {} would be too long; raise the limit")],
)  # fmt: skip
def test_an_interruption_while_unpacking_leaves_nothing_half_done(tmp_path, monkeypatch, failure, said):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "unpack" and done > 20_000:
            raise failure

    with pytest.raises(type(failure)) as caught:
        prepare(NAME, tmp_path, on_progress=interrupt)
    assert said.format(tmp_path) in str(caught.value)
    assert left_over(tmp_path) == {"tiny.tar.gz"}
    assert not (tmp_path / NAME).exists()
    assert is_tiny(prepare(NAME, tmp_path))


def test_a_set_with_a_file_missing_is_not_published(tmp_path, monkeypatch):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)

    def remove(stage: str, done: int, total: int) -> None:
        if stage == "unpack" and done > 60_000:
            next(tmp_path.glob(".tiny.*/recordings/0_*")).unlink()

    with pytest.raises(OSError, match=r"holds \d+ of the 16 files that were written"):
        prepare(NAME, tmp_path, on_progress=remove)
    assert left_over(tmp_path) == {"tiny.tar.gz"}
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("proof", [{}, {"sha256": "", "tree_sha256": "0" * 64}])
def test_an_archive_that_is_still_being_copied_is_not_called_corrupt(tmp_path, monkeypatch, proof):
    use(monkeypatch, **proof)
    archive = tmp_path / "tiny.tar.gz"
    archive.write_bytes(ARCHIVE if proof else b"half")

    def copy_on(stage: str, done: int, total: int) -> None:
        archive.write_bytes(ARCHIVE)

    with pytest.raises(InputError, match="changed while it was read: wait until it is written"):
        prepare(NAME, tmp_path, on_progress=copy_on)
    assert left_over(tmp_path) == {"tiny.tar.gz"}


@pytest.mark.parametrize(
    ("there", "named"), [([], ""), ([".DS_Store"], "'.DS_Store'"), (["a/b/.x.wav", "c.txt"], "'a'")]
)
def test_a_folder_without_a_recording_is_no_data_set(tmp_path, monkeypatch, there, named):
    """An empty one is filled, another is refused before anything is fetched, and kept."""
    manifest = use(monkeypatch)
    (tmp_path / NAME).mkdir()
    for name in there:
        (tmp_path / NAME / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / NAME / name).touch()
    assert find_below(tmp_path, manifest) is None
    if named:
        with pytest.raises(InputError, match=f"holds {named}.* and no recordings; move that away"):
            prepare(NAME, tmp_path)
        assert all((tmp_path / NAME / name).exists() for name in there)
    else:
        (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
        assert is_tiny(prepare(NAME, tmp_path))


def test_a_file_in_the_place_of_a_data_set_is_named_and_kept(tmp_path, monkeypatch):
    use(monkeypatch)
    (tmp_path / NAME).write_text("mine")
    with pytest.raises(InputError, match="tiny is a file; move it away"):
        prepare(NAME, tmp_path)
    assert (tmp_path / NAME).read_text() == "mine"


def test_a_part_of_a_data_set_that_is_there_is_told(tmp_path, monkeypatch):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    notes = []
    folder = prepare(NAME, tmp_path)
    assert prepare(NAME, tmp_path, on_note=notes.append) == folder
    assert notes == []
    next(folder.rglob("*.wav")).unlink()
    assert prepare(NAME, tmp_path, on_note=notes.append) == folder
    assert notes == [f"{folder} holds 15 of 16 recordings; move it away and prepare again to have them all"]

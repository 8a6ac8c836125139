"""Files are written whole or not at all, and a file in the place of a folder is named."""

import pytest

from circuits.storage import write_json, write_text


@pytest.mark.parametrize("below", ["a.txt", "sub/a.txt", "sub/deeper/a.txt"])
def test_a_file_in_the_place_of_a_folder_is_named_and_kept(tmp_path, below):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(NotADirectoryError) as refusal:
        write_text(tmp_path / "notes" / below, "x")
    assert str(refusal.value) == f"{tmp_path / 'notes'} is a file; give a folder"
    assert (tmp_path / "notes").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_folders_are_made_and_the_old_file_is_replaced(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    for text in ("old", "nœw"):
        write_text(path, text)
    assert path.read_text(encoding="utf-8") == "nœw"
    assert [file.name for file in path.parent.iterdir()] == ["c.txt"]


def test_a_value_that_json_cannot_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"x": float("nan")})
    assert path.read_text() == '{\n  "x": 1\n}\n'
    assert len(list(tmp_path.iterdir())) == 1

"""Manifests are complete, consistent with the code, and refuse what they do not know."""

import re
from pathlib import Path

import pytest

from snn.data.sets.manifest import find_manifest, load_manifests, read_manifest

REPOSITORY = Path(__file__).parents[2]


def test_every_data_set_has_a_manifest_and_a_card_with_its_licence():
    manifests = load_manifests()
    assert set(manifests) == {"fsdd", "speech-commands-v0.01", "speech-commands-v0.02", "embedded"}
    for name, manifest in manifests.items():
        card = (REPOSITORY / "datasets" / name / "README.md").read_text(encoding="utf-8")
        assert manifest.name == name
        assert f"snn data prepare {name}" in card
        assert manifest.licence.split(";")[0].split()[0] in card


def test_the_embedded_manifest_lists_the_words_the_synthesiser_speaks():
    synthesis = pytest.importorskip("snn.data.synthesis.embedded", exc_type=ImportError)
    manifest = find_manifest("embedded")
    assert set(manifest.labels) == set(synthesis.WORDS)
    assert manifest.n_speakers == len(synthesis.voices(0))


def test_speech_commands_versions_differ_by_the_five_words_of_2018():
    old, new = (set(find_manifest(f"speech-commands-v0.0{k}").labels) for k in (1, 2))
    assert len(old) == 30
    assert new - old == {"backward", "follow", "forward", "learn", "visual"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('licence = "', 'license = "', "manifest.toml; did you mean 'licence'?"),
        ("layout = ", "# ", "key 'layout' is missing"),
        ('archive = "zip"', 'archive = "rar"', "archive is 'rar'"),
        ('layout = "fsdd"', 'layout = "flat"', "layout is 'flat'"),
        ("n_clips = 3000", 'n_clips = "many"', "n_clips is 'many'; want a int"),
        ("tree_sha256 = ", "# ", "sha256 is ''"),
        ('tree_sha256 = "04', 'tree_sha256 = "xy', "want 64 hexadecimal digits"),
        ("max_bytes = ", "# ", "max_bytes is 0"),
        ('url = "https', 'url = "file', "want an http or https address"),
        ('name = "fsdd"', 'name = "../fsdd"', "name is '../fsdd'"),
        ("labels = [", "labels = [[], ", "labels holds []; want texts"),
        ("labels = [", "labels = [1, ", "labels holds 1; want texts"),
        ("labels = [", 'labels = ["", ', "labels is ('', 'zero'"),
        ("n_clips = 3000", "n_clips = -1", "n_clips is -1; want 0 to"),
        ("n_speakers = 6", "n_speakers = 9223372036854775808", "n_speakers is 9223372036854775808"),
        ("max_bytes = 1", "max_bytes = -1", "max_bytes is -1"),
        ("sample_rate_hz = 8000", "sample_rate_hz = 0", "sample_rate_hz is 0; want 1000 to 768000"),
        ('keep = "free', 'keep = "../free', "want a folder inside the archive"),
        ('keep = "free', 'keep = "/free', "want a folder inside the archive"),
        ('keep = "free', 'keep = "C:/free', "want a folder inside the archive"),
        ('name = "fsdd"', "name = ", "is not a TOML file"),
    ],
)
def test_a_wrong_manifest_is_refused_with_the_key(tmp_path, before, after, message):
    text = (REPOSITORY / "datasets" / "fsdd" / "manifest.toml").read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "manifest.toml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)) as refusal:
        read_manifest(path)
    assert str(path) in str(refusal.value)


def test_an_unknown_name_is_answered_with_the_nearest_and_all_known():
    said = r"no data set 'fsd'; did you mean 'fsdd'\?; known: embedded, fsdd.*snn data list"
    with pytest.raises(ValueError, match=said):
        find_manifest("fsd")

"""A scan names every bad file and counts the good ones."""

import numpy as np
import pytest
import soundfile

from snn.data.corpora.check import scan


def test_every_bad_file_is_named_and_the_rest_is_counted(tmp_path):
    for word, rate in (("yes", 16_000), ("no", 8_000)):
        (tmp_path / word).mkdir()
        for k in range(3):
            soundfile.write(tmp_path / word / f"{k}.wav", np.zeros(rate // 2), rate)
    (tmp_path / "yes" / "text.wav").write_text("not a sound")
    (tmp_path / "no" / "empty.flac").touch()
    (tmp_path / "no" / "song.mp3").write_bytes(b"ID3")
    (tmp_path / "no" / "._0.wav").write_bytes(b"resource fork")
    (tmp_path / "README.md").write_text("notes")
    seen = []
    report = scan(tmp_path, lambda done, total: seen.append((done, total)))
    assert {file.path.name for file in report.bad} == {"text.wav", "empty.flac", "song.mp3"}
    assert all(str(file.path) in str(file.problem) for file in report.bad)
    assert report.n_clips == {"no": 3, "yes": 3}
    assert report.sample_rates == {8_000: 3, 16_000: 3}
    assert report.duration_s == pytest.approx(3.0)
    assert seen == [(k + 1, 9) for k in range(9)]


def test_a_scan_of_nothing_says_so(tmp_path):
    with pytest.raises(ValueError, match="holds no words"):
        scan(tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        scan(tmp_path / "absent")

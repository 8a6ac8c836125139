"""Every kind of recording is read alike; every kind of damage gets one clear line."""

import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from snn.data.recordings.audio_file import AudioFileError, audio_info, check_audio, fit_duration, read_audio, resample

RATE = 16_000
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 4) / RATE)


def write(path: Path, samples: np.ndarray = TONE, rate: int = RATE, subtype: str | None = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("a.wav", "PCM_U8", 2**-7),
        ("a.wav", "PCM_16", 2**-15),
        ("a.wav", "PCM_24", 2**-23),
        ("a.wav", "FLOAT", 1e-7),
        ("a.wav", "DOUBLE", 1e-7),
        ("a.flac", "PCM_16", 2**-15),
    ],
)
def test_samples_agree_to_within_one_quantisation_step(tmp_path, name, subtype, step):
    waveform, rate = read_audio(write(tmp_path / name, subtype=subtype))
    assert (rate, waveform.dtype, waveform.shape) == (RATE, np.float32, TONE.shape)
    np.testing.assert_allclose(waveform, TONE, atol=1.01 * step)


def test_lossy_ogg_keeps_length_and_tone(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.ogg", subtype=None))
    assert waveform.shape == TONE.shape
    assert np.corrcoef(waveform, TONE)[0, 1] > 0.99


def test_stereo_is_averaged(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.wav", np.stack([TONE, 0.25 * TONE], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(waveform, 0.625 * TONE, atol=1e-7)


def test_an_excerpt_is_the_slice_of_the_whole(tmp_path):
    path = write(tmp_path / "a.wav")
    whole, _ = read_audio(path)
    np.testing.assert_array_equal(read_audio(path, 0.05, 0.1)[0], whole[800:2400])
    np.testing.assert_array_equal(read_audio(path, 0.2, 9.0)[0], whole[3200:])
    with pytest.raises(AudioFileError, match=r"lasts 0\.250 s"):
        read_audio(path, 0.25)
    with pytest.raises(ValueError, match="start >= 0"):
        read_audio(path, -1.0)


def test_an_excerpt_of_hours_reads_only_the_excerpt(tmp_path):
    """A sparse file of 3 hours at 44.1 kHz: read whole it would take about 1.9 GB."""
    path = write(tmp_path / "a.wav", TONE, 44_100)
    n_bytes = 3 * 3600 * 44_100 * 2
    head = bytearray(path.read_bytes()[:44])
    head[4:8], head[40:44] = struct.pack("<I", n_bytes + 36), struct.pack("<I", n_bytes)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(44 + n_bytes)
    assert audio_info(path).duration_s == 3 * 3600
    assert read_audio(path, 3600.0, 1.0)[0].shape == (44_100,)


def test_all_zeros_are_valid(tmp_path):
    assert not read_audio(write(tmp_path / "a.wav", np.zeros(100)))[0].any()


def test_float_samples_beyond_full_scale_are_divided_by_their_peak(tmp_path):
    waveform, _ = read_audio(write(tmp_path / "a.wav", 8 * TONE, subtype="FLOAT"))
    np.testing.assert_allclose(waveform, TONE / np.abs(TONE).max(), atol=1e-6)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_recorder_that_streams_may_leave_the_size_open(tmp_path, size):
    data = bytearray(write(tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = struct.pack("<I", size)
    (tmp_path / "a.wav").write_bytes(data)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], TONE, atol=1e-4)


def damaged(folder: Path) -> dict[str, Path]:
    sound = write(folder / "sound.wav").read_bytes()
    flac = write(folder / "sound.flac").read_bytes()
    wrong_rate = bytearray(sound)
    wrong_rate[24:28] = struct.pack("<I", 10)
    bad = {
        "is empty": b"",
        "1000 found": sound[:1044],
        "0 found": sound[:44],
        "ends before its data chunk": sound[:30],
        "damaged or not audio": b"yes no up down, not a sound\n" * 9,
        "damaged": flac[: len(flac) // 2],
        "sample rate of 10 Hz": bytes(wrong_rate),
    }
    paths = {}
    for k, (problem, data) in enumerate(bad.items()):
        paths[problem] = folder / f"{k}{'.flac' if data[:4] == b'fLaC' else '.wav'}"
        paths[problem].write_bytes(data)
    paths["holds no samples"] = write(folder / "none.wav", np.zeros(0))
    for value in (np.nan, np.inf):
        paths[f"has 1 {'NaN'}" if np.isnan(value) else "infinite"] = write(
            folder / f"{value}.wav", np.append(TONE, value), subtype="FLOAT"
        )
    paths["is a folder"] = folder
    paths["does not exist"] = folder / "absent.wav"
    paths["no audio header"] = folder / "sound.raw"
    (folder / "sound.raw").write_bytes(sound[44:])
    return paths


def test_each_damaged_file_gets_one_line_that_names_it_and_the_problem(tmp_path):
    for read in (read_audio, check_audio):
        for problem, path in damaged(tmp_path).items():
            with pytest.raises(AudioFileError) as caught:
                read(path)
            message = str(caught.value)
            assert problem in message
            assert str(path) in message
            assert "\n" not in message


WHOLE = [
    ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "FLOAT"), ("WAV", "ULAW"), ("WAV", "GSM610"), ("WAV", "IMA_ADPCM"),
    ("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("RF64", "DOUBLE"), ("W64", "PCM_16"), ("W64", "MS_ADPCM"),
    ("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("SVX", "PCM_16"), ("AU", "PCM_16"), ("AU", "ULAW"), ("AU", "G721_32"),
    ("NIST", "PCM_16"), ("NIST", "ULAW"), ("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"), ("OGG", "OPUS"),
    ("WAV", "PCM_16", "BIG"), ("AU", "PCM_16", "LITTLE"), ("AIFF", "PCM_16", "LITTLE"),
]  # fmt: skip
SUFFIX = {"WAVEX": ".wav", "NIST": ".sph", "SVX": ".iff", "AIFF": ".aif"}  # where it is not the container's name
NOISE = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)


@pytest.mark.parametrize("form", WHOLE, ids="-".join)
def test_a_recording_that_was_cut_is_refused_in_every_container_that_tells_its_length(tmp_path, form):
    """Whole it is read to its last frame; cut, it is refused by both readers, also where the excerpt is still there."""
    kind, subtype, endian = (*form, "FILE")[:3]
    path = tmp_path / f"a{SUFFIX.get(kind, f'.{kind.lower()}')}"
    soundfile.write(path, NOISE, RATE, format=kind, subtype=subtype, endian=endian)
    whole, _ = read_audio(path)
    assert len(whole) >= len(NOISE)
    assert check_audio(path).duration_s == len(whole) / RATE
    data = path.read_bytes()
    for share in (0.2, 0.75, 0.99):
        path.write_bytes(data[: int(share * len(data))])
        for read in (read_audio, check_audio, lambda p: read_audio(p, 0.0, 0.01), lambda p: check_audio(p, 0.01)):
            with pytest.raises(AudioFileError, match=r"truncated|damaged"):
                read(path)


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "GSM610"), ("AU", "G721_32"), ("W64", "GSM610")])
def test_an_encoding_without_entry_points_is_read_from_its_beginning(tmp_path, kind, subtype):
    speech = np.tile(TONE, 8)
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, speech, RATE, format=kind, subtype=subtype)
    whole, _ = read_audio(path)
    np.testing.assert_array_equal(read_audio(path, 0.5, 0.25)[0], whole[RATE // 2 : 3 * RATE // 4])
    assert np.corrcoef(whole[: len(speech)], speech)[0, 1] > 0.9


def test_lengths_that_a_recorder_left_open_are_no_promise(tmp_path):
    """AU says all ones and W64 the largest number where the length is not known: the rest of the file is sound."""
    for kind, at, size in (("AU", 8, b"\xff" * 4), ("W64", None, b"\xff" * 7 + b"\x7f")):
        path = tmp_path / f"a.{kind.lower()}"
        soundfile.write(path, NOISE, RATE, format=kind, subtype="PCM_16")
        data = bytearray(path.read_bytes())
        at = at or data.index(b"data\xf3\xac\xd3\x11") + 16
        data[at : at + len(size)] = size
        path.write_bytes(data[:-100])
        assert check_audio(path).duration_s == pytest.approx(2.0, abs=0.01)


def test_a_big_endian_recorder_may_leave_the_size_open_too(tmp_path):
    soundfile.write(tmp_path / "a.wav", TONE, RATE, subtype="PCM_16", endian="BIG")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = bytes(4)
    (tmp_path / "a.wav").write_bytes(data)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], TONE, atol=1e-4)


def test_a_stream_of_unknown_length_is_refused_where_its_end_cannot_be_told(tmp_path):
    flac = bytearray(write(tmp_path / "a.flac").read_bytes())
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)  # total samples: unknown
    (tmp_path / "a.flac").write_bytes(flac)
    soundfile.write(tmp_path / "a.mp3", NOISE, RATE)
    soundfile.write(tmp_path / "a.mat", NOISE, RATE, format="MAT5", subtype="PCM_16")
    for name, problem in (("a.flac", "does not tell its length"), ("a.mp3", "no audio header"), ("a.mat", "not audio")):
        for read in (read_audio, check_audio, audio_info):
            with pytest.raises(AudioFileError, match=problem):
                read(tmp_path / name)


def test_what_follows_the_last_page_of_an_ogg_file_does_not_count(tmp_path):
    path = write(tmp_path / "a.ogg", NOISE, subtype=None)
    whole, _ = read_audio(path)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    np.testing.assert_array_equal(read_audio(path)[0], whole)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus"])
def test_a_packed_recording_in_which_a_bit_has_changed_or_a_page_is_lost_is_refused(tmp_path, suffix):
    """Decoders of Ogg pass over a bad page and put other sound in its place."""
    path = tmp_path / f"a.{suffix}"
    kind, subtype = {"opus": ("OGG", "OPUS"), "ogg": ("OGG", "VORBIS"), "flac": ("FLAC", "PCM_16")}[suffix]
    soundfile.write(path, NOISE, RATE, format=kind, subtype=subtype)
    data, rng = path.read_bytes(), np.random.default_rng(2)
    changed = []
    for at in rng.integers(len(data) // 4, 3 * len(data) // 4, 20):
        changed.append(bytearray(data))
        changed[-1][at] ^= 16
    pages = data.split(b"OggS")
    changed += [b"OggS".join(pages[:k] + pages[k + 1 :]) for k in (3, len(pages) - 2)] if suffix != "flac" else []
    for now in changed:
        path.write_bytes(now)
        with pytest.raises(AudioFileError, match=r"damaged|truncated"):
            check_audio(path)


def test_a_name_that_is_not_text_and_a_pipe_are_refused_without_reading(tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/clip\xff.wav")
    Path(name).write_bytes(write(tmp_path / "a.wav").read_bytes())
    with pytest.raises(AudioFileError, match=r"clip\\xff\.wav has a name that is not UTF-8: rename it") as caught:
        read_audio(name)
    assert str(caught.value).isprintable()
    os.mkfifo(tmp_path / "b.wav")
    with pytest.raises(AudioFileError, match="is a pipe"):
        check_audio(tmp_path / "b.wav")


def test_a_tone_keeps_its_frequency_through_resampling():
    """A tone is its own resampled version, away from the ends where the filter sees the edge."""
    for target in (8_000, 22_050, 44_100, 44_099):
        resampled = resample(TONE.astype(np.float32), RATE, target)
        expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(resampled.size) / target)
        assert abs(resampled.size - TONE.size * target / RATE) <= 1
        inner = slice(target // 50, -target // 50)
        np.testing.assert_allclose(resampled[inner], expected[inner], atol=2e-3)


@pytest.mark.parametrize(
    ("rate", "target", "high"), [(44_100, 16_000, 9_000), (48_000, 16_000, 8_100), (16_000, 8_000, 4_400)]
)
def test_what_the_new_rate_cannot_carry_is_90_db_down_and_what_it_can_keeps_its_level_and_place(rate, target, high):
    time = np.arange(rate) / rate
    sounds = {hertz: np.sin(2 * np.pi * hertz * time).astype(np.float32) for hertz in (high, 440, round(0.44 * target))}
    alias, *kept = (resample(sound, rate, target) for sound in sounds.values())
    inner = slice(target // 50, -target // 50)  # away from the ends, where the filter sees the edge
    assert 20 * np.log10(np.std(alias[inner]) / np.sqrt(0.5)) < -90
    for hertz, sound in zip(list(sounds)[1:], kept, strict=True):
        expected = np.sin(2 * np.pi * hertz * np.arange(target) / target)
        assert sound.shape == expected.shape
        assert 20 * np.log10(np.std((sound - expected)[inner]) / np.sqrt(0.5)) < -60


@pytest.mark.parametrize("n", [1, 2, 3, 441, 44_099])
def test_the_length_follows_the_rates(n):
    for rate, target in ((44_100, 16_000), (8_000, 44_099), (768_000, 1_000)):
        assert resample(np.ones(n, np.float32), rate, target).size == int(n * target / rate + 0.5)


def test_equal_rates_change_nothing():
    waveform = TONE.astype(np.float32)
    assert resample(waveform, RATE, RATE) is waveform
    with pytest.raises(ValueError, match="10 Hz is outside"):
        resample(waveform, 10, RATE)


def test_short_waveforms_are_padded_on_both_sides():
    np.testing.assert_array_equal(fit_duration(np.ones(3, np.float32), 6), [0, 1, 1, 1, 0, 0])


def test_long_waveforms_keep_the_window_of_greatest_energy():
    rng = np.random.default_rng(3)
    waveform = (rng.standard_normal(500) * np.hanning(500)).astype(np.float32)
    n = 120
    best = max(range(len(waveform) - n + 1), key=lambda k: np.square(waveform[k : k + n], dtype=np.float64).sum())
    assert 0 < best < len(waveform) - n
    np.testing.assert_array_equal(fit_duration(waveform, n), waveform[best : best + n])
    with pytest.raises(ValueError, match="at least 1"):
        fit_duration(waveform, 0)


CONTENTS = [("WAV", ".wav"), ("AIFF", ".aif"), ("AU", ".au"), ("CAF", ".caf"), ("W64", ".w64"), ("FLAC", ".flac"),
            ("OGG", ".ogg"), ("NIST", ".sph"), ("MP3", ".mp3")]  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind, _ in CONTENTS])
@pytest.mark.parametrize("suffix", [suffix for _, suffix in CONTENTS[:-1]])
def test_a_suffix_is_held_to_what_it_promises(tmp_path, capfd, kind, suffix):
    path = tmp_path / f"a{suffix.upper()}"
    soundfile.write(path, TONE, RATE, format=kind)
    if (kind, suffix) in CONTENTS:
        assert audio_info(path).sample_rate == RATE
        return
    for read in (read_audio, check_audio, audio_info):
        with pytest.raises(AudioFileError, match=rf"not what {suffix} promises: rename|not audio") as caught:
            read(path)
        assert str(path) in str(caught.value)
    assert capfd.readouterr() == ("", "")  # no other decoder saw it


def riff(path: Path, n_bytes: int, n_channels: int = 1, rate: int = RATE, size: int | None = None) -> Path:
    """A sparse WAV file of 16 bits with `n_bytes` of silence."""
    size, frame = n_bytes if size is None else size, 2 * n_channels
    form = struct.pack("<IHHIIHH", 16, 1, n_channels, rate, rate * frame, frame, 16)
    riff_size = size + 36 if size else 0
    path.write_bytes(b"RIFF" + struct.pack("<I", riff_size) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size))
    os.truncate(path, 44 + n_bytes)
    return path


def peak_of(call) -> int:
    """Bytes of arrays and texts that a call holds at most."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_channels_are_mixed_as_they_come(tmp_path):
    path = riff(tmp_path / "a.wav", 2 * 1024 * 20_000, n_channels=1024, rate=768_000)
    assert peak_of(lambda: read_audio(path)) < 40 << 20  # all at once they are 82 MB in single precision
    rng = np.random.default_rng(0)
    frames = rng.uniform(-0.5, 0.5, (5000, 1000))
    soundfile.write(path, frames, RATE, subtype="DOUBLE")
    np.testing.assert_allclose(read_audio(path)[0], frames.mean(1), atol=1e-7)


@pytest.mark.parametrize(
    ("n_bytes", "n_channels", "size", "problem"),
    [
        ((1 << 32) - 2048, 1024, None, "holds 2,097,151 frames of 1024 channel"),
        (5 << 30, 1, 0, "larger than 4 GiB"),
        (200 << 20, 1, None, "holds 104,857,600 frames"),
    ],
)
def test_more_than_one_waveform_may_hold_is_refused_before_it_is_read(tmp_path, n_bytes, n_channels, size, problem):
    path = riff(tmp_path / "a.wav", n_bytes, n_channels, 768_000, size)
    with pytest.raises(AudioFileError, match=problem):
        read_audio(path)


def test_a_size_left_open_is_filled_in_without_a_copy_of_the_file(tmp_path):
    path = riff(tmp_path / "a.wav", 64 << 20, size=0)
    assert peak_of(lambda: read_audio(path, 1000.0, 1.0)) < 16 << 20
    assert audio_info(path).duration_s == (32 << 20) / RATE


def test_silence_that_unpacks_to_far_more_than_its_bytes_is_refused(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 48_000, 8) as file:
        for _ in range(5):
            file.write(np.zeros((1 << 20, 8), np.int16))
    with pytest.raises(AudioFileError, match="5,242,880 frames of 8 channel"):
        check_audio(tmp_path / "a.flac")


def test_a_header_without_end_is_left_early_and_a_chunk_beyond_every_file_is_named(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF\xff\xff\xff\xffWAVE")
    os.truncate(tmp_path / "a.wav", 1 << 32)  # half a billion chunks without a name
    with pytest.raises(AudioFileError, match="more than 4096 chunks"):
        audio_info(tmp_path / "a.wav")
    data = bytearray(write(tmp_path / "a.w64").read_bytes())
    at = data.index(b"fmt ") + 16
    data[at : at + 8] = b"\xf8" * 8
    (tmp_path / "a.w64").write_bytes(data)
    with pytest.raises(AudioFileError, match="ends before its data chunk"):
        audio_info(tmp_path / "a.w64")

"""Speed of the log-mel front end, 1000 clips of a second at 16 kHz: the batch against librosa clip by clip.

    python tests/benchmarks/log_mel.py

Candidates take turns in one process, the figure is a ratio of medians. They must agree before any is timed.
"""

import json
import statistics
import sys
import time

import librosa
import numpy as np
import torch

from snn.audio.features import POWER_FLOOR, LogMel, mel_power
from snn.audio.live_features import push, start_frames

SAMPLE_RATE, ROUNDS, N_CLIPS = 16_000, 5, 1000
TURNS = {"librosa": 1, "batch": 5}  # timed runs in each round: the short one is the more easily disturbed


def librosa_log_mel(clips: np.ndarray, mel: LogMel) -> np.ndarray:
    """`(clip, band, frame)`, one call of librosa for each clip."""
    settings = {
        "sr": mel.sample_rate,
        "n_fft": mel.n_fft,
        "win_length": mel.win_length,
        "hop_length": mel.hop_length,
        "n_mels": mel.n_mels,
        "fmin": mel.f_min,
        "pad_mode": "constant",
    }
    floor = POWER_FLOOR * mel.n_fft
    return np.stack([np.log(librosa.feature.melspectrogram(y=clip, **settings) + floor) for clip in clips])


def batch_log_mel(clips: torch.Tensor, mel: LogMel) -> torch.Tensor:
    """The same numbers, `(clip, frame, band)`."""
    return mel_power(clips, mel).add_(POWER_FLOOR * mel.n_fft).log_()


def stream_s(mel: LogMel) -> float:
    """Median time of one hop through the streaming front end."""
    state, hop, times = start_frames(mel), 0.1 * torch.randn(mel.hop_length), []
    for _ in range(2000):
        started = time.perf_counter()
        _, state = push(state, hop, mel)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure() -> dict[str, float]:
    torch.set_flush_denormal(True)
    mel = LogMel(sample_rate=SAMPLE_RATE)
    clips = 0.1 * torch.randn(N_CLIPS, mel.n_samples, generator=torch.Generator().manual_seed(0))
    apart = np.abs(batch_log_mel(clips, mel).mT.numpy() - librosa_log_mel(clips.numpy(), mel)).max()
    if not apart < 1e-5:
        raise RuntimeError(f"the candidates disagree by {apart}")
    candidates = {
        "librosa": lambda: librosa_log_mel(clips.numpy(), mel),
        "batch": lambda: batch_log_mel(clips, mel),
    }
    times = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, run in candidates.items():
            run()  # steady state: caches and idle threads are this candidate's own
            for _ in range(TURNS[name]):
                started = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - started)
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "logmel_over_librosa": median["librosa"] / median["batch"],
        "logmel_clips_per_s": N_CLIPS / median["batch"],
        "logmel_hop_us": 1e6 * stream_s(LogMel(sample_rate=SAMPLE_RATE, normalise="running")),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")

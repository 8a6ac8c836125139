"""Listen to a recording as it would arrive, 20 ms at a time. Usage: python examples/listen.py RUN RECORDING

RUN was trained with --set features.normalise=running. Prints a word when the votes of the last second, each of weight
one, make it likely.
"""

import sys
from collections import deque
from pathlib import Path

import torch

from snn import AudioStream, load_run
from snn.data.recordings.audio_file import read_audio, resample

run = load_run(sys.argv[1])
ears, heard = AudioStream(run.model), None
waveform, rate = read_audio(Path(sys.argv[2]))
audio = torch.from_numpy(resample(waveform, rate, ears.sample_rate))

state, votes = ears.start(), deque(maxlen=round(1 / ears.dt))
for i, chunk in enumerate(audio.split(ears.sample_rate // 50), 1):
    potential, state = ears.push(chunk, state)
    votes.extend(potential[0].softmax(-1))
    if not votes:
        continue
    score, label = torch.stack(tuple(votes)).sum(0).softmax(0).max(0)
    if score > 0.95 and label != heard:
        heard = label
        print(f"{i / 50:5.2f} s  {run.labels[label]}  {score:.2f}")

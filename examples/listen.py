"""Listen to a recording as it would arrive, 20 ms at a time. Usage: python examples/listen.py RUN RECORDING

RUN was trained with --set features.normalise=running. Prints the word whenever one has most of the last second's votes.
"""

import sys
from collections import deque
from pathlib import Path

import torch

from snn import AudioStream, front_end, load_run
from snn.data.audio_file import read_audio, resample

run = load_run(Path(sys.argv[1]))
mel = front_end(run.recipe, run.sample_rate)
waveform, rate = read_audio(Path(sys.argv[2]))
audio = torch.from_numpy(resample(waveform, rate, mel.sample_rate))

ears, told = AudioStream(run.model, mel), None
state, votes = ears.start(), deque(maxlen=round(1 / run.model.dt))
for i, chunk in enumerate(audio.split(mel.sample_rate // 50), 1):
    potential, state = ears.push(chunk, state)
    votes.extend(potential[:, 0].softmax(-1))
    share, label = torch.stack(tuple(votes)).mean(0).max(0) if votes else (0.0, 0)
    if share > 0.5 and label != told:
        told = label
        print(f"{i / 50:5.2f} s  {run.labels[label]}  {share:.2f} of the votes")

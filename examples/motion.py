"""Recognise gestures of a wrist. Usage: python examples/motion.py FOLDER OUT [RECIPE] [KEY=VALUE ...]

Writes FOLDER/gesture/subject_take.csv, what a three-axis accelerometer would read (m/s2), and trains on it: once as
the subjects' names divide it, once with one subject left out. Any folder like it can be trained on in the same way.
OUT gets the runs; RECIPE is chip-20-36 unless named, KEY=VALUE change its settings: for demo, hop_s=0.02 batch_size=16
suit so few, slow clips.
"""

import sys
from pathlib import Path

import numpy as np

from circuits.storage import write_text
from snn import load_recipe, train

GRAVITY, RATE, SECONDS = 9.81, 100, 2.0  # m/s2, samples/s, s
GESTURES = ("circle", "rest", "shake", "tap")


def accelerations(gesture: str, tempo: float, size: float, rng: np.random.Generator) -> np.ndarray:
    """One take `(time, 3)` by a subject who is `tempo` times as fast and moves `size` times as far as usual."""
    t = np.arange(round(RATE * SECONDS)) / RATE
    phase, moved = rng.uniform(0, 2 * np.pi), np.zeros((len(t), 3))
    turn = 2 * np.pi * tempo * rng.normal(1, 0.05) * {"circle": 1.5, "shake": 5.0}.get(gesture, 1.0)  # rad/s
    if gesture == "circle":  # radius 10 cm: the acceleration of a circle is r w^2, towards its centre
        moved[:, :2] = -0.10 * size * turn**2 * np.stack([np.cos(turn * t + phase), np.sin(turn * t + phase)], 1)
    elif gesture == "shake":  # 1 cm to and fro
        moved[:, 0] = -0.01 * size * turn**2 * np.sin(turn * t + phase)
    elif gesture == "tap":  # two knocks of 15 m/s2, each ringing at 20 Hz for 30 ms
        for start in rng.uniform(0.2, 1.0) + np.array([0.0, 0.35 / tempo]):
            late = np.clip(t - start, 0, None)
            moved[:, 2] += 15 * size * np.exp(-late / 0.03) * np.sin(2 * np.pi * 20 * late)
    tremor = 0.05 * size * np.sin(2 * np.pi * 10 * tempo * t + phase)[:, None]  # of a hand at rest, about 10 Hz
    roll, pitch = rng.normal(0, 0.15, 2)  # rad: how the band sits
    down = GRAVITY * np.array([np.sin(pitch), np.sin(roll) * np.cos(pitch), np.cos(roll) * np.cos(pitch)])
    return moved + tremor + down + 0.03 * rng.standard_normal(moved.shape)  # noise of the sensor


def write_gestures(folder: Path, n_subjects: int = 8, n_takes: int = 6) -> None:
    """Write every subject's takes of every gesture."""
    rng = np.random.default_rng(0)
    for subject in (f"s{k}" for k in range(n_subjects)):
        tempo, size = rng.uniform(0.8, 1.25), rng.uniform(0.7, 1.4)
        for gesture in GESTURES:
            for take in range(n_takes):
                rows = accelerations(gesture, tempo, size, rng)
                lines = [f"{i / RATE:.2f},{x:.4f},{y:.4f},{z:.4f}" for i, (x, y, z) in enumerate(rows)]
                text = "\n".join(["time_s,x (m/s2),y (m/s2),z (m/s2)", *lines, ""])
                write_text(folder / gesture / f"{subject}_{take}.csv", text)


folder, out, *rest = sys.argv[1:]
recipe = rest.pop(0) if rest and "=" not in rest[0] else "chip-20-36"
write_gestures(Path(folder))
for split in ("official", "speaker:s0"):
    settings = [f"data.split={split}", f"duration_s={SECONDS}", *rest]
    metrics = train(load_recipe(recipe, settings), folder, Path(out) / split.replace(":", "-"), overwrite=True)
    print(f"{metrics.split_rule}: accuracy {metrics.test_accuracy:.3f} on {metrics.n_test} clips")

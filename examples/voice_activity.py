"""Tell speech from noise. Usage: python examples/voice_activity.py RECORDINGS OUT [RECIPE] [KEY=VALUE ...]

RECORDINGS is any corpus of speech: its clips are mixed with noise and with the babble of its other speakers, and as
many clips hold noise alone. OUT gets the run; RECIPE is chip-20-36 unless named, KEY=VALUE change its settings.
"""

import sys
from pathlib import Path

from snn import load_recipe, train

data, out, *rest = sys.argv[1:]
recipe = rest.pop(0) if rest and "=" not in rest[0] else "chip-20-36"
metrics = train(load_recipe(recipe, ["data.task=voice", *rest]), data, Path(out), overwrite=True)
print(f"accuracy {metrics.test_accuracy:.3f} on {metrics.n_test} clips")
print(" SNR (dB)   misses   false alarms")
for row in metrics.by_snr:
    print(f"{row.snr_db:9.0f}{row.misses:9.1%}{row.false_alarms:15.1%}")

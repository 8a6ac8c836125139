"""Reservoirs with every speaker left out once. Usage: python examples/reservoir_table.py DATA OUT [ROW]

DATA is a corpus whose speakers are known. OUT gets a run for each row and split; runs that are there already are not
trained again. Each row is one `snn train RECIPE --data DATA --set ...`; the table gives test accuracies on the official
split, and means over the speakers left out. The row of e-prop shows the network that it trains, not of the chip: by
least squares on its spikes, and by its own readout. ROW, a part of a row's name, picks among the rows.
"""

import sys
from pathlib import Path
from statistics import mean

from snn import load_recipe, open_corpus, train

PUBLISHED = [  # constants of the calcium rule as the group of the chip has them, in swings of its 20 mV
    *("learning.mode=calcium", "tau_calcium_s=0.064", "calcium_threshold=10", "margin=2", "p_up=0.1", "p_down=0.1"),
    *("hold=false", "conserve=false", "teacher=500", "w_max=0.4", "n_levels=1601", "tau_readout_s=0.064"),
    *("readout_refractory_s=0.003", "readout_bias=0", "readout_floor=0"),
]
ROWS = {
    "20 + 36, order 0": ("chip-20-36", []),
    "20 + 36, order 1": ("chip-20-36", ["order=1"]),
    "20 + 36, order 2": ("chip-20-36", ["order=2"]),
    "20 + 36, signed": ("chip-20-36", ["inhibitory=0.2", "w_ie=0.3", "w_ii=0.3", "r0=2.15"]),
    "20 + 36, fixed bins": ("chip-20-36", ["bins=fixed", "n_bins=8", "width_s=0.075"]),
    "20 + 36, Lyon's ear": ("chip-20-36", ["bank=lyon"]),
    "20 + 36, mel": ("chip-20-36", ["bank=mel"]),
    "20 + 36, BSA": ("chip-20-36", ["input.kind=bsa"]),
    "20 + 36, send-on-delta": ("chip-20-36", ["input.kind=delta"]),
    "20 + 36, published rule": ("chip-20-36", PUBLISHED),
    "20 + 36, STDP": ("chip-20-36", ["rule=stdp"]),
    "20 + 36, reward": ("chip-20-36", ["rule=reward"]),
    "36 trained by e-prop": ("chip-20-36", ["eprop_epochs=8"]),
    "5x5x5, order 0": ("lsm-5x5x5", ["order=0"]),
    "5x5x5, order 2": ("lsm-5x5x5", ["order=2"]),
}
COLUMNS = {
    "encoder, totals": lambda m: m.baselines["encoder_totals"],
    "encoder, bins": lambda m: m.baselines["encoder_bins"],
    "least squares": lambda m: m.eprop.binned_test_accuracy if m.eprop else m.test_accuracy,
    "online rule": lambda m: (m.eprop or m.online).test_accuracy,
}

data, out, *chosen = sys.argv[1:]
speakers = open_corpus(data).speakers
print("| reservoir | split |", *(f"{name} |" for name in COLUMNS))
print("|---|---|" + "---|" * len(COLUMNS))
for row, (recipe, settings) in ROWS.items():
    if chosen and chosen[0] not in row:
        continue
    runs = {}
    for split in ("official", *(f"speaker:{name}" for name in speakers)):
        folder = Path(out) / row.replace(" ", "") / split.replace(":", "-")
        done = (folder / "metrics.json").is_file()
        settled = load_recipe(recipe, [*settings, f"split={split}"])
        runs[split] = train(settled, data, folder, resume=done, overwrite=not done)
    official = runs.pop("official")
    left_out = {name: [of(run) for run in runs.values()] for name, of in COLUMNS.items()}
    print(f"| {row} | official |", *(f"{of(official):.3f} |" for of in COLUMNS.values()))
    spans = (f"{mean(v):.3f} ({min(v):.2f} to {max(v):.2f}) |" for v in left_out.values())
    print(f"| {row} | one speaker left out |", *spans, flush=True)

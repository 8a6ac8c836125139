"""Recipes that train in a second: a reservoir in the time of its chip, and a conventional network."""

RESERVOIR = """
name = "tiny-chip"
kind = "reservoir"
[ear]
bank = "mel"
n_channels = 6
duration_s = 0.3
[reservoir]
lattice = [2, 2, 3]
[readout]
n_bins = 4
[learning]
epochs = 1
"""
CONVENTIONAL = """
name = "small"
kind = "conventional"
[features]
n_mels = 16
duration_s = 0.3
[network]
channels = [12, 12]
hidden = [8]
[augment]
copies = 0
[training]
epochs = 1
batch_size = 16
"""

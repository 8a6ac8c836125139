"""The chip of 20 + 36 neurons as an experiment: recipe, clips, reservoir, readouts, run folder."""

"""What the joules of a keyword spotter pay for: one word for each boundary, used by chips and literature alike."""

SILICON = ("array", "tile", "chip", "system")  # what the joules of a chip pay for, each wider than the one before
FEATURES, FRONT_END, CLASSIFIER, CHIP, BOARD = "features", "front end", "classifier", "chip", "board"
BOUNDARIES = {
    FEATURES: "from digitised sound to features, no answer",
    FRONT_END: "from the microphone's analog signal to features, no answer",
    CLASSIFIER: "from features or spikes to the answer",
    f"{FEATURES} + {CLASSIFIER}": "from digitised sound to the answer",
    f"{FRONT_END} + {CLASSIFIER}": "from the microphone's analog signal to the answer",
    CHIP: "the whole die: its control, memory, idle power and pins too",
    BOARD: "all that the board draws",
}

"""What the joules of a keyword spotter pay for: one word for each boundary, used by chips and literature alike."""

SILICON = {  # how much of a chip its joules pay for, each wider than the one before
    "array": "what computes: neurons and synapses, or multipliers, without what feeds and controls them",
    "tile": "arrays with their drivers and converters",
    "chip": "with the memory, routes and control that an inference uses",
    "system": "with what stands beside it: DRAM, a digital side, or a whole board",
}
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

"""From recordings to a run folder and its evaluation."""

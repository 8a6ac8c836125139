"""The embedded corpus, spoken by espeak-ng."""

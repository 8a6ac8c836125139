"""The embedded corpus, synthesised by espeak-ng."""

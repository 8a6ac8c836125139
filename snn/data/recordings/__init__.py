"""Sound files: one reader, and noise under speech."""

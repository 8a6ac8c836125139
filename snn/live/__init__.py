"""Audio that arrives in pieces."""

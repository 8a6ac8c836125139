"""A run over many chips, and its sign-off."""

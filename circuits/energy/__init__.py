"""The energy of a core and of learning."""

"""Signals of sensors, from CSV and NPZ."""

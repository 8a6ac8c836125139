"""Altered copies of training clips."""

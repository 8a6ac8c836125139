"""Layers and models: the spotter, the reservoir, and what each is as plain data."""

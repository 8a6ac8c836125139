"""Analog memory that computes: what devices, columns and converters make of weights, inputs and sums."""

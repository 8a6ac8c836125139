"""Neurons: one pure step each, one scan over time, surrogate gradients."""

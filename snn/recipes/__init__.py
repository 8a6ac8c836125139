"""Recipes: one reader, typed sections, the TOML files."""

"""Folders of recordings as labelled clips with splits."""

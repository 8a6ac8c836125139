"""Data sets by name: manifest, download, archive, location."""

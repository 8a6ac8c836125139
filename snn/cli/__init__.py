"""The command line `snn`: one file a group of commands."""

from snn.cli.app import main

__all__ = ["main"]

"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
RunFolder = Annotated[Path, typer.Argument(help="Run folder, the --out of `snn train`.")]

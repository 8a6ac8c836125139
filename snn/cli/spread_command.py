"""`snn spread`, registered in `snn.cli.app`: a run on pieces of silicon that differ and age."""

from pathlib import Path
from typing import Annotated, Any

import typer

from circuits.errors import InputError
from snn.cli.options import Json, RunFolder, place
from snn.cli.outputs import require_outputs
from snn.cli.terminal import Terminal

MOST = 10_000  # chips, as the studies allow


def spread(
    run: RunFolder,
    chips: Annotated[int, typer.Option(min=1, max=MOST, help="How many chips, each with its own mismatch.")] = 10,
    clips: Annotated[int, typer.Option(help="Test clips for each chip, evenly spaced over the split.")] = 100,
    retrain: Annotated[
        int, typer.Option(help="Training clips on which to fit each chip's readout anew; 0: keep the trained one.")
    ] = 0,
    leak: Annotated[
        str,
        typer.Option(
            help="The neurons' leak: body (as of a transistor that is off), or tunnelling (follows the devices)."
        ),
    ] = "body",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the mismatch.")] = 0,
    chip: Annotated[
        str | None,
        typer.Option(
            help="An analog crossbar, chip name or TOML file: any network of steps or values over an hour, a day, a "
            "week, on all test clips, and layer by layer."
        ),
    ] = None,
    mismatch: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Any network of steps or values whose currents deviate: sigma of ln I, 0.1 is 10 %; on all "
            "test clips.",
        ),
    ] = None,
    plot: Annotated[Path | None, place("Folder to draw one picture of each sweep to.")] = None,
    json: Json = False,
) -> None:
    """A reservoir's run on chips that differ: mismatch, -40 to 125 C, supply, ten years; accuracy and energy."""
    with Terminal(json) as terminal:
        from snn.experiments.run_folder import load_run

        if chip is not None or mismatch is not None:
            given = {"clips": clips != 100, "retrain": retrain != 0, "leak": leak != "body", "seed": seed != 0}
            _require_none(given | {"plot": plot is not None}, "--mismatch" if chip is None else f"--chip {chip}")
            if None not in (chip, mismatch):
                raise InputError(f"--mismatch is of currents, --chip {chip} of its own devices: give one of them")
            over = _under_mismatch(terminal, run, mismatch, chips) if chip is None else None
            terminal.result(over or _over_age(terminal, run, chip, chips))
            return
        from snn.report.spread_report import plot_spread, spread_report
        from snn.studies.spread import StudyConfig, study_run

        loaded = load_run(run)
        require_outputs(plot and plot / "spread_mismatch.png")
        config = StudyConfig(n_chips=chips, n_clips=clips, n_train=retrain, seed=seed, leak=leak)
        study = study_run(loaded, config, reporter=terminal.reporter)
        drawn = terminal.asked(lambda: plot_spread(study, plot)) if plot else None
        terminal.result(spread_report(study) | ({"pictures": list(map(str, drawn))} if drawn else {}))


def _require_none(given: dict[str, bool], other: str) -> None:
    """Raises: InputError for an option of reservoirs alone."""
    if named := [name for name, is_given in given.items() if is_given]:
        raise InputError(f"--{named[0]} is of reservoirs as the BTBT chip has them, {other} is not: leave one out")


def _over_age(terminal: Terminal, run: Path, chip: str, n_pieces: int) -> dict[str, Any]:
    """What `snn spread --chip` prints."""
    from circuits.chips import load_chip
    from snn.experiments.evaluate import clips_to_test
    from snn.experiments.run_folder import load_run
    from snn.studies.analog_spread import analog_spread, require_crossbar
    from snn.studies.evaluate_on_silicon import Pieces

    technology, pieces = require_crossbar(load_chip(chip)), Pieces(n_pieces)
    loaded = load_run(run)
    examples = clips_to_test(loaded, None, None, terminal.reporter)
    return analog_spread(loaded, technology, examples, pieces, terminal.reporter).as_dict()


def _under_mismatch(terminal: Terminal, run: Path, sigma: float, n_chips: int) -> dict[str, Any]:
    """What `snn spread --mismatch` prints."""
    from snn.experiments.run_folder import load_run
    from snn.studies.evaluate_on_silicon import Pieces
    from snn.studies.under_mismatch import evaluate_under_mismatch

    seeds = range(Pieces(n_chips).seeds)
    return evaluate_under_mismatch(load_run(run), sigma, seeds, reporter=terminal.reporter).as_dict()

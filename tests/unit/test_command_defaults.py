"""Defaults of a command are those of the record behind it, so it runs without options."""

import inspect

from snn.cli import spread_command
from snn.studies.spread import StudyConfig

NAMES = {"chips": "n_chips", "clips": "n_clips", "retrain": "n_train", "seed": "seed", "leak": "leak"}


def defaults(command) -> dict:
    return {name: parameter.default for name, parameter in inspect.signature(command).parameters.items()}


def test_a_spread_is_by_default_that_of_its_record():
    asked = {NAMES[name]: value for name, value in defaults(spread_command.spread).items() if name in NAMES}
    assert len(asked) == len(NAMES)
    assert StudyConfig(**asked) == StudyConfig()

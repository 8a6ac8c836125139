"""What is the user's to mend, told apart from our own faults: value, limit, place and remedy, in one line."""


class InputError(ValueError):
    """A value, file or setting that cannot be used. Any other exception is a fault of this package."""


class MissingInputError(InputError, FileNotFoundError):
    """A file or folder that is not there."""

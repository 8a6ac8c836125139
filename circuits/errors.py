"""What is the user's to mend, told apart from our own faults: value, limit, place and remedy, in one line."""


class InputError(ValueError):
    """A value, file or setting that cannot be used. Any other exception is a fault of this package."""


class InputTypeError(InputError, TypeError):
    """A value of the wrong kind, a text for a number for instance."""


class MissingInputError(InputError, FileNotFoundError):
    """A file or folder that is not there."""


class MissingPackageError(InputError, ImportError):
    """An optional package that is not installed."""


class WorkError(RuntimeError):
    """Work that cannot be finished: another program fails or takes too long, a simulation does not converge."""

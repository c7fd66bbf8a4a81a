"""The exceptions of the model, each built from one message.

SimPy rebuilds an exception that crosses a process boundary as ``type(error)(*error.args)``; with
exactly one positional argument the copy is equal to the original, and so is a pickled one.
"""


class SimulationError(ValueError):
    """Any fault that the model reports on purpose; `message` may hold several lines."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class InputError(SimulationError):
    """An argument, study or policy is not valid; one fault per line of the message."""


class DataError(SimulationError):
    """A data set is faulty or cannot be read; one fault per line of the message."""

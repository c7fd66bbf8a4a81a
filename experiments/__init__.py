"""Studies, one TOML file each, and the code that runs, compares and reports them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.engine.runner import run_study
    from experiments.study import load_study

__all__ = ["load_study", "run_study"]

_HOMES = {"load_study": "experiments.study", "run_study": "experiments.engine.runner"}


def __getattr__(name: str) -> object:
    """Import on first use: the command line must answer `--help` before the libraries load."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'experiments' has no attribute '{name}'")
    value: object = getattr(import_module(_HOMES[name]), name)
    return value

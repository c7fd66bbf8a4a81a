"""Charts, maps, the page and the terminal table that tell the outcome of a run."""

from experiments.report.page import write_all, write_figures, write_report
from experiments.report.terminal import terminal_table

__all__ = ["terminal_table", "write_all", "write_figures", "write_report"]

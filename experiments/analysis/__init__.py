"""Comparison, calibration, validation and decision on the tables of a run."""

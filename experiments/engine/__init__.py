"""What to run, on which workers, and where the outcomes land."""

"""Side-by-side measurements: the engine, its peers over the same draws, and how both grow."""

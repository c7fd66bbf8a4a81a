"""The engine's chain with plain SimPy and NumPy: one policy, one alert at a time."""

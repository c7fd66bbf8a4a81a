"""The contestants, one module or package each; `benchmarks.registry` lists them."""

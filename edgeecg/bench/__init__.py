"""How fast, on what: measuring this package on the machine it is to run on. See docs/benchmarks.md."""

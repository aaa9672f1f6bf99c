"""Measured side by side, with one command: ``python -m benchmarks``."""

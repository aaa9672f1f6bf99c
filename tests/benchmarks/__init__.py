"""Tests of the benchmarks: that both sides do what their figures are about."""

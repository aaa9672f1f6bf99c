"""Timers, tasks and signals: what keeps running."""

"""Asking servers as a polite and careful guest."""

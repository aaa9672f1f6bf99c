"""Deciding what changes in the outbox: a delivery's lifecycle, the difference to a plan. Pure."""

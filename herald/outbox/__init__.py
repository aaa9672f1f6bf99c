"""Deciding what changes in the outbox: the lifecycle of a delivery and the difference to a plan. Pure."""

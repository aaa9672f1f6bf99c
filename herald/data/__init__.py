"""Facts as data: funding statements, the heritage calendar, network limits."""

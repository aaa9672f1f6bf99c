"""The values that flow through Herald: frozen, typed, and free of any input or output."""

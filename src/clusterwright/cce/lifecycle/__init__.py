"""Lifecycle: what happens to a whole cluster between its creation and its end."""

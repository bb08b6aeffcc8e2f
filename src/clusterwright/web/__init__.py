"""HTTP: the listener, the edge, refusals, what routes ask for, and how the API is described."""

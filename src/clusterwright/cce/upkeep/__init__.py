"""Upkeep: what is done with many nodes, or read of them, that changes no one's making."""

"""Releases: what charts have made inside clusters."""

"""Sentences about behaviour, run against real parts."""

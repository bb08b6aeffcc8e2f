"""Reproducible benchmarks: every figure beside a named baseline of the same run."""

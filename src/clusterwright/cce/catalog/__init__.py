"""Catalog: what there is to choose from, how much of it is used, and a cluster's settings."""

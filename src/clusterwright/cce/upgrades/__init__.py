"""Upgrades: a cluster's way to a newer version, with checks, snapshots and workflows around it."""

"""Add-ons: what can be installed into a cluster, and what is."""

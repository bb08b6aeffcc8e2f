"""Autopilot: clusters without nodes of their own, on paths of their own."""

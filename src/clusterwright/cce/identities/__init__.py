"""Identities of pods: which agency a service account may act as."""

"""The driver ``local``: clusters of real Kubernetes programs on this host."""

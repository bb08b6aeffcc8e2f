"""The Kubernetes API of clusters, on their own hosts."""

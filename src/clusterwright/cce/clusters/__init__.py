"""Clusters: the documents, the rows, the jobs and the operations of ``…/clusters``."""

"""Node pools: the documents, the rows, the jobs and the operations of ``…/nodepools``."""

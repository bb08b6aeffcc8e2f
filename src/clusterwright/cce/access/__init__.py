"""Access: credentials and addresses of a cluster's API server, and who may use them."""

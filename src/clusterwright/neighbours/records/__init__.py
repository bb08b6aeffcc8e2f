"""Networks, public addresses, security groups and key pairs: kept as records, in every dialect."""

"""What there is around clusters: networks, addresses, groups and key pairs, as far as told."""

"""Paths to a host: probes that run out of hops, and who answers them."""

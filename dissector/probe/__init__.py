"""Asking hosts: probes sent through sockets, and what came back, read by the decoder."""

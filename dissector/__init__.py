"""ICMP: what is in a capture, and what it means."""

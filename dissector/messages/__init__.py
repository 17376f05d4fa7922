"""The shapes of ICMP messages, a family of messages a file."""

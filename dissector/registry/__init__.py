"""The decoder table: what every type and code of ICMP is and means, and how to find it."""

"""The options of neighbour discovery (RFC 4861, 4.6), by what they are for; `nd_options` has the table."""

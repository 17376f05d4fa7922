"""How messages, captures and the registry are shown: lines, trees, octets, JSON, reference pages."""

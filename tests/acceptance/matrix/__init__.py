"""The packet matrix: what gets from every host to every other one, beside what the declaration allows."""

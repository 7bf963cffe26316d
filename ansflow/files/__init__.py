"""Files of others: whole reads and writes, atomic replacement, the headers of NumPy's files."""

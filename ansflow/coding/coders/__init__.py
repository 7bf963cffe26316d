"""Ways of coding symbols: one file, and one `Coder`, for each.

coder.py
    the interface, and what the coders of 16-bit words have in common
single.py
    one distribution for all symbols; the fastest
rows.py
    a row of a matrix for each symbol, known beforehand
contexts.py
    the row that the previous symbol names
byte_rows.py
    what coders of bytes have in common whose distributions are a few rows
row_classes.py
    a distribution for each row of 64 symbols
neighbours.py
    the distribution that symbols of the row above name
alias.py
    one distribution, by tables as long as the alphabet
wide.py
    more than 16 bits of precision
escapes.py
    small messages with contexts of up to two bytes
messages.py
    many short messages, each a stream of its own
vectors.py
    when vector kernels take over from scalar ones

`ansflow.coding.choice` picks the coder for a model. A coder trusts its frequencies: they have been
checked, or come from a kernel that only makes valid ones.
"""

"""What transforms do to numbers, in one kernel a direction.

words.py
    64 bits at any address, and the bit length of a number
log.py, lin.py
    numbers to tokens and raw bits, and back
decimal.py, half.py
    floats to integers by a factor, and back; and those of 16 bits
mask.py, runs.py, dict.py
    a pattern that is taken out, runs of equal numbers, distinct numbers
bits.py
    sets of items as bits
"""

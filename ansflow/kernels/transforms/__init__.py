"""What transforms do to numbers, in one kernel a direction.

words.py
    64 bits at any address, and the bit length of a number
log.py, lin.py
    numbers to tokens and raw bits, and back
"""

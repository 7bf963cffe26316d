"""The stack coder: symbols pushed on and popped from 64-bit heads and a shared tail.

The same rANS as `ansflow.kernels.coders.rans` with a state (*head*) in [2^32, 2^64), 32-bit words
and precision up to 31 bits, and used both ways: words go to and come from the same end of the
*tail*, so pushes and pops can be mixed, as bits-back coding does. Read `heads` first; each
of the other files is one kind of distribution, but for `stirring`, which mixes all bits.

Symbol i belongs to lane ``i mod lanes``; any number of lanes will do. A push takes the symbols
from last to first and a pop from first to last, which makes them exact inverses on the tail
too. Kernels return the new size of the tail, or

`heads.IMPOSSIBLE`
    if a symbol to be pushed has no probability; nothing has changed;
`heads.UNDERFLOW`
    if a pop found the tail empty; the heads and the tail are then undefined.

Another thread may change heads, words and symbols at any time. The result is then undefined, but
kernels stay inside their arrays: every index that depends on these is kept within bounds where it
is used, and the size of the tail changes by no more than documented. The arrays that define
distributions (`index`, `cdf`, `edges`, ...) must not change.
"""

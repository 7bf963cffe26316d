"""Compare two commits: ``python -m benchmarks.compare OLD NEW [--bench NAME]`` (in asv_bench).

The package is taken from both commits, the benchmarks from this folder, and all other packages
from this environment. Both are timed in turn: in each round, a process of each is started, and
samples of 10 ms are taken of one, then of the other. Time is that of the processor.

A round's result is the median ratio of its pairs of samples. From the rounds follows an interval
that holds the median ratio with a confidence of 99%, whatever the noise is like: for 12 rounds,
from the second smallest to the second largest. A benchmark is slower if all of the interval lies
above the smallest change that counts, 3% unless ``--least`` says otherwise, faster if it lies below
the inverse of that, and else there is no difference. The interval also says how large a difference
might have gone unseen: a machine that is busy with other things makes it wider, and does not make
a difference of none.

The exit status is 1 if anything is slower.
"""

import sys

if __name__ == "__main__":
    from comparing.command import main  # not where asv imports this file

    sys.exit(main(__doc__))

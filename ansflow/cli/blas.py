"""NumPy's linear algebra keeps to one thread: import this before NumPy.

OpenBLAS starts a thread for each further core as soon as NumPy is imported, and each of them waits
in a loop at first. No command multiplies matrices that are large enough for more than one.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""An interrupt while a kernel is compiled leaves no lock behind, for which others would wait."""

import pytest
from children import python

from ansflow.kernels.uninterrupted import uninterrupted

# Numba is told when LLVM's lock is taken: nobody could release it if that were interrupted.
INTERRUPTED = """
import signal, threading
import llvmlite.binding as llvm
import numpy as np
from ansflow.kernels.jit import kernel

@kernel
def add(x):
    return x + 1

@kernel
def double(x):
    return x * 2

locked = []

def interrupt():
    if not locked:
        locked.append(True)
        signal.raise_signal(signal.SIGINT)

llvm.ffi.register_lock_callback(interrupt, lambda: None)
try:
    add(np.uint64(1))
except KeyboardInterrupt:
    print("interrupted")
results = []
thread = threading.Thread(target=lambda: results.append(double(np.uint64(3))), daemon=True)
thread.start()
thread.join(60)
print(results, add(np.uint64(1)))
"""


def test_an_interrupt_while_a_kernel_is_compiled(tmp_path):
    result = python(INTERRUPTED, env={"NUMBA_CACHE_DIR": str(tmp_path)})
    assert result.stdout == "interrupted\n[6] 2\n", result.stderr


def test_errors_and_results_are_those_of_the_task():
    def fail():
        raise ValueError("no")

    assert uninterrupted(lambda: 7) == 7
    with pytest.raises(ValueError, match="no"):
        uninterrupted(fail)

"""Neural networks that give the same integers on every machine.

A codec whose model is a network works only if encoder and decoder see the same probabilities to
the last bit. Floating-point networks don't promise that: sums depend on their order, and the
order on batch, threads, library and machine. Here all is fixed point
(`ansflow.kernels.nets.affine`).
"""

from ansflow.bitsback.nets.layers import Convolution, Dense, Layer, Reshape, Residual, Upsample
from ansflow.bitsback.nets.network import Network

__all__ = ["Convolution", "Dense", "Layer", "Network", "Reshape", "Residual", "Upsample"]

"""Neural networks that give the same integers on every machine.

If a network determines the probabilities, encoder and decoder must agree on its results to the last
bit. Floating-point networks do not guarantee that: sums depend on the order of their terms, and the
order depends on batch size, threads, library and machine. Here all arithmetic is in fixed point
(`ansflow.kernels.nets.affine`).
"""

from ansflow.bitsback.nets.layers import Convolution, Dense, Layer, Reshape, Residual, Upsample
from ansflow.bitsback.nets.network import Network

__all__ = ["Convolution", "Dense", "Layer", "Network", "Reshape", "Residual", "Upsample"]

"""Entropy coding for arrays: interleaved rANS kernels, probability models, one-shot frames."""

from ansflow import errors, models
from ansflow.coding import decode, encode

__all__ = ["decode", "encode", "errors", "models"]

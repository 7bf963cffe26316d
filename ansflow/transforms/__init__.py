"""Reversible transforms of arrays that make their bytes easier to model."""

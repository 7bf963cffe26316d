"""Layers of networks in fixed point."""

"""Data structures in flat arrays: counts of what is there, by order.

The caller allocates the arrays. Every index that depends on their content is kept within bounds.
"""

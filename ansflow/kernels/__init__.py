"""Numba kernels: pure functions over arrays, one algorithm a file.

They know no model, header or file, check nothing, and never raise: whoever calls them has
validated tables and sizes (`ansflow.coding`), and reads the status they return.
"""

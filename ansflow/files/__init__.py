"""Access to files: complete reads and writes, atomic replacement, headers of ``.npy`` files."""

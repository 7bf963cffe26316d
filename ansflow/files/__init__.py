"""Access to files: complete reads and writes, sharing, atomic replacement, ``.npy`` headers."""

"""The loops of `ansflow.transforms`, over arrays of unsigned integers of 8 to 64 bits."""

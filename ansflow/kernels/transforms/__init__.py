"""Numbers to numbers that are easier to model, and back: the loops of `ansflow.transforms`."""

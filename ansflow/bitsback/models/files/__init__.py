"""Files of models: a description and arrays in an `.npz` archive, read without trusting it."""

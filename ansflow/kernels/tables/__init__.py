"""Counts to frequencies, frequencies to tables of the coders, and to bits and back."""

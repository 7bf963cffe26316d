"""Parameters of distributions to integer CDFs."""

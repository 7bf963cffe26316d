"""What users open, read and write: one shot, streams, files, arrays."""

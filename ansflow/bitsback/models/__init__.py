"""Systems of the talk, one file each, with their formats and weights."""

"""What a file of frames holds, and what is left of a damaged one."""

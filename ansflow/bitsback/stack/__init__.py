"""The stack: heads and tail, starting bits, what it costs, and its bytes."""

"""The stack: heads and tail, initial bits, what data cost on it, and its serialised form."""

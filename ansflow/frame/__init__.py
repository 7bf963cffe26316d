"""The container, as ``FORMAT.md`` beside this file defines it."""

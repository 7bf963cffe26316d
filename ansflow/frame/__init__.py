"""The container, version 1, as ``FORMAT.md`` beside this file defines it."""

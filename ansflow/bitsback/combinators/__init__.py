"""Codecs made of other codecs, one idea a file."""

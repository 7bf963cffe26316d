"""Distributions as codecs, one family a file."""

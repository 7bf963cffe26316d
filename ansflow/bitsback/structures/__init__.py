"""Codecs of structures whose order carries no information."""

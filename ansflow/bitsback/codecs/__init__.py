"""Codecs of arrays of symbols and of latents."""

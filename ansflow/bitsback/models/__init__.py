"""Latent-variable models, each with its documents of format and its weights."""

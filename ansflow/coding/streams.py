"""Coders as functions, until the frame calls the objects."""

from __future__ import annotations

from ansflow.coding.coders.coder import Coder, Symbols, Words, buffer_size

__all__ = ["buffer_size", "decode_symbols", "encode_symbols"]


def encode_symbols(
    symbols: Symbols, tables: Coder, *, lanes: int, buffer: Words | None = None
) -> Words:
    return tables.encode(symbols, lanes, buffer)


def decode_symbols(words: Words, tables: Coder, out: Symbols, *, lanes: int) -> None:
    tables.decode(words, out, lanes)

"""The container, as ``FORMAT.md`` beside this file defines it.

constants.py
    every magic number, width and legal range
grid.py, chunk.py, body.py, streams/
    how content is cut, and a chunk with its head, recipe and streams
header.py, array_spec.py, description.py, shared.py, identity.py
    the header: what the content is, the tables and the model that chunks may use
head.py, checks.py, build.py
    heads, checks, and a frame put together
walk.py, source.py
    a frame from its first byte on
index.py
    a frame from its end on
directory.py
    where the arrays of a collection are
trained.py, trained_arrays.py
    the bytes of trained codecs, which are no frames
content_model.py
    the door for models of content, such as those of `ansflow.bitsback`
salvage/
    what is left of damaged frames
"""

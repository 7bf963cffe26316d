"""What moves content between users and frames: in pieces, on threads, in bounded memory.

options.py
    how content is to be compressed
threads.py
    an ordered pipeline
content.py
    bytes and arrays as vectors of bytes
encoder.py, decoder.py
    one frame, as its content or its bytes come
reader.py
    content from anywhere in a file
"""

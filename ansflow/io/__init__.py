"""What users call to read and write frames.

one_shot.py, pieces.py, chunks.py
    bytes and arrays in memory, streams, chunks without a frame
open.py, reader.py, writer.py, text.py
    files
array_reader.py, array_writer.py, selection.py, exact_cast.py
    arrays in files
transfer.py, npy.py
    files to frames and back, for the command
"""

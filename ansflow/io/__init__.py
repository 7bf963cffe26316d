"""What users call to read and write frames.

one_shot.py, pieces.py, chunks.py
    bytes and arrays in memory, streams, chunks without a frame
train.py, trained_codec.py, trained_array_codec.py, message_check.py
    many small messages, and small arrays
open.py, reader.py, writer.py, text.py
    files
array_reader.py, array_writer.py, selection.py, exact_cast.py
    arrays in files
plain_array.py
    arrays of other libraries
save.py, collection_writer.py, collection_file.py, collection_reader.py
    several arrays in a file
transfer.py, npy.py, containers/
    files to frames and back, for the command
"""

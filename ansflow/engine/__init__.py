"""What moves content between users and frames: in pieces, on threads, in bounded memory.

plan.py, options.py, metadata.py, item_dtype.py
    how chunks are coded, and how content is cut and described
content.py, masked.py, memory.py
    bytes and arrays as vectors of bytes, and memory for them
rechoosing.py
    another plan where content has changed
threads.py, cores.py, schedule.py
    an ordered pipeline, how many threads there are, and what they do at once
encoder.py, decoder.py, byte_queue.py
    one frame, from content or bytes that come in pieces
collection.py
    the arrays of a file with several of them
training.py, training_arrays.py
    distributions for small messages, and recipes for small arrays, from samples of them
reader.py, box.py
    content from anywhere in a file, and boxes out of arrays
"""

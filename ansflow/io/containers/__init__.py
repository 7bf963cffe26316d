"""Files of several arrays by other formats: to collections, and back.

container.py
    what a format has to know
npz.py, safetensors.py
    the formats
conversion.py
    any of them
"""

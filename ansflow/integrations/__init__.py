"""ansflow in other libraries: one module each, imported when it is asked for.

numcodecs.py
    a codec for Zarr 2 and Zarr's format 2, found by its entry point
zarr.py
    codecs for Zarr's format 3, found by their entry points

Only the public API of ansflow is used here. Containers call their codecs from threads of their
own, so these take no others.
"""

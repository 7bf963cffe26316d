"""ansflow in other libraries: one module each, imported when it is asked for.

numcodecs.py
    a codec for Zarr 2 and Zarr's format 2, found by its entry point
zarr.py
    codecs for Zarr's format 3, found by their entry points
pieces.py
    chunks of any size without a frame, as `zarr.AnsflowCodec` stores them
xarray.py
    datasets in files of several arrays: an engine of xarray, found by its entry point
dask.py
    arrays of Dask from files of ansflow, and to Zarr
joblib.py, fsspec.py
    a compressor and a compression, known once these are imported
safetensors.py
    weights, as in files of safetensors

In Zarr, xarray takes the codecs of Zarr, and pandas takes file objects or fsspec. There is no
filter for HDF5: in h5py it would be a callback into Python, which HDF5 also calls at the end of a
process.

Where these libraries have threads of their own, codecs start no others.
"""

"""job.py LIBRARY - makes grids in native code, one after the other."""

import ctypes
import sys

native = ctypes.CDLL(sys.argv[1])
native.grid_create.restype = ctypes.c_void_p
native.grid_create.argtypes = [ctypes.c_size_t]
native.grid_smooth.restype = ctypes.c_double
native.grid_smooth.argtypes = native.grid_destroy.argtypes = [ctypes.c_void_p]

for size in (100, 500, 1000, 200):
    grid = native.grid_create(size)
    native.grid_smooth(grid)
    native.grid_destroy(grid)
print("done")

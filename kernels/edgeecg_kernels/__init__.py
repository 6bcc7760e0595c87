"""Numba kernels of edgeecg: pure functions over arrays. No allocation, no exceptions, no I/O."""

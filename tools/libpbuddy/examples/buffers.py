#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An example of libpbuddy in Python, by ctypes: allocates a contiguous buffer, writes to it, and shows a failure."""
import ctypes
import mmap
import os
import sys

NODE_ANY = -1
ALLOC_CONTIG = 1 << 0


class Alloc(ctypes.Structure):
    """struct pbuddy_alloc of <linux/pbuddy.h>"""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("bytes", ctypes.c_uint64),
        ("node", ctypes.c_int32),
        ("order", ctypes.c_uint32),
        ("mclass", ctypes.c_uint32),
        ("fd_flags", ctypes.c_uint32),
        ("nodemask", ctypes.c_uint64),
        ("label", ctypes.c_char * 32),
        ("fd", ctypes.c_int32),
        ("reason", ctypes.c_uint32),
        ("reserved", ctypes.c_uint64 * 4),
    ]

    def __init__(self, length, **fields):
        super().__init__(
            size=ctypes.sizeof(Alloc), bytes=length, node=NODE_ANY, fd_flags=os.O_RDWR | os.O_CLOEXEC, **fields
        )


lib = ctypes.CDLL("libpbuddy.so.1", use_errno=True)
lib.pbuddy_error.restype = ctypes.c_char_p


def check(result):
    """Returns the result of a function of the library, or raises its error."""
    if result < 0:
        raise OSError(ctypes.get_errno(), lib.pbuddy_error().decode())
    return result


def alloc_buffer(device, length, **fields):
    """Returns the descriptor of a new buffer."""
    return check(lib.pbuddy_alloc_buffer(device, ctypes.byref(Alloc(length, **fields))))


def main():
    device = check(lib.pbuddy_open(None))
    length = 2 << 20
    buffer = alloc_buffer(device, length, flags=ALLOC_CONTIG, order=9, label=b"example.py")
    with mmap.mmap(buffer, length) as memory:
        os.close(buffer)  # the mapping keeps the memory
        memory[:16] = b"written and read"
        print(f"{len(memory)} bytes: {memory[:16].decode()}")
    try:
        alloc_buffer(device, 1 << 40)
    except OSError as error:
        print("too much:", error.strerror)
    os.close(device)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"buffers.py: {error.strerror}")

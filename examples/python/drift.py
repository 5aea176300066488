"""Drift in Python by ctypes, with nothing installed: FluxGuard's C ABI needs no binding.

    cargo build --release
    python3 examples/python/drift.py target/release/libfluxguard.so
"""

import array
import ctypes
import json
import random
import sys

FLOAT64 = 3


class Array(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.c_void_p), ("len", ctypes.c_size_t),
                ("observations", ctypes.c_size_t), ("dtype", ctypes.c_int32)]


class Request(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_char_p), ("options", ctypes.c_char_p), ("handles", ctypes.c_void_p),
                ("handle_count", ctypes.c_size_t), ("arrays", ctypes.POINTER(Array)), ("array_count", ctypes.c_size_t),
                ("interrupt", ctypes.c_void_p)]


class Answer(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int64), ("bytes", ctypes.c_void_p), ("len", ctypes.c_size_t),
                ("handle", ctypes.c_void_p)]


library = ctypes.CDLL(sys.argv[1])
library.fg_free_bytes.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def call(operation, options=None, handles=(), **arrays):
    """The answer of an operation: a handle, what its JSON says, or a number. Arrays are `array.array("d")`, one feature."""
    table = (Array * len(arrays))(*(Array(name.encode(), values.buffer_info()[0], len(values), len(values), FLOAT64)
                                    for name, values in arrays.items()))
    pointers = (ctypes.c_void_p * len(handles))(*handles)
    request = Request(operation.encode(), json.dumps(options).encode() if options else None,
                      ctypes.cast(pointers, ctypes.c_void_p), len(handles), table, len(arrays), None)
    answer = Answer()
    code = library.fg_call(ctypes.byref(request), ctypes.byref(answer))
    text = ctypes.string_at(answer.bytes, answer.len).decode() if answer.bytes else ""
    library.fg_free_bytes(answer.bytes, answer.len)
    if code != 0:
        raise RuntimeError(text)
    return answer.handle or (json.loads(text) if text else answer.number)


random.seed(1)
draw = lambda n, shift: array.array("d", (random.gauss(shift, 1) for _ in range(n)))

comparison = call("drift.compare", {"tests": ["ks", "wasserstein"]}, reference=draw(1000, 0), current=draw(500, 0.5))
print("drift:", comparison["drift"], [(test["test"], test["p_value"]) for test in comparison["columns"][0]["tests"]])

detector = call("detector.fit", {"detector": "iforest", "options": {"trees": 50}}, reference=draw(1000, 0))
print("threshold:", call("detector.threshold", {"method": "conformal", "rate": 0.01}, [detector])["threshold"])
library.fg_free(ctypes.byref(ctypes.c_void_p(detector)))

try:
    call("detector.fit", {"detector": "crystal-ball"}, reference=draw(10, 0))
except RuntimeError as error:
    print("refused:", error)

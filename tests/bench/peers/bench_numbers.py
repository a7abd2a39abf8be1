"""The numbers that every worker computes with (ours/Numbers.cpp has the same rule)."""
import math

import numpy


def _hash(name, count):
    seed = 0xCBF29CE484222325
    for c in name.encode():
        seed = (seed ^ c) * 0x100000001B3 % 2**64
    with numpy.errstate(over="ignore"):
        x = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(seed) + numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return x ^ (x >> numpy.uint64(31))


def uniform(name, shape, scale=1.0):
    bits = _hash(name, math.prod(shape)) >> numpy.uint64(40)
    return ((bits.astype(numpy.float64) / 8388608 - 1) * scale).astype(numpy.float32).reshape(shape)


def integers(name, shape, limit):
    return ((_hash(name, math.prod(shape)) >> numpy.uint64(33)).astype(numpy.int64) % limit).reshape(shape)


def weight(name, shape):
    """The value of a parameter or buffer of floats."""
    if len(shape) >= 2:
        return uniform(name, shape, math.sqrt(3.0 * shape[0] / math.prod(shape)))
    values = uniform(name, shape, 0.1)
    return values + numpy.float32(1) if name.endswith("weight") or name.endswith("running_var") else values

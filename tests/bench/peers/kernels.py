"""Single operations in PyTorch: modules and their inputs, for PyTorch itself and for export."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import bench_numbers as numbers
from worker import Unsupported


class Op(nn.Module):
    """A function; `weight`, where there is one, is its last argument, and constant."""

    def __init__(self, function, weight=None):
        super().__init__()
        self.function = function
        self.weight = None if weight is None else nn.Parameter(torch.from_numpy(weight), requires_grad=False)

    def forward(self, *inputs):
        return self.function(*inputs) if self.weight is None else self.function(*inputs, self.weight)


def conv_sizes(spec):
    size, kernel = spec.list("size"), spec.list("kernel")
    stride, padding, groups = spec.number("stride", 1), spec.number("padding", 0), spec.number("groups", 1)
    x = [spec.number("n"), spec.number("c"), *size]
    w = [spec.number("o"), x[1] // groups, *kernel]
    y = [x[0], w[0], *((s + 2 * padding - k) // stride + 1 for s, k in zip(size, kernel))]
    return x, w, y, stride, padding, groups


def of(spec):
    """(module, inputs as numpy arrays)"""
    u, kind = numbers.uniform, spec.kind
    if kind == "dot":
        m, n, k, batch = spec.number("m"), spec.number("n"), spec.number("k"), spec.number("batch", 0)
        ta, tb = spec.number("ta", 0), spec.number("tb", 0)
        lead = [batch] if batch else []
        a, b = lead + ([k, m] if ta else [m, k]), lead + ([n, k] if tb else [k, n])
        return Op(lambda x, y: (x.mT if ta else x) @ (y.mT if tb else y)), [u("a", a), u("b", b)]
    if kind == "conv":
        x, w, y, stride, padding, groups = conv_sizes(spec)
        d = len(x) - 2
        if spec.text("pass") == "forward":
            f = [F.conv1d, F.conv2d, F.conv3d][d - 1]
            return Op(lambda a, b: f(a, b, None, stride, padding, 1, groups), u("w", w)), [u("x", x)]
        wants_input = spec.text("pass") == "input"
        zero = [0] * d
        def backward(g, a, b):
            return torch.ops.aten.convolution_backward(g, a, b, None, [stride] * d, [padding] * d, [1] * d, False, zero, groups,
                                                       [wants_input, not wants_input, False])[0 if wants_input else 1]
        if wants_input:
            shape = torch.empty(x)
            return Op(lambda g, b: backward(g, shape, b)), [u("g", y), u("w", w)]
        shape = torch.empty(w)
        return Op(lambda a, g: backward(g, a, shape)), [u("x", x), u("g", y)]
    if kind in ("embedding", "embedding_grad"):
        rows, width, count = spec.number("rows"), spec.number("width"), spec.number("count")
        i = numbers.integers("i", (count,), rows)
        if kind == "embedding":
            return Op(lambda w, i: F.embedding(i, w)), [u("w", (rows, width)), i]
        return Op(lambda g, i: torch.zeros(rows, width).index_add_(0, i, g)), [u("g", (count, width)), i]
    if kind == "call" and spec.text("form") == "function":
        return Op(lambda x: x + 1), [u("x", (1,))]
    if "shape" not in spec.values:
        raise Unsupported(f"no PyTorch version of {kind}")
    shape = spec.list("shape")
    x = [u("x", shape, 3)]
    if kind == "softmax":
        return Op(lambda x: F.softmax(x, -1)), x
    if kind == "layer_norm":
        return Op(lambda x, w, b: F.layer_norm(x, shape[-1:], w, b)), x + [u("w", shape[-1:]), u("b", shape[-1:])]
    if kind == "batch_norm":
        return Op(lambda x, w, b: F.batch_norm(x, None, None, w, b, True)), x + [u("w", shape[1:2]), u("b", shape[1:2])]
    if kind == "gelu":
        return Op(F.gelu), x
    if kind == "dropout":
        return Op(lambda x: F.dropout(x, 0.1, True)), x
    if kind == "transpose":
        return Op(lambda x: x.permute(spec.list("order")).contiguous()), x
    if kind == "sum":
        return Op(lambda x: x.sum(spec.list("dims"))), x
    raise Unsupported(f"no PyTorch version of {kind}")

"""PyTorch: eager, or torch.compile in the mode that is the only argument (default, max-autotune)."""
import sys

import torch
import torch.nn.functional as F

import bench_numbers as numbers
import kernels
import nets
import worker

torch.set_num_threads(worker.threads)
mode = sys.argv[1] if len(sys.argv) > 1 else None


def compiled(function):
    return torch.compile(function, mode=mode, dynamic=False) if mode else function


def tensors(arrays):
    return [torch.from_numpy(array) for array in arrays]


def to_arrays(result):
    return [value.detach().numpy() for value in (result if isinstance(result, (tuple, list)) else [result])]


def prepare(spec):
    if spec.kind == "train":
        model, inputs, target, loss, optimizer = nets.of(spec)
        model.train()
        optimizer = optimizer(model.parameters())
        x, t = tensors(inputs), torch.from_numpy(target)
        forward = compiled(lambda *a: loss(model(*a[:-1]), a[-1]))

        def step():
            optimizer.zero_grad(set_to_none=True)
            value = forward(*x, t)
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return value.detach()

        return step, to_arrays
    if spec.kind == "cross_entropy":
        shape = spec.list("shape")
        x = torch.from_numpy(numbers.uniform("x", shape, 3)).requires_grad_()
        t = torch.from_numpy(numbers.integers("t", shape[:1], shape[1]))
        forward = compiled(F.cross_entropy)

        def both():
            x.grad = None
            value = forward(x, t)
            value.backward()
            return value.detach(), x.grad

        return both, to_arrays
    if spec.kind == "adam":
        p = torch.from_numpy(numbers.uniform("p", (spec.number("count"),))).requires_grad_()
        p.grad = torch.from_numpy(numbers.uniform("g", (spec.number("count"),)))
        optimizer = torch.optim.Adam([p], 1e-3, fused=True)

        def step():
            optimizer.step()
            return p.detach()

        return step, to_arrays
    if spec.kind == "infer":
        model, inputs, *_ = nets.of(spec)
        model.eval()
    else:
        model, inputs = kernels.of(spec)
    x, call = tensors(inputs), compiled(model)

    def run():
        with torch.inference_mode():
            return call(*x)

    return run, to_arrays


worker.serve(prepare)

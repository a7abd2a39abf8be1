"""PyTorch: eager, or torch.compile in the mode that is the only argument (default, max-autotune-no-cudagraphs)."""
import sys
import time

import torch
import torch._dynamo  # eager optimizers import it too, later: code that is loaded is no memory of a step
import torch._inductor.config
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


def in_layout(values, layout):
    """Images in that memory format; what is no image as it is."""
    return [value.contiguous(memory_format=layout) if value.dim() == 4 else value for value in values]


def fastest(make, images):
    """`make(layout)` of the layout in which the call is quicker. The compiler chooses layouts itself; eager PyTorch leaves it to its user."""
    if mode or not images:
        return make(torch.contiguous_format)
    best = []
    for layout in (torch.contiguous_format, torch.channels_last):
        call = make(layout)
        for _ in range(2):
            call()
        times = []
        while len(times) < 3 or (sum(times) < 0.3 and len(times) < 20):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        best.append((min(times), str(layout), layout))
    return make(min(best)[2])  # anew: training has changed the weights


def training(spec, layout):
    model, inputs, target, loss, optimizer = nets.of(spec)
    model.train()
    if layout is torch.channels_last:
        model = model.to(memory_format=layout)
    optimizer = optimizer(model.parameters())
    x, t = tensors(inputs), torch.from_numpy(target)
    forward = compiled(lambda *a: loss(model(*a[:-1]), a[-1]))

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = forward(*in_layout(x, layout), t)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return value.detach()

    return step


def inference(module, inputs, layout):
    if layout is torch.channels_last:
        module = module.to(memory_format=layout)
    x, call = tensors(inputs), compiled(module)

    def run():
        with torch.no_grad() if mode else torch.inference_mode():  # what torch.compile freezes are weights without gradients
            result = call(*in_layout(x, layout))
            return result if isinstance(result, (tuple, list)) else result.contiguous()

    return run


def cross_entropy(spec):
    shape = spec.list("shape")
    x = torch.from_numpy(numbers.uniform("x", shape, 3)).requires_grad_()
    t = torch.from_numpy(numbers.integers("t", shape[:1], shape[1]))
    forward = compiled(F.cross_entropy)

    def both():
        x.grad = None
        value = forward(x, t)
        value.backward()
        return value.detach(), x.grad

    return both


def adam(spec):
    p = torch.from_numpy(numbers.uniform("p", (spec.number("count"),))).requires_grad_()
    p.grad = torch.from_numpy(numbers.uniform("g", (spec.number("count"),)))
    optimizer = torch.optim.Adam([p], 1e-3, **({} if mode else {"fused": True}))
    update = compiled(optimizer.step)

    def step():
        update()
        return p.detach()

    return step


def prepare(spec):
    if mode:
        torch._dynamo.reset()  # rows share code, and what is compiled for too many shapes is compiled no more
        # weights that are constant may be packed before: the documented way to run inference on CPUs
        torch._inductor.config.freezing = mode != "default" and spec.kind != "train"
    if spec.kind == "train":
        return fastest(lambda layout: training(spec, layout), nets.has_images(spec)), to_arrays
    if spec.kind == "cross_entropy":
        return cross_entropy(spec), to_arrays
    if spec.kind == "adam":
        return adam(spec), to_arrays
    module, inputs = nets.of(spec)[:2] if spec.kind == "infer" else kernels.of(spec)
    module.eval()
    images = nets.has_images(spec) if spec.kind == "infer" else spec.kind == "conv" and len(spec.list("size")) == 2
    return fastest(lambda layout: inference(module, inputs, layout), images), to_arrays


worker.serve(prepare)

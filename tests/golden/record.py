"""Runs one case of a table in PyTorch and records what went in and what came out.

A section file (sections/<name>.py) is a table: one call of `Section.layer`, `Section.function` or `Section.record` a case.
This file holds what the rows are made of (tensor specifications), how a case is run, and how the files are written.
README.md beside this file says what the recorded keys mean.
"""

import json
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / "data"
F64_TOLERANCE = 1e-10


# --- what a row is made of: tensors, drawn from the generator of their case -----------------------------------------------


class Spec:
    """A tensor to be made: `make` draws it from a generator. `grad`: is its gradient recorded (floating tensors only)."""

    def __init__(self, make, grad=True):
        self.make, self.grad = make, grad

    def constant(self):
        """The same tensor, but no gradient is asked for."""
        return Spec(self.make, grad=False)


def exact(t):
    """Rounded to what f32 can hold, so that an f32 and an f64 run see the same input."""
    return t.to(torch.float64).to(torch.float32).to(torch.float64) if t.is_floating_point() else t


def normal(*shape, scale=1.0, shift=0.0):
    return Spec(lambda g: exact(torch.randn(shape, generator=g, dtype=torch.float64) * scale + shift))


def uniform(*shape, low=-1.0, high=1.0):
    return Spec(lambda g: exact(torch.rand(shape, generator=g, dtype=torch.float64) * (high - low) + low))


def integers(*shape, low=0, high=10):
    """Integers of [low, high)."""
    return Spec(lambda g: torch.randint(low, high, shape, generator=g))


def mask(*shape, p=0.3):
    """Booleans, true with probability p."""
    return Spec(lambda g: torch.rand(shape, generator=g) < p)


def probabilities(*shape, dim=1):
    """Rows along `dim` that sum to one."""
    return Spec(lambda g: exact(torch.softmax(torch.randn(shape, generator=g, dtype=torch.float64), dim)))


def literal(values):
    """A tensor written out: floats become f64, integers i64, booleans bool."""

    def make(_):
        t = torch.as_tensor(values)
        return exact(t.double()) if t.is_floating_point() else t

    if isinstance(values, list):
        has_float = any(isinstance(v, float) for v in np.array(values, dtype=object).ravel())
        if has_float:
            return Spec(lambda _: exact(torch.tensor(values, dtype=torch.float64)))
    return Spec(make)


def edited(spec, edit):
    """`spec`, then changed in place by `edit(tensor)`: to plant ties, NaN, infinities."""

    def make(g):
        t = spec.make(g).clone()
        edit(t)
        return exact(t)

    return Spec(make, spec.grad)


# --- running a case -------------------------------------------------------------------------------------------------------


def flatten_outputs(out):
    if isinstance(out, torch.Tensor):
        return [out]
    if out is None:
        return []
    return [t for part in out for t in flatten_outputs(part)]


def plain(value):
    """A value as JSON has it: tuples are lists, infinities the strings "inf" and "-inf"."""
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def relative_error(expected, actual):
    """The rule of README.md: the largest difference over the largest finite magnitude; what is not finite must be equal."""
    expected, actual = expected.double(), actual.double()
    finite = torch.isfinite(expected)
    same = (expected == actual) | (torch.isnan(expected) & torch.isnan(actual))
    if not bool((finite | same).all()) or not bool(torch.isfinite(actual[finite]).all()):
        return math.inf
    if not bool(finite.any()):
        return 0.0
    scale = float(expected[finite].abs().max()) or 1.0
    return float((expected[finite] - actual[finite]).abs().max()) / scale


def cast(t, dtype):
    return t.to(dtype) if t.is_floating_point() else t.clone()


def default_parameter(name, shape, generator):
    return exact(torch.randn(shape, generator=generator, dtype=torch.float64) * 0.5)


def default_buffer(name, value, generator):
    if name.endswith("running_mean"):
        return normal(*value.shape).make(generator)
    if name.endswith("running_var"):
        return uniform(*value.shape, low=0.5, high=2.0).make(generator)
    return exact(value.double()) if value.is_floating_point() else value


class Recorded:
    """What one case recorded: the tensors by key (without the case's name) and its line of the JSON file."""

    def __init__(self, tensors, line):
        self.tensors, self.line = tensors, line

    def after(self, kind):
        """Parameters or buffers after the call, to begin the next case of a chain with."""
        found = {k[len(kind) + 1 :]: v for k, v in self.tensors.items() if k.startswith(kind + ".")}
        found.update({k[len(kind) + 7 :]: v for k, v in self.tensors.items() if k.startswith(f"after.{kind}.")})
        return found


class Section:
    """A table of cases that ends in data/<name>.safetensors and data/<name>.json."""

    def __init__(self, name, f32=1e-5):
        self.name, self.f32 = name, f32
        self.tensors, self.lines = {}, []

    # One layer: `args` are the constructor's, `inputs` the tensors of forward by name, `call` forward's other arguments.
    # `parameters` and `buffers` replace the random ones; `zero` lists results that are zero but for rounding; a `build` of its own makes modules no constructor call can.
    def layer(self, name, cls, args=None, inputs=None, call=None, mode="train", outputs=("output",), parameters=None,
              buffers=None, grad=True, bind=None, build=None, note=None, f32=None, layer=None, frozen=(),
              zero=(), f64=None):
        args, inputs, call = args or {}, inputs or {}, call or {}
        generator = self.generator(name)

        def make():
            return (build or cls)(**args).double().train(mode == "train")

        torch.manual_seed(0)
        module = make()
        state = {}
        for key, p in module.named_parameters():
            given = (parameters or {}).get(key)
            state["param." + key] = self.draw(given, generator) if given is not None else default_parameter(
                key, p.shape, generator)
        for key, b in module.named_buffers():
            given = (buffers or {}).get(key)
            state["buffer." + key] = self.draw(given, generator) if given is not None else default_buffer(
                key, b, generator)

        def run(dtype, tensors):
            torch.manual_seed(0)
            module = make().to(dtype)
            with torch.no_grad():
                for key, p in module.named_parameters():
                    p.copy_(state["param." + key])
                    if key in frozen:
                        p.requires_grad_(False)
                for key, b in module.named_buffers():
                    b.copy_(state["buffer." + key])
            positional, keyword = bind(tensors) if bind else ((), dict(tensors))
            out = module(*positional, **keyword, **call)
            leaves = {"param." + k: p for k, p in module.named_parameters() if p.requires_grad}
            after = {}
            for key, b in module.named_buffers():
                after["buffer." + key] = b
            for key, p in module.named_parameters():
                after["param." + key] = p.detach()
            return out, leaves, after

        line = {"layer": layer or cls.__name__,
                "args": {k: v for k, v in args.items() if not isinstance(v, torch.Tensor)}, "call": call, "mode": mode,
                "repr": repr(module)}
        return self.run(name, line, inputs, outputs, run, state, generator, grad, note, f32, zero, f64)

    # One function: `args` are its keyword arguments that are no tensors, `inputs` those that are.
    def function(self, name, fn, args=None, inputs=None, outputs=("output",), grad=True, note=None, f32=None,
                 label=None):
        args = args or {}

        def run(dtype, tensors):
            return fn(**tensors, **args), {}, {}

        line = {"function": label or fn.__name__, "args": args}
        return self.run(name, line, inputs or {}, outputs, run, {}, self.generator(name), grad, note, f32)

    # Anything else: the tensors and the line as they are.
    def record(self, name, line, tensors=None, note=None):
        line = {"case": name, **line, "tolerance": {"f64": F64_TOLERANCE, "f32": self.f32}}
        if note:
            line["note"] = note
        return self.add(name, {k: torch.as_tensor(v) for k, v in (tensors or {}).items()}, line)

    def generator(self, name):
        return torch.Generator().manual_seed(self.seed(name))

    def seed(self, name):
        return zlib.crc32(f"{self.name}/{name}".encode())

    @staticmethod
    def draw(given, generator):
        return given.make(generator) if isinstance(given, Spec) else torch.as_tensor(given)

    def run(self, name, line, inputs, outputs, run, state, generator, grad, note, f32, zero=(), f64=None):
        tensors, wants = {}, {}
        for key, spec in inputs.items():
            tensors[key] = self.draw(spec, generator)
            wants[key] = tensors[key].is_floating_point() and getattr(spec, "grad", True)
        cotangents = []

        def once(dtype):
            # a copy: some layers write into what they are given
            given = {k: cast(t, dtype).requires_grad_(grad and wants[k]) for k, t in tensors.items()}
            out, leaves, after = run(dtype, given)
            out = flatten_outputs(out)
            found = {f"output.{i}": t.detach().clone() for i, t in enumerate(out)}
            if grad:
                differentiable = [i for i, t in enumerate(out) if t.requires_grad]
                if not cotangents:
                    cotangents.extend(exact(torch.randn(t.shape, generator=generator, dtype=torch.float64)) for t in out)
                loss = sum((out[i] * cotangents[i].to(dtype)).sum() for i in differentiable)
                leaves = {**{f"input.{i}": given[k] for i, k in enumerate(given) if given[k].requires_grad}, **leaves}
                if differentiable and leaves:
                    gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
                    for key, t, g in zip(leaves, leaves.values(), gradients):
                        g = torch.zeros_like(t) if g is None else g
                        found["grad." + key] = g.to_dense() if g.is_sparse else g
                    for i in differentiable:
                        found[f"cotangent.{i}"] = cotangents[i]
            for key, t in after.items():
                if not torch.equal(t, cast(state[key], dtype).to(t.dtype)):
                    found["after." + key] = t.detach().clone()
            return found

        found = once(torch.float64)
        for key in zero:  # PyTorch leaves rounding noise where the exact value is zero
            assert float(found[key].abs().max()) < 1e-9, key
            found[key].zero_()
        low = once(torch.float32)
        error = max((relative_error(t, low[k]) for k, t in found.items() if k in low and t.is_floating_point()
                     and not k.startswith("cotangent")), default=0.0)
        if error > 1e-4:
            print(f"  {self.name}/{name}: PyTorch's own f32 is off by {error:.1e}")
        tolerance = max(f32 or self.f32, 4 * error)
        tolerance = float(f"{tolerance:.0e}") if tolerance == (f32 or self.f32) else float(f"{tolerance * 1.5:.0e}")
        everything = {f"input.{i}": t for i, t in enumerate(tensors.values())}
        everything.update(state)
        everything.update(found)
        count = sum(k.startswith("output.") for k in found)
        names = list(outputs)[:count] if len(outputs) >= count else [f"output.{i}" for i in range(count)]
        line = {"case": name, **line, "inputs": list(inputs), "outputs": names, "seed": self.seed(name),
                "tolerance": {"f64": f64 or F64_TOLERANCE, "f32": tolerance}}
        if note:
            line["note"] = note
        return self.add(name, everything, line)

    def add(self, name, tensors, line):
        assert name not in {l["case"] for l in self.lines}, f"{name} is there twice"
        self.lines.append(plain(line))
        for key, t in tensors.items():
            self.tensors[f"{name}/{key}"] = t.detach().clone()
        return Recorded(tensors, line)

    def write(self):
        DATA.mkdir(exist_ok=True)
        write_safetensors(DATA / f"{self.name}.safetensors", self.tensors, {"torch": torch.__version__.split("+")[0]})
        head = json.dumps({"section": self.name, "torch": torch.__version__.split("+")[0]})[:-1]
        rows = ",\n".join("  " + json.dumps(line, allow_nan=False) for line in self.lines)
        (DATA / f"{self.name}.json").write_text(f'{head}, "cases": [\n{rows}\n]}}\n')
        return len(self.lines)


def write_safetensors(path, tensors, metadata):
    names = {torch.float64: "F64", torch.int64: "I64", torch.bool: "BOOL"}
    order = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for key, t in order:
        blob = t.contiguous().numpy().tobytes()
        header[key] = {"dtype": names[t.dtype], "shape": list(t.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))

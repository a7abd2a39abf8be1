"""Parameter, Buffer, Module and the containers: names, order, printing, state dicts, modes, hooks.

A case is a model built in `build` (the PyTorch code, to be written again in C++ by the test) and what PyTorch says of it:
  repr                what it prints
  state_dict          [key, shape] in order
  named_parameters    [name, requires_grad] in order, a shared one once
  named_buffers, named_modules, named_children: names in order; "" is the module itself
Cases with arrays run the model on inputs, as those of any layer.
"""

import inspect
import textwrap

import torch
from torch import nn

from record import Section, integers, normal

section = Section("module")


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.act = nn.ReLU()
        self.second = nn.Linear(6, 3, bias=False)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.second(self.act(self.first(x))) * self.scale


class Buffers(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 3))
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)
        self.register_parameter("bias", None)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("cache", torch.zeros(4), persistent=False)
        self.register_buffer("nothing", None)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return self.norm((x - self.mean) * self.frozen) @ self.weight.T


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.middle = nn.Linear(4, 4)
        self.head = nn.Linear(4, 7, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        return self.head(torch.tanh(self.middle(self.embedding(x))))


class SharedModule(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.Linear(3, 3)
        self.a = layer
        self.b = nn.Sequential(layer, nn.ReLU())
        self.c = layer

    def forward(self, x):
        return self.c(self.b(self.a(x)))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x))) + x


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3)
        self.blocks = nn.ModuleList([Block(4) for _ in range(2)])
        self.heads = nn.ModuleDict({"classes": nn.Linear(4, 3), "box": nn.Linear(4, 2)})

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = x.mean((2, 3))
        return self.heads["classes"](x), self.heads["box"](x)


class Lists(nn.Module):
    def __init__(self):
        super().__init__()
        self.list = nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))])
        self.list.append(nn.Parameter(torch.zeros(1)))
        self.dict = nn.ParameterDict({"left": nn.Parameter(torch.zeros(3)), "right": nn.Parameter(torch.zeros(3))})

    def forward(self, x):
        return x @ self.list[0].T * self.list[2] + (self.dict["left"] * self.dict["right"]).sum() + self.list[1].sum()


def describe(name, build, source=None, **more):
    module = build()
    source = source or textwrap.dedent(inspect.getsource(build)).strip()
    line = {"layer": type(module).__name__, "build": source, "repr": repr(module),
            "state_dict": [[k, list(v.shape)] for k, v in module.state_dict().items()],
            "named_parameters": [[k, p.requires_grad] for k, p in module.named_parameters()],
            "named_buffers": [k for k, _ in module.named_buffers()], "named_modules": [k for k, _ in module.named_modules()],
            "named_children": [k for k, _ in module.named_children()], **more}
    section.record(name, line)


def lines(name, source):
    """A model given as lines of code that end with it in `m`."""
    source = textwrap.dedent(source).strip()
    space = {"nn": nn, "torch": torch}
    exec(source, space)
    describe(name, lambda: space["m"], source)


for cls in (TwoLayers, Buffers, Tied, SharedModule, Residual, Lists):
    describe(f"{cls.__name__}/names", cls)

lines("Sequential/plain", "m = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))")
lines("Sequential/empty", "m = nn.Sequential()")
lines("Sequential/named", """
    from collections import OrderedDict
    m = nn.Sequential(OrderedDict([("conv", nn.Conv2d(1, 4, 3)), ("relu", nn.ReLU()), ("flat", nn.Flatten())]))""")
lines("Sequential/nested", "m = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), nn.Sequential(nn.Sequential(nn.Linear(3, 1))))")
lines("Sequential/append_insert_extend", """
    m = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 3))
    m.append(nn.ReLU())
    m.insert(1, nn.Tanh())
    m.extend([nn.Linear(3, 4), nn.Identity()])""")
lines("Sequential/pop_delete_set", """
    m = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 5))
    m.pop(-1)
    del m[0]
    m[1] = nn.Sigmoid()""")
lines("Sequential/slice", "m = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3), nn.Tanh())[1:3]")
lines("Sequential/slice_negative", "m = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3), nn.Tanh())[-3:]")
lines("Sequential/slice_step", "m = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3), nn.Tanh())[::2]")
lines("Sequential/sum", "m = nn.Sequential(nn.Linear(1, 2)) + nn.Sequential(nn.ReLU(), nn.Linear(2, 1))")
lines("ModuleList/equal_children", "m = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])")
lines("ModuleList/runs_of_equal_children", """
    m = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2), nn.Linear(2, 2), nn.Linear(2, 2)])""")
lines("ModuleList/empty", "m = nn.ModuleList()")
lines("ModuleList/append_insert_extend", """
    m = nn.ModuleList([nn.Linear(1, 2)])
    m.append(nn.Linear(2, 3))
    m.insert(0, nn.ReLU())
    m.extend([nn.Linear(3, 4), nn.Linear(4, 5)])""")
lines("ModuleList/pop_slice", """
    m = nn.ModuleList([nn.Linear(i, i + 1) for i in range(1, 7)])
    m.pop(2)
    m = m[1:4]""")
lines("ModuleDict/order", """
    m = nn.ModuleDict({"conv": nn.Conv1d(1, 2, 3), "act": nn.ReLU()})
    m["last"] = nn.Linear(2, 2)
    m.update({"more": nn.Linear(1, 1), "act": nn.Tanh()})
    m.pop("conv")""")
lines("ModuleDict/empty", "m = nn.ModuleDict()")
lines("ParameterList/plain", """
    m = nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))])
    m.append(nn.Parameter(torch.zeros(1)))
    m.extend([nn.Parameter(torch.zeros(2))])
    m[1] = nn.Parameter(torch.zeros(5, 5))""")
lines("ParameterDict/plain", """
    m = nn.ParameterDict({"left": nn.Parameter(torch.zeros(2)), "right": nn.Parameter(torch.zeros(3, 2))})
    m["more"] = nn.Parameter(torch.zeros(1))
    m.pop("left")""")

#             case                        built by       inputs                                      results
section.layer("TwoLayers/run",            TwoLayers,     {}, dict(input=normal(5, 4)),               bind=lambda t: ((t["input"],), {}))
section.layer("Buffers/run",              Buffers,       {}, dict(input=normal(5, 3)),               bind=lambda t: ((t["input"],), {}), frozen=["frozen"])
section.layer("Buffers/run_eval",         Buffers,       {}, dict(input=normal(5, 3)),               bind=lambda t: ((t["input"],), {}), frozen=["frozen"], mode="eval")
section.layer("Tied/run",                 Tied,          {}, dict(input=integers(2, 3, low=0, high=7)), bind=lambda t: ((t["input"],), {}),
              note="embedding.weight is head.weight too: one gradient, the sum of both uses")
section.layer("SharedModule/run",         SharedModule,  {}, dict(input=normal(4, 3)),               bind=lambda t: ((t["input"],), {}))
section.layer("Residual/run",             Residual,      {}, dict(input=normal(2, 2, 6, 5)),         outputs=("classes", "box"), bind=lambda t: ((t["input"],), {}))
section.layer("Residual/run_eval",        Residual,      {}, dict(input=normal(2, 2, 6, 5)),         outputs=("classes", "box"), bind=lambda t: ((t["input"],), {}), mode="eval")
section.layer("Lists/run",                Lists,         {}, dict(input=normal(2, 3)),               bind=lambda t: ((t["input"],), {}))


def hooked(where):
    m = TwoLayers()
    if where == "pre":
        m.second.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 2,))
    elif where == "after":
        m.first.register_forward_hook(lambda module, inputs, output: output + inputs[0].sum())
    elif where == "both":
        m.act.register_forward_pre_hook(lambda module, inputs: (inputs[0] - 1,))
        m.act.register_forward_hook(lambda module, inputs, output: output * 3)
        m.act.register_forward_hook(lambda module, inputs, output: output + 1)
    return m


for where, note in (("pre", "a forward pre-hook of `second` doubles its input"),
                    ("after", "a forward hook of `first` adds the sum of its input to its output"),
                    ("both", "`act`: a pre-hook subtracts 1; two hooks, in order: times 3, plus 1")):
    section.layer(f"TwoLayers/hook_{where}", TwoLayers, {}, dict(input=normal(5, 4)), bind=lambda t: ((t["input"],), {}),
                  build=lambda where=where: hooked(where), note=note)

# load_state_dict: what is reported for a state with keys that are missing, unexpected and of another shape.
state = TwoLayers().state_dict()
del state["first.bias"], state["scale"]
state["third.weight"] = torch.zeros(2)
found = TwoLayers().load_state_dict(state, strict=False)


def error_of(state, strict=True):
    try:
        TwoLayers().load_state_dict(state, strict=strict)
    except RuntimeError as e:
        return str(e)


misshapen = dict(TwoLayers().state_dict(), **{"first.weight": torch.zeros(6, 5)})
section.record("load_state_dict/missing_and_unexpected",
               {"layer": "TwoLayers", "keys": list(state), "missing": list(found.missing_keys), "unexpected": list(found.unexpected_keys), "raises": error_of(state)})
section.record("load_state_dict/misshapen",
               {"layer": "TwoLayers", "keys": list(misshapen), "given": {"first.weight": [6, 5]}, "raises": error_of(misshapen, strict=False)},
               note="raised with strict=False too")

# The order in which `apply` visits, and which modules `eval` and `train` reach.
order = []
Residual().apply(lambda m: order.append(type(m).__name__))
section.record("apply/order", {"layer": "Residual", "visited": order})
m = Residual()
m.eval()
m.blocks[1].train()
section.record("train/modes", {"layer": "Residual", "build": "m.eval(); m.blocks[1].train()", "training": [[k, v.training] for k, v in m.named_modules()]})

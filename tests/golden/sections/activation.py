"""Elementwise activations: ordinary values with every kink and both zeros, far out, the small side of a tail, infinities, NaN."""

import torch
from torch import nn

from record import Section, literal, normal, uniform

section = Section("activation")

# Kinks of every default and option below lie on this grid of quarters, as do both zeros.
VALUES = [[k * 0.25 for k in range(-28, 29)], [0.0, -0.0] + [k * 0.25 + 0.0625 for k in range(-28, 27)]]
FAR = [s * x for x in (1.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 88.0, 90.0, 100.0, 104.0, 120.0) for s in (-1.0, 1.0)]
EXTREME = [s * x for x in (1.0, 700.0, 750.0, 1e3, 1e4) for s in (-1.0, 1.0)]
TAIL = [8.0, 9.5, 11.0, 13.0, 16.5, 20.5, 24.0, 31.0, 37.0]
SMALL = [s * x for x in (1e-4, 7e-5, 3e-5, 1e-5, 2e-6, 1e-7) for s in (-1.0, 1.0)]

#        layer          options                                 where a small value must be exact relative to itself
ROWS = [(nn.ELU,         [{}, dict(alpha=0.5), dict(alpha=2.5)], "small"),
        (nn.CELU,        [{}, dict(alpha=0.5), dict(alpha=2.5)], "small"),
        (nn.SELU,        [{}],                                   "small"),
        (nn.GELU,        [{}, dict(approximate="tanh")],         "small"),
        (nn.Hardshrink,  [{}, dict(lambd=1.25)],                 ""),
        (nn.Hardsigmoid, [{}],                                   ""),
        (nn.Hardswish,   [{}],                                   ""),
        (nn.Hardtanh,    [{}, dict(min_val=-0.5, max_val=2.25)], ""),
        (nn.LeakyReLU,   [{}, dict(negative_slope=0.25), dict(negative_slope=0.0)], ""),
        (nn.LogSigmoid,  [{}],                                   "tail+"),
        (nn.Mish,        [{}],                                   "tail-"),
        (nn.ReLU,        [{}],                                   ""),
        (nn.ReLU6,       [{}],                                   ""),
        (nn.Sigmoid,     [{}],                                   "tail-"),
        (nn.SiLU,        [{}],                                   "tail-"),
        (nn.Softplus,    [{}, dict(beta=2.0), dict(threshold=3.0), dict(beta=0.5, threshold=1.25)], "tail-"),
        (nn.Softshrink,  [{}, dict(lambd=1.25), dict(lambd=0.0)], ""),
        (nn.Softsign,    [{}],                                   "small"),
        (nn.Tanh,        [{}],                                   "small"),
        (nn.Tanhshrink,  [{}],                                   ""),
        (nn.Threshold,   [dict(threshold=0.25, value=-3.0), dict(threshold=-1.0, value=20.0)], "")]


def special(name, layer, args, value):
    """One infinity or NaN: recorded where PyTorch's value is no NaN (for NaN: always); the gradient likewise."""
    x = torch.full((3,), value, dtype=torch.float64, requires_grad=True)
    y = layer(**args)(x)
    if value == value and bool(y.isnan().any()):
        return
    (g,) = torch.autograd.grad(y.sum(), x)
    section.layer(name, layer, args, dict(input=literal([value] * 3)), grad=value == value and not bool(g.isnan().any()))


# PyTorch's f64 gradient of Hardsigmoid between its kinks is 1/6 rounded to f32; its value uses 1/6 itself.
ROUNDED = dict(f64=5e-8, note="PyTorch's gradient is 1/6 rounded to f32")

for layer, options, small in ROWS:
    more = ROUNDED if layer is nn.Hardsigmoid else {}
    for args in options:
        name = layer.__name__ + "/" + "".join(f"{k}={v} " for k, v in args.items()).strip().replace(" ", ",")
        name = name.removesuffix("/") + "/"
        section.layer(name + "values", layer, args, dict(input=literal(VALUES)), **more)
        section.layer(name + "random", layer, args, dict(input=normal(3, 5, 7, scale=2.0)), **more)
        section.layer(name + "far", layer, args, dict(input=literal(FAR)), **more)
        section.layer(name + "extreme", layer, args, dict(input=literal(EXTREME)), **more)
        if small.startswith("tail"):
            sign = 1.0 if small.endswith("+") else -1.0
            beta = args.get("beta", 1.0)
            section.layer(name + "tail", layer, args, dict(input=literal([sign * x / beta for x in TAIL])))
        elif small:
            section.layer(name + "small", layer, args, dict(input=literal(SMALL)))
        special(name + "plus_infinity", layer, args, float("inf"))
        special(name + "minus_infinity", layer, args, float("-inf"))
        special(name + "nan", layer, args, float("nan"))

#             case                    layer     arguments                          inputs
section.layer("ReLU/scalar",          nn.ReLU,  {},                                dict(input=normal()))
section.layer("Tanh/one_element",     nn.Tanh,  {},                                dict(input=normal(1)))

# PReLU: one slope, or one a channel (axis 1, or axis 0 of a vector has none: a 1-d input is one channel).
section.layer("PReLU/values",         nn.PReLU, {},                                dict(input=literal(VALUES)))
section.layer("PReLU/extreme",        nn.PReLU, dict(init=0.5),                    dict(input=literal(EXTREME)))
section.layer("PReLU/vector",         nn.PReLU, {},                                dict(input=normal(7)))
section.layer("PReLU/channels_2d",    nn.PReLU, dict(num_parameters=5),            dict(input=normal(4, 5)))
section.layer("PReLU/channels_4d",    nn.PReLU, dict(num_parameters=3),            dict(input=normal(2, 3, 4, 5)))
section.layer("PReLU/one_for_4d",     nn.PReLU, dict(num_parameters=1),            dict(input=normal(2, 3, 4, 5)))
section.layer("PReLU/zeros",          nn.PReLU, dict(num_parameters=2),            dict(input=literal([[0.0, -0.0], [-1.0, 1.0]])))

# RReLU: the mean slope in evaluation; in training one slope an element, which is certain where lower equals upper.
section.layer("RReLU/eval",           nn.RReLU, {},                                dict(input=literal(VALUES)), mode="eval")
section.layer("RReLU/eval_options",   nn.RReLU, dict(lower=0.25, upper=0.75),      dict(input=normal(3, 5)), mode="eval")
section.layer("RReLU/eval_extreme",   nn.RReLU, {},                                dict(input=literal(EXTREME)), mode="eval")
section.layer("RReLU/train_certain",  nn.RReLU, dict(lower=0.25, upper=0.25),      dict(input=literal(VALUES)))
section.layer("RReLU/train_positive", nn.RReLU, {},                                dict(input=uniform(3, 5, low=0.0, high=9.0)))

section.layer("GLU/last",             nn.GLU,   {},                                dict(input=normal(3, 5, 8)))
section.layer("GLU/dim0",             nn.GLU,   dict(dim=0),                       dict(input=normal(6, 5)))
section.layer("GLU/dim1",             nn.GLU,   dict(dim=1),                       dict(input=normal(2, 10, 3)))
section.layer("GLU/dim-2",            nn.GLU,   dict(dim=-2),                      dict(input=normal(2, 4, 3)))
section.layer("GLU/extreme",          nn.GLU,   dict(dim=0),                       dict(input=literal([[1.0] * len(EXTREME), EXTREME])))
section.layer("GLU/vector",           nn.GLU,   {},                                dict(input=normal(2)))

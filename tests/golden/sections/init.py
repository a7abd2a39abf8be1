"""nn.init and each layer's own initialisation: distributions, not numbers, since nnc draws with a generator of its own.

`distribution` is one of
  {"kind": "uniform", "low", "high"}          {"kind": "normal", "mean", "deviation"}
  {"kind": "truncated_normal", "mean", "deviation", "low", "high"}: of `mean` and `deviation` before it is cut to [low, high]
  {"kind": "constant", "value"}               {"kind": "exact"}: array `output.0` holds the values
  {"kind": "orthogonal", "gain"}: the matrix [shape[0], rest] has orthogonal rows (columns, if it is tall) of length `gain`
  {"kind": "sparse", "zeros", "deviation"}: exactly `zeros` zeros in each column, the others normal
Each is checked here against many samples that PyTorch draws. A layer's row lists `parameters`, each with `shape` and `distribution`.
"""

import math

import torch
from torch import nn
from torch.nn import init

from record import Section

section = Section("init")


def uniform(bound):
    return {"kind": "uniform", "low": -bound, "high": bound}


def normal(deviation, mean=0.0):
    return {"kind": "normal", "mean": mean, "deviation": deviation}


def constant(value):
    return {"kind": "constant", "value": value}


def check(distribution, sample, what):
    """`sample` draws one tensor; asserts that many of them fit."""
    kind = distribution["kind"]
    first = sample()
    draws = torch.cat([sample().double().flatten() for _ in range(max(1, 40000 // max(1, first.numel())))])
    if kind == "uniform":
        low, high = distribution["low"], distribution["high"]
        assert low <= draws.min() and draws.max() <= high, what
        assert draws.max() - draws.min() > 0.99 * (high - low), what
    elif kind == "normal":
        assert abs(draws.mean() - distribution["mean"]) < 0.03 * distribution["deviation"], what
        assert abs(draws.std() / distribution["deviation"] - 1) < 0.02, what
    elif kind == "truncated_normal":
        assert distribution["low"] <= draws.min() and draws.max() <= distribution["high"], what
    elif kind == "constant":
        assert bool((draws == distribution["value"]).all()), what
    elif kind == "orthogonal":
        m = first.reshape(first.shape[0], -1).double()
        product = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
        assert torch.allclose(product, distribution["gain"] ** 2 * torch.eye(len(product), dtype=torch.float64), atol=1e-5), what
    elif kind == "sparse":
        assert bool(((first == 0).sum(0) == distribution["zeros"]).all()), what


def row(name, function, shape, distribution, **args):
    torch.manual_seed(0)
    fill = getattr(init, function)
    tensors = {}
    if distribution["kind"] == "exact":
        tensors["output.0"] = fill(torch.empty(shape, dtype=torch.float64), **args)
    else:
        check(distribution, lambda: fill(torch.empty(shape), **args), (function, name))
    section.record(f"{function}/{name}", {"function": function, "args": args, "shape": list(shape), "distribution": distribution}, tensors)


#   case             function             shape            distribution                      arguments
row("default",       "uniform_",          (30, 40),        {"kind": "uniform", "low": 0.0, "high": 1.0})
row("range",         "uniform_",          (30, 40),        {"kind": "uniform", "low": -3.0, "high": 0.5}, a=-3.0, b=0.5)
row("default",       "normal_",           (30, 40),        normal(1.0))
row("options",       "normal_",           (30, 40),        normal(0.25, 2.0),                mean=2.0, std=0.25)
row("default",       "trunc_normal_",     (30, 40),        {"kind": "truncated_normal", "mean": 0.0, "deviation": 1.0, "low": -2.0, "high": 2.0})
row("options",       "trunc_normal_",     (30, 40),        {"kind": "truncated_normal", "mean": 0.5, "deviation": 2.0, "low": -1.0, "high": 3.0},
    mean=0.5, std=2.0, a=-1.0, b=3.0)
row("plain",         "constant_",         (3, 4),          constant(0.75),                   val=0.75)
row("plain",         "ones_",             (3, 4),          constant(1.0))
row("plain",         "zeros_",            (3, 4),          constant(0.0))
row("wide",          "eye_",              (3, 5),          {"kind": "exact"})
row("tall",          "eye_",              (4, 2),          {"kind": "exact"})
row("1d",            "dirac_",            (4, 3, 5),       {"kind": "exact"})
row("2d",            "dirac_",            (3, 4, 3, 2),    {"kind": "exact"})
row("3d",            "dirac_",            (2, 2, 3, 3, 3), {"kind": "exact"})
row("groups",        "dirac_",            (6, 2, 3, 3),    {"kind": "exact"},                groups=3)
row("matrix",        "orthogonal_",       (5, 9),          {"kind": "orthogonal", "gain": 1.0})
row("tall",          "orthogonal_",       (9, 5),          {"kind": "orthogonal", "gain": 2.0}, gain=2.0)
row("kernel",        "orthogonal_",       (4, 3, 2, 2),    {"kind": "orthogonal", "gain": 1.0})
row("default",       "sparse_",           (20, 7),         {"kind": "sparse", "zeros": 5, "deviation": 0.01}, sparsity=0.25)
row("rounds_up",     "sparse_",           (11, 3),         {"kind": "sparse", "zeros": 4, "deviation": 2.0},  sparsity=0.3, std=2.0)

FANS = {"matrix": (30, 50), "conv1d": (12, 8, 5), "conv2d": (16, 6, 3, 2), "conv3d": (5, 4, 3, 2, 3)}
for name, shape in FANS.items():
    field = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * field, shape[0] * field
    assert init._calculate_fan_in_and_fan_out(torch.empty(shape)) == (fan_in, fan_out)
    row(name, "xavier_uniform_", shape, uniform(math.sqrt(6 / (fan_in + fan_out))))
    row(name + "_gain", "xavier_uniform_", shape, uniform(2.5 * math.sqrt(6 / (fan_in + fan_out))), gain=2.5)
    row(name, "xavier_normal_", shape, normal(math.sqrt(2 / (fan_in + fan_out))))
    row(name + "_gain", "xavier_normal_", shape, normal(2.5 * math.sqrt(2 / (fan_in + fan_out))), gain=2.5)
    for function, make in (("kaiming_uniform_", lambda d: uniform(math.sqrt(3) * d)), ("kaiming_normal_", normal)):
        row(name, function, shape, make(math.sqrt(2 / fan_in)))
        row(name + "_fan_out", function, shape, make(math.sqrt(2 / fan_out)), mode="fan_out")
        row(name + "_a", function, shape, make(math.sqrt(2 / (1 + 0.5**2)) / math.sqrt(fan_in)), a=0.5)
        row(name + "_relu", function, shape, make(math.sqrt(2 / fan_out)), mode="fan_out", nonlinearity="relu")
        row(name + "_tanh", function, shape, make(5 / 3 / math.sqrt(fan_in)), nonlinearity="tanh")
        row(name + "_linear", function, shape, make(1 / math.sqrt(fan_in)), nonlinearity="linear")

for nonlinearity, param in (("linear", None), ("conv1d", None), ("conv2d", None), ("conv3d", None), ("conv_transpose2d", None), ("sigmoid", None),
                            ("tanh", None), ("relu", None), ("leaky_relu", None), ("leaky_relu", 0.25), ("selu", None)):
    args = dict(nonlinearity=nonlinearity, **({} if param is None else dict(param=param)))
    section.record(f"calculate_gain/{nonlinearity}{'' if param is None else f'_{param}'}", {"function": "calculate_gain", "args": args},
                   {"output.0": torch.tensor(float(init.calculate_gain(nonlinearity, param)), dtype=torch.float64)})


def layer(name, cls, args, **expected):
    torch.manual_seed(0)
    shapes = {k: list(p.shape) for k, p in cls(**args).named_parameters()}
    assert set(shapes) == set(expected), (name, set(shapes) ^ set(expected))
    for key, distribution in expected.items():
        check(distribution, lambda: cls(**args).get_parameter(key).detach(), (name, key))
    parameters = {k: {"shape": shapes[k], "distribution": d} for k, d in expected.items()}
    section.record(f"{cls.__name__}/{name}", {"layer": cls.__name__, "args": args, "parameters": parameters})


def fan(n):
    return uniform(1 / math.sqrt(n))


layer("default", nn.Linear, dict(in_features=40, out_features=30), weight=fan(40), bias=fan(40))
layer("no_bias", nn.Linear, dict(in_features=3, out_features=700, bias=False), weight=fan(3))
layer("default", nn.Conv1d, dict(in_channels=8, out_channels=12, kernel_size=5), weight=fan(40), bias=fan(40))
layer("default", nn.Conv2d, dict(in_channels=6, out_channels=16, kernel_size=(3, 2)), weight=fan(36), bias=fan(36))
layer("groups", nn.Conv2d, dict(in_channels=6, out_channels=18, kernel_size=3, groups=3), weight=fan(18), bias=fan(18))
layer("default", nn.Conv3d, dict(in_channels=2, out_channels=5, kernel_size=(3, 2, 3)), weight=fan(36), bias=fan(36))
layer("default", nn.BatchNorm1d, dict(num_features=7), weight=constant(1.0), bias=constant(0.0))
layer("default", nn.BatchNorm2d, dict(num_features=7), weight=constant(1.0), bias=constant(0.0))
layer("default", nn.LayerNorm, dict(normalized_shape=[4, 5]), weight=constant(1.0), bias=constant(0.0))
layer("default", nn.GroupNorm, dict(num_groups=2, num_channels=6), weight=constant(1.0), bias=constant(0.0))
layer("default", nn.Embedding, dict(num_embeddings=50, embedding_dim=20), weight=normal(1.0))
layer("default", nn.PReLU, dict(num_parameters=3), weight=constant(0.25))
layer("init", nn.PReLU, dict(init=0.5), weight=constant(0.5))
for cls in (nn.LSTM, nn.GRU):
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    layer("default", cls, dict(input_size=5, hidden_size=16), **{k: fan(16) for k in names})
    both = [k + end for k in names for end in ("", "_reverse")]
    layer("bidirectional", cls, dict(input_size=5, hidden_size=9, num_layers=2, bidirectional=True),
          **{k: fan(9) for k in both + [k.replace("l0", "l1") for k in both]})
layer("projected", nn.LSTM, dict(input_size=5, hidden_size=16, proj_size=3),
      **{k: fan(16) for k in ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"]})


def xavier(rows, columns):
    return uniform(math.sqrt(6 / (rows + columns)))


layer("default", nn.MultiheadAttention, dict(embed_dim=20, num_heads=4), in_proj_weight=xavier(60, 20), in_proj_bias=constant(0.0),
      **{"out_proj.weight": fan(20), "out_proj.bias": constant(0.0)})
layer("kdim_bias_kv", nn.MultiheadAttention, dict(embed_dim=20, num_heads=4, kdim=7, vdim=9, add_bias_kv=True),
      q_proj_weight=xavier(20, 20), k_proj_weight=xavier(20, 7), v_proj_weight=xavier(20, 9), in_proj_bias=constant(0.0),
      # bias_k and bias_v are [1, 1, E]: fan in and fan out are both E
      bias_k=normal(math.sqrt(2 / 40)), bias_v=normal(math.sqrt(2 / 40)),
      **{"out_proj.weight": fan(20), "out_proj.bias": constant(0.0)})

# The row of padding_idx begins as zeros.
torch.manual_seed(0)
assert bool((nn.Embedding(5, 3, padding_idx=-2).weight[3] == 0).all())
section.record("Embedding/padding", {"layer": "Embedding", "args": dict(num_embeddings=50, embedding_dim=20, padding_idx=-2), "zero_row": 48,
                                     "parameters": {"weight": {"shape": [50, 20], "distribution": normal(1.0)}}},
               note="as the default, but row `zero_row` is zero")

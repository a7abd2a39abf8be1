"""clip_grad_norm_. Inputs are the gradients; results are `total_norm` and the gradients after it.

A case with `raises` has no results: PyTorch throws.
"""

import torch
from torch.nn.utils import clip_grad_norm_

from record import Section, edited, literal, normal

section = Section("utils")
INF, NAN = float("inf"), float("nan")


def clip(name, args, *gradients):
    inputs = {f"gradient{i}": g for i, g in enumerate(gradients)}
    raises = []

    def run(**tensors):
        kind = {k: v for k, v in tensors.items() if k.startswith("gradient")}
        parameters = []
        for g in kind.values():
            p = torch.nn.Parameter(torch.zeros_like(g))
            p.grad = g.clone()
            parameters.append(p)
        try:
            norm = clip_grad_norm_(parameters, **args)
        except RuntimeError as e:
            raises.append(str(e))
            return []
        return [norm.to(next(iter(kind.values())).dtype)] + [p.grad for p in parameters]

    outputs = ["total_norm"] + list(inputs)
    done = section.function(f"clip_grad_norm_/{name}", run, {}, inputs, outputs=outputs, grad=False, label="clip_grad_norm_")
    section.lines[-1]["args"] = {k: str(v) if isinstance(v, float) and v in (INF, -INF) else v for k, v in args.items()}
    if raises:
        section.lines[-1]["raises"] = raises[0]
    return done


A, B, C = normal(3, 4), normal(5, scale=0.1), normal(2, 2, 3, scale=10.0)

#    case                  arguments                                           gradients
clip("clipped",            dict(max_norm=1.0),                                 A, B, C)
clip("not_clipped",        dict(max_norm=1e4),                                 A, B, C)
clip("norm_1",             dict(max_norm=2.0, norm_type=1.0),                  A, B, C)
clip("norm_2",             dict(max_norm=0.5, norm_type=2),                    A, B, C)
clip("norm_3",             dict(max_norm=0.5, norm_type=3.0),                  A, B, C)
clip("norm_half",          dict(max_norm=0.5, norm_type=0.5),                  A, B, C)
clip("norm_inf",           dict(max_norm=0.25, norm_type=INF),                 A, B, C)
clip("norm_inf_not_clipped", dict(max_norm=1e4, norm_type=INF),                A, B, C)
clip("one",                dict(max_norm=1.0),                                 A)
clip("scalar",             dict(max_norm=0.25),                                literal(-3.0))
clip("just_at_norm",       dict(max_norm=5.0),                                 literal([3.0, 4.0]))
clip("zeros",              dict(max_norm=1.0),                                 literal([0.0, 0.0]), literal([[0.0]]))
clip("zero_max",           dict(max_norm=0.0),                                 A, B)
clip("infinite",           dict(max_norm=1.0),                                 literal([1.0, INF]), literal([2.0]))
clip("nan",                dict(max_norm=1.0),                                 literal([1.0, NAN]), literal([2.0]))
clip("nan_norm_inf",       dict(max_norm=1.0, norm_type=INF),                  literal([1.0, NAN]), literal([2.0]))
clip("error_if_nonfinite", dict(max_norm=1.0, error_if_nonfinite=True),        A, B)
clip("error_infinite",     dict(max_norm=1.0, error_if_nonfinite=True),        literal([1.0, INF]), literal([2.0]))
clip("error_nan",          dict(max_norm=1.0, norm_type=1.0, error_if_nonfinite=True), literal([1.0, NAN]), literal([2.0]))

"""L1Loss, MSELoss, NLLLoss, CrossEntropyLoss and BCEWithLogitsLoss with every option and reduction.

A weight of the constructor is a buffer (`buffer.weight`, `buffer.pos_weight`), as it is in PyTorch.
"""

import torch
from torch import nn

from record import Section, edited, exact, integers, literal, normal, probabilities, uniform

section = Section("loss")
REDUCTIONS = ("mean", "sum", "none")
INF = float("inf")


def rows(layer, *table):
    """Each row once a reduction."""
    for name, inputs, args in table:
        for reduction in REDUCTIONS:
            section.layer(f"{layer.__name__}/{name}/{reduction}", layer, dict(**args, reduction=reduction), inputs)


def pair(*shape, target=None):
    """Input and target of one shape, both differentiable."""
    return dict(input=normal(*shape), target=target or normal(*shape))


def classes(shape, labels):
    """Scores [N, C, d...] and class indices [N, d...]; `labels` writes the indices out."""
    return dict(input=normal(*shape), target=labels if not isinstance(labels, list) else literal(labels))


def weights(n, seed=7):
    return exact(torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.25)


def log_softmax(*shape, dim=1):
    def make(g):
        return exact(torch.log_softmax(normal(*shape).make(g), dim))

    spec = normal(*shape)
    spec.make = make
    return spec


SOME_EQUAL = dict(input=literal([[1.0, 2.0, -3.0, 0.0], [0.5, -0.0, 4.0, 1e3]]), target=literal([[1.0, 1.5, 3.0, 0.0], [0.75, 0.0, 4.0, -1e3]]))

for distance in (nn.L1Loss, nn.MSELoss):
    rows(distance,
         ("matrix",        pair(3, 5),                             {}),
         ("4d",            pair(2, 3, 2, 3),                       {}),
         ("scalar",        pair(),                                 {}),
         ("some_equal",    SOME_EQUAL,                             {}),
         ("target_fixed",  dict(input=normal(7), target=normal(7).constant()), {}))
    section.layer(f"{distance.__name__}/default", distance, {}, pair(4, 3))

# Class indices. -100 is what ignore_index is by default.
N5 = integers(7, low=0, high=5)
K2 = integers(2, 3, 4, low=0, high=5)
IGNORED = [1, -100, 4, 0, -100, 3, 2]

for likelihood, scores in ((nn.NLLLoss, log_softmax), (nn.CrossEntropyLoss, normal)):
    rows(likelihood,
         ("matrix",              dict(input=scores(7, 5), target=N5),                       {}),
         ("vector",              dict(input=scores(5, dim=0) if scores is log_softmax else scores(5), target=literal(3)), {}),
         ("1_dimensional",       dict(input=scores(2, 5, 3), target=integers(2, 3, low=0, high=5)), {}),
         ("2_dimensional",       dict(input=scores(2, 5, 3, 4), target=K2),                 {}),
         ("3_dimensional",       dict(input=scores(2, 3, 2, 3, 2), target=integers(2, 2, 3, 2, low=0, high=3)), {}),
         ("weight",              dict(input=scores(7, 5), target=N5),                       dict(weight=weights(5))),
         ("weight_2d",           dict(input=scores(2, 5, 3, 4), target=K2),                 dict(weight=weights(5))),
         ("ignore_default",      dict(input=scores(7, 5), target=literal(IGNORED)),         {}),
         ("ignore_index",        dict(input=scores(7, 5), target=literal([1, 2, 4, 0, 2, 3, 2])), dict(ignore_index=2)),
         ("ignore_out_of_range", dict(input=scores(3, 5), target=literal([1, 255, 4])),     dict(ignore_index=255)),
         ("ignore_weight",       dict(input=scores(7, 5), target=literal(IGNORED)),         dict(weight=weights(5))),
         ("ignore_weight_2d",    dict(input=scores(2, 5, 3, 4), target=K2),                 dict(weight=weights(5), ignore_index=1)),
         ("all_ignored",         dict(input=scores(3, 5), target=literal([-100, -100, -100])), {}),
         ("all_ignored_weight",  dict(input=scores(3, 5), target=literal([1, 1, 1])),       dict(weight=weights(5), ignore_index=1)),
         ("zero_weight",         dict(input=scores(3, 4), target=literal([1, 2, 1])),       dict(weight=torch.tensor([1.0, 0.0, 0.5, 2.0]).double())),
         ("one_class",           dict(input=scores(3, 1), target=literal([0, 0, 0])),       {}))
    section.layer(f"{likelihood.__name__}/default", likelihood, {}, dict(input=scores(4, 3), target=integers(4, low=0, high=3)))

LARGE = literal([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [800.0, 801.0, 790.0], [88.0, -104.0, 3.0]])
MASKED = edited(normal(3, 4), lambda t: (t[0, 1:3].fill_(-INF), t[2, 0].fill_(-INF)))
P = probabilities

rows(nn.CrossEntropyLoss,
     ("large",                      dict(input=LARGE, target=literal([1, 2, 0, 1])),        {}),
     ("minus_infinity_elsewhere",   dict(input=MASKED, target=literal([0, 2, 3])),          {}),
     ("wide",                       dict(input=normal(9, 65), target=integers(9, low=0, high=65)), {}),
     ("smoothing",                  dict(input=normal(7, 5), target=N5),                    dict(label_smoothing=0.125)),
     ("smoothing_all",              dict(input=normal(7, 5), target=N5),                    dict(label_smoothing=1.0)),
     ("smoothing_vector",           dict(input=normal(5), target=literal(2)),               dict(label_smoothing=0.25)),
     ("smoothing_2d",               dict(input=normal(2, 5, 3, 4), target=K2),              dict(label_smoothing=0.125)),
     ("smoothing_weight",           dict(input=normal(7, 5), target=N5),                    dict(label_smoothing=0.125, weight=weights(5))),
     ("smoothing_weight_2d",        dict(input=normal(2, 5, 3, 4), target=K2),              dict(label_smoothing=0.125, weight=weights(5))),
     ("smoothing_ignore",           dict(input=normal(7, 5), target=literal(IGNORED)),      dict(label_smoothing=0.125)),
     ("smoothing_ignore_weight",    dict(input=normal(7, 5), target=literal(IGNORED)),      dict(label_smoothing=0.125, weight=weights(5))),
     ("smoothing_all_ignored",      dict(input=normal(2, 5), target=literal([-100, -100])), dict(label_smoothing=0.125)),
     ("probabilities",              dict(input=normal(4, 5), target=P(4, 5)),               {}),
     ("probabilities_vector",       dict(input=normal(5), target=P(5, dim=0)),              {}),
     ("probabilities_2d",           dict(input=normal(2, 5, 3, 2), target=P(2, 5, 3, 2)),   {}),
     ("probabilities_weight",       dict(input=normal(4, 5), target=P(4, 5)),               dict(weight=weights(5))),
     ("probabilities_weight_2d",    dict(input=normal(2, 5, 3, 2), target=P(2, 5, 3, 2)),   dict(weight=weights(5))),
     ("probabilities_smoothing",    dict(input=normal(4, 5), target=P(4, 5)),               dict(label_smoothing=0.25)),
     ("probabilities_smoothing_weight", dict(input=normal(4, 5), target=P(4, 5)),           dict(label_smoothing=0.25, weight=weights(5))),
     ("probabilities_any_sum",      dict(input=normal(3, 4), target=uniform(3, 4, low=-0.5, high=2.0)), {}),
     ("probabilities_one_hot",      dict(input=normal(3, 4), target=literal([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])), {}))

LOGITS = [[0.0, -0.0, 1.0, -1.0, 20.0, -20.0, 88.0], [-88.0, 104.0, -104.0, 1e3, -1e3, 1e4, -1e4]]
TARGETS = [[0.0, 1.0, 0.25, 1.0, 0.0, 1.0, 0.0], [1.0, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0]]

rows(nn.BCEWithLogitsLoss,
     ("matrix",            dict(input=normal(3, 5, scale=2.0), target=uniform(3, 5, low=0.0, high=1.0)), {}),
     ("scalar",            dict(input=normal(), target=uniform(low=0.0, high=1.0)),             {}),
     ("target_fixed",      dict(input=normal(4, 3), target=literal([[0.0, 1.0, 1.0]] * 4).constant()), {}),
     ("weight",            dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(weight=weights((3, 5)))),
     ("weight_of_row",     dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(weight=weights(5))),
     ("weight_of_column",  dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(weight=weights((3, 1)))),
     ("pos_weight",        dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(pos_weight=weights(5) * 2)),
     ("pos_weight_one",    dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(pos_weight=torch.tensor([3.0]).double())),
     ("pos_weight_4d",     dict(input=normal(2, 3, 2, 2), target=uniform(2, 3, 2, 2, low=0.0, high=1.0)), dict(pos_weight=weights((3, 1, 1)) * 2)),
     ("both_weights",      dict(input=normal(3, 5), target=uniform(3, 5, low=0.0, high=1.0)),   dict(weight=weights((3, 1)), pos_weight=weights(5) * 2)),
     ("large",             dict(input=literal(LOGITS), target=literal(TARGETS)),                {}),
     ("large_pos_weight",  dict(input=literal(LOGITS), target=literal(TARGETS)),                dict(pos_weight=weights(7) * 4)))
section.layer("BCEWithLogitsLoss/default", nn.BCEWithLogitsLoss, {}, dict(input=normal(4, 3), target=uniform(4, 3, low=0.0, high=1.0)))

"""Embedding: padding_idx, max_norm with norm_type (it changes the table: `after.param.weight`), scale_grad_by_freq, sparse."""

import torch
from torch import nn

from record import Section, integers, literal

section = Section("sparse")


def E(n, width, **options):
    return dict(num_embeddings=n, embedding_dim=width, **options)


REPEATED = literal([[1, 4, 1], [6, 1, 4]])


def row(name, args, indices=None, **options):
    section.layer(f"Embedding/{name}", nn.Embedding, args, dict(input=indices or REPEATED), **options)


#   case                        arguments                                                   indices
row("matrix",                   E(7, 5),                                                    integers(3, 4, low=0, high=7))
row("vector",                   E(7, 5),                                                    literal([6, 0, 3]))
row("scalar",                   E(7, 5),                                                    literal(4))
row("3d",                       E(5, 3),                                                    integers(2, 3, 2, low=0, high=5))
row("repeated",                 E(7, 5))
row("width_1",                  E(7, 1))
row("one_row",                  E(1, 4),                                                    literal([0, 0, 0]))
row("int_ends",                 E(7, 3),                                                    literal([0, 6, 6, 0]))
row("padding",                  E(7, 5, padding_idx=1))
row("padding_last",             E(7, 5, padding_idx=-1),                                    literal([[6, 2], [0, 6]]))
row("padding_only",             E(7, 5, padding_idx=0),                                     literal([0, 0]))
row("max_norm",                 E(7, 5, max_norm=0.75))
row("max_norm_untouched",       E(7, 5, max_norm=100.0))
row("max_norm_1",               E(7, 5, max_norm=1.0, norm_type=1.0))
row("max_norm_3",               E(7, 5, max_norm=0.5, norm_type=3.0))
row("max_norm_inf",             E(7, 5, max_norm=0.25, norm_type=float("inf")))
row("max_norm_padding",         E(7, 5, max_norm=0.5, padding_idx=1))
row("by_frequency",             E(7, 5, scale_grad_by_freq=True))
row("by_frequency_padding",     E(7, 5, scale_grad_by_freq=True, padding_idx=4))
row("everything",               E(7, 5, padding_idx=6, max_norm=0.5, norm_type=1.5, scale_grad_by_freq=True))
row("sparse",                   E(7, 5, sparse=True), note="grad.param.weight is the sparse gradient written out in full")
row("sparse_padding",           E(7, 5, sparse=True, padding_idx=1))
row("frozen",                   E(7, 5), frozen=["weight"])


def from_pretrained(name, freeze, **options):
    section.layer(f"Embedding.from_pretrained/{name}", nn.Embedding, options, dict(input=REPEATED), layer="Embedding.from_pretrained",
                  build=lambda **args: nn.Embedding.from_pretrained(torch.zeros(7, 5), freeze=freeze, **args),
                  note=f"Embedding.from_pretrained(param.weight, freeze={freeze})")


from_pretrained("frozen", True)
from_pretrained("trained", False)
from_pretrained("options", False, padding_idx=1, max_norm=0.75)

"""Dropout where its result is certain: evaluation, p = 0, p = 1. What it draws in between is nnc's own."""

from torch import nn

from record import Section, normal

section = Section("dropout")

#             case                 layer       arguments     inputs
section.layer("Dropout/eval",      nn.Dropout, {},           dict(input=normal(3, 5)), mode="eval")
section.layer("Dropout/eval_p1",   nn.Dropout, dict(p=1.0),  dict(input=normal(3, 5)), mode="eval")
section.layer("Dropout/train_p0",  nn.Dropout, dict(p=0.0),  dict(input=normal(3, 5)))
section.layer("Dropout/train_p1",  nn.Dropout, dict(p=1.0),  dict(input=normal(2, 3, 4)))
section.layer("Dropout/p1_scalar", nn.Dropout, dict(p=1.0),  dict(input=normal()))

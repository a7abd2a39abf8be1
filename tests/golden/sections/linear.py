"""Linear, Identity and Flatten."""

from torch import nn

from record import Section, normal

section = Section("linear")

#             case                      layer        arguments                                              inputs
section.layer("Linear/matrix",          nn.Linear,   dict(in_features=5, out_features=7),                    dict(input=normal(3, 5)))
section.layer("Linear/vector",          nn.Linear,   dict(in_features=5, out_features=7),                    dict(input=normal(5)))
section.layer("Linear/leading_3d",      nn.Linear,   dict(in_features=6, out_features=3),                    dict(input=normal(2, 3, 6)))
section.layer("Linear/leading_5d",      nn.Linear,   dict(in_features=3, out_features=4),                    dict(input=normal(2, 1, 3, 2, 3)))
section.layer("Linear/no_bias",         nn.Linear,   dict(in_features=5, out_features=7, bias=False),        dict(input=normal(4, 5)))
section.layer("Linear/no_bias_vector",  nn.Linear,   dict(in_features=4, out_features=3, bias=False),        dict(input=normal(4)))
section.layer("Linear/to_one",          nn.Linear,   dict(in_features=9, out_features=1),                    dict(input=normal(5, 9)))
section.layer("Linear/from_one",        nn.Linear,   dict(in_features=1, out_features=6),                    dict(input=normal(5, 1)))
section.layer("Linear/wide",            nn.Linear,   dict(in_features=131, out_features=37),                 dict(input=normal(17, 131)))
section.layer("Linear/frozen_weight",   nn.Linear,   dict(in_features=4, out_features=3),                    dict(input=normal(2, 4)), frozen=["weight"])

section.layer("Identity/matrix",        nn.Identity, {},                                                    dict(input=normal(3, 5)))
section.layer("Identity/scalar",        nn.Identity, {},                                                    dict(input=normal()))
section.layer("Identity/any_arguments", nn.Identity, {},                                                    dict(input=normal(2, 3)),
              build=lambda: nn.Identity(54, unused_argument1=0.1, unused_argument2=False),
              note="built with the arguments (54, unused_argument1=0.1, unused_argument2=False), which change nothing")

section.layer("Flatten/default",        nn.Flatten,  {},                                                    dict(input=normal(2, 3, 4, 5)))
section.layer("Flatten/all",            nn.Flatten,  dict(start_dim=0),                                     dict(input=normal(2, 3, 4)))
section.layer("Flatten/middle",         nn.Flatten,  dict(start_dim=1, end_dim=2),                          dict(input=normal(2, 3, 4, 5)))
section.layer("Flatten/negative",       nn.Flatten,  dict(start_dim=-3, end_dim=-2),                        dict(input=normal(2, 3, 4, 5)))
section.layer("Flatten/nothing",        nn.Flatten,  dict(start_dim=2, end_dim=2),                          dict(input=normal(2, 3, 4)))
section.layer("Flatten/matrix",         nn.Flatten,  {},                                                    dict(input=normal(2, 3)))
section.layer("Flatten/scalar",         nn.Flatten,  dict(start_dim=0),                                     dict(input=normal()),
              note="a scalar becomes a vector of one element")

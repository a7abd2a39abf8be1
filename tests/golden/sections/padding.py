"""ConstantPad2d and ReflectionPad2d. Sizes are (left, right, top, bottom): the last axis first; negative ones crop."""

from torch import nn

from record import Section, normal

section = Section("padding")


def rows(layer, *table):
    for name, shape, args in table:
        section.layer(f"{layer.__name__}/{name}", layer, args, dict(input=normal(*shape)))


#    case                  input           arguments
rows(nn.ConstantPad2d,
     ("all_sides",         (2, 3, 4, 5),   dict(padding=2, value=1.5)),
     ("uneven",            (2, 3, 4, 5),   dict(padding=(1, 2, 3, 0), value=-0.5)),
     ("zero",              (2, 3, 4, 5),   dict(padding=(2, 1, 1, 2), value=0.0)),
     ("nothing",           (2, 3, 4, 5),   dict(padding=0, value=3.0)),
     ("crop",              (2, 3, 6, 7),   dict(padding=(-1, -2, -3, -1), value=9.0)),
     ("crop_all_sides",    (2, 3, 6, 7),   dict(padding=-2, value=9.0)),
     ("crop_and_pad",      (2, 3, 4, 6),   dict(padding=(-2, 3, 2, -1), value=2.0)),
     ("minus_infinity",    (1, 2, 3, 3),   dict(padding=(1, 0, 0, 2), value=float("-inf"))),
     ("unbatched",         (3, 4, 5),      dict(padding=(1, 2, 3, 0), value=-0.5)))

rows(nn.ReflectionPad2d,
     ("all_sides",         (2, 3, 4, 5),   dict(padding=2)),
     ("uneven",            (2, 3, 4, 5),   dict(padding=(1, 2, 3, 0))),
     ("largest",           (2, 3, 4, 5),   dict(padding=(4, 4, 3, 3))),
     ("nothing",           (2, 3, 4, 5),   dict(padding=0)),
     ("crop",              (2, 3, 6, 7),   dict(padding=(-1, -2, -3, -1))),
     ("crop_and_pad",      (2, 3, 5, 6),   dict(padding=(-2, 3, 2, -1))),
     ("unbatched",         (3, 4, 5),      dict(padding=(1, 2, 3, 0))))

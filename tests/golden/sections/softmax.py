"""Softmax and LogSoftmax along any axis; rows of minus infinity, large values, ties."""

from torch import nn

from record import Section, edited, literal, normal

section = Section("softmax")
INF, NAN = float("inf"), float("nan")

for layer in (nn.Softmax, nn.LogSoftmax):

    def row(name, dim, spec, **options):
        spec = normal(*spec, scale=2.0) if isinstance(spec, tuple) else spec
        section.layer(f"{layer.__name__}/{name}", layer, dict(dim=dim), dict(input=spec), **options)

    #   case                     dim  input
    row("last",                  -1,  (3, 5))
    row("first",                 0,   (3, 5))
    row("middle",                1,   (2, 5, 3))
    row("middle_4d",             -3,  (2, 3, 4, 2))
    row("vector",                0,   (7,))
    row("scalar",                0,   ())
    row("one_class",             1,   (4, 1))
    row("odd_length",            1,   (3, 67))
    row("long",                  1,   (2, 1031))
    row("large",                 1,   literal([[1e4, 1e4, -1e4], [1e4, 9999.0, 9990.0], [-1e4, -1e4, -1e4], [88.0, 89.0, -104.0]]))
    row("far_apart",             1,   literal([[0.0, -50.0, -90.0, -104.0, -700.0], [0.0, 1.0, -20.0, 30.0, -30.0], [0.0, 1.0, -20.0, 0.5, -30.0]]))
    row("equal",                 1,   literal([[3.25] * 5] * 2))
    row("some_minus_infinity",   1,   edited(normal(3, 5), lambda t: (t[0, 1:4].fill_(-INF), t[1, 0].fill_(-INF))))
    row("all_but_one_infinity",  1,   literal([[-INF, 2.0, -INF], [-INF, -INF, -1e4]]))
    row("row_of_minus_infinity", 1,   edited(normal(3, 4), lambda t: t[1].fill_(-INF)), note="the row is NaN in value and gradient, the others are not")
    row("column_of_minus_infinity", 0, edited(normal(3, 4), lambda t: t[:, 2].fill_(-INF)))
    row("plus_infinity",         1,   literal([[1.0, INF, 2.0], [0.0, 1.0, 2.0]]))
    row("nan",                   1,   literal([[1.0, NAN, 2.0], [0.0, 1.0, 2.0]]))

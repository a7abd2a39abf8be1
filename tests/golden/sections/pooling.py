"""MaxPool2d, AvgPool2d and AdaptiveAvgPool2d."""

from torch import nn

from record import Section, edited, literal, normal

section = Section("pooling")
NAN, INF = float("nan"), float("inf")


def rows(layer, *table, outputs=("output", "indices")):
    for name, spec, args in table:
        spec = normal(*spec) if isinstance(spec, tuple) else spec
        section.layer(f"{layer.__name__}/{name}", layer, args, dict(input=spec), outputs=outputs)


def P(k, **options):
    return dict(kernel_size=k, **options)


def plant(value, *places):
    def edit(t):
        for place in places:
            t[place] = value

    return edit


TIES = literal([[[[1.0, 1.0, 0.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0, 0.0], [3.0, 0.0, 3.0, 3.0, 3.0], [0.0, -0.0, -0.0, 0.0, -1.0]]]])

#    case                       input            kernel, options
rows(nn.MaxPool2d,
     ("plain",                  (2, 3, 7, 8),    P(2)),
     ("kernel_uneven",          (2, 3, 7, 8),    P((3, 2))),
     ("stride",                 (2, 3, 7, 8),    P(3, stride=1)),
     ("stride_uneven",          (2, 3, 7, 8),    P(3, stride=(2, 1))),
     ("stride_over_kernel",     (2, 2, 8, 9),    P(2, stride=3)),
     ("padding",                (2, 3, 7, 8),    P(3, stride=2, padding=1)),
     ("padding_uneven",         (2, 3, 5, 6),    P((4, 3), stride=2, padding=(2, 0))),
     ("padding_of_negatives",   normal(2, 2, 5, 5, scale=0.5, shift=-9.0), P(3, stride=2, padding=1)),
     ("dilation",               (2, 3, 9, 8),    P(3, stride=1, dilation=2)),
     ("dilation_uneven",        (2, 2, 9, 8),    P((2, 3), stride=(1, 2), dilation=(3, 2), padding=1)),
     ("ceil",                   (2, 3, 8, 7),    P(3, stride=2, ceil_mode=True)),
     ("ceil_dilation",          (2, 2, 8, 9),    P(2, stride=3, dilation=2, ceil_mode=True)),
     ("ceil_clips",             (1, 2, 5, 5),    P(2, stride=3, padding=1, ceil_mode=True)),
     ("ceil_drops_window",      (1, 2, 6, 4),    P(2, stride=4, ceil_mode=True)),
     ("ceil_drops_padding",     (1, 2, 7, 7),    P(2, stride=4, padding=1, ceil_mode=True)),
     ("indices",                (2, 3, 7, 8),    P(2, return_indices=True)),
     ("indices_all_options",    (2, 2, 9, 10),   P((3, 2), stride=2, padding=1, dilation=(2, 3), ceil_mode=True, return_indices=True)),
     ("ties",                   TIES,            P(2, return_indices=True)),
     ("ties_overlap",           TIES,            P(3, stride=1, padding=1, return_indices=True)),
     ("all_equal",              literal([[[[2.0] * 6] * 5]]), P(3, stride=2, padding=1, return_indices=True)),
     ("nan",                    edited(normal(1, 2, 6, 7), plant(NAN, (0, 0, 1, 2), (0, 0, 4, 4), (0, 0, 4, 5), (0, 1, 0, 0))),
                                                 P(3, stride=2, return_indices=True)),
     ("nan_beats_infinity",     literal([[[[INF, NAN], [NAN, INF]]]]), P(2, return_indices=True)),
     ("minus_infinity",         literal([[[[-INF, -INF, 1.0], [-INF, -INF, -INF], [2.0, -INF, -INF]]]]),
                                                 P(2, stride=1, padding=1, return_indices=True)),
     ("global",                 (2, 3, 4, 5),    P((4, 5))),
     ("kernel_1",               (2, 3, 4, 5),    P(1)),
     ("unbatched",              (3, 7, 8),       P(2)),
     ("unbatched_indices",      (3, 7, 8),       P(3, stride=2, padding=1, return_indices=True)))

rows(nn.AvgPool2d,
     ("plain",                  (2, 3, 7, 8),    P(2)),
     ("kernel_uneven",          (2, 3, 7, 8),    P((3, 2))),
     ("stride",                 (2, 3, 7, 8),    P(3, stride=1)),
     ("stride_uneven",          (2, 3, 7, 8),    P(3, stride=(2, 1))),
     ("stride_over_kernel",     (2, 2, 8, 9),    P(2, stride=3)),
     ("padding",                (2, 3, 7, 8),    P(3, stride=2, padding=1)),
     ("padding_uneven",         (2, 3, 5, 6),    P((4, 3), stride=2, padding=(2, 0))),
     ("exclude_pad",            (2, 3, 7, 8),    P(3, stride=2, padding=1, count_include_pad=False)),
     ("ceil",                   (2, 3, 8, 7),    P(3, stride=2, ceil_mode=True)),
     ("ceil_padding",           (2, 2, 8, 7),    P(3, stride=2, padding=1, ceil_mode=True)),
     ("ceil_exclude_pad",       (2, 2, 8, 7),    P(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)),
     ("ceil_clips",             (1, 2, 5, 5),    P(2, stride=3, padding=1, ceil_mode=True)),
     ("ceil_reaches_padding",   (1, 2, 6, 5),    P(4, stride=3, padding=2, ceil_mode=True)),
     ("ceil_reaches_exclude",   (1, 2, 6, 5),    P(4, stride=3, padding=2, ceil_mode=True, count_include_pad=False)),
     ("ceil_drops_window",      (1, 2, 6, 4),    P(2, stride=4, ceil_mode=True)),
     ("divisor",                (2, 3, 7, 8),    P(3, stride=2, divisor_override=5)),
     ("divisor_1",              (2, 2, 5, 6),    P(2, divisor_override=1)),
     ("divisor_ceil_padding",   (2, 2, 8, 7),    P(3, stride=2, padding=1, ceil_mode=True, divisor_override=7)),
     ("divisor_exclude_pad",    (2, 2, 8, 7),    P(3, stride=2, padding=1, count_include_pad=False, divisor_override=4)),
     ("global",                 (2, 3, 4, 5),    P((4, 5))),
     ("unbatched",              (3, 7, 8),       P(2)),
     ("unbatched_all_options",  (3, 8, 7),       P((3, 2), stride=2, padding=1, ceil_mode=True, count_include_pad=False)))

rows(nn.AdaptiveAvgPool2d,
     ("divides",                (2, 3, 6, 8),    dict(output_size=(3, 2))),
     ("does_not_divide",        (2, 3, 7, 5),    dict(output_size=(3, 2))),
     ("square",                 (2, 3, 11, 10),  dict(output_size=4)),
     ("global",                 (2, 3, 7, 5),    dict(output_size=1)),
     ("keep_height",            (2, 3, 7, 5),    dict(output_size=(None, 2))),
     ("keep_width",             (2, 3, 7, 5),    dict(output_size=(3, None))),
     ("keep_both",              (2, 3, 4, 5),    dict(output_size=(None, None))),
     ("larger",                 (2, 2, 3, 5),    dict(output_size=(7, 8))),
     ("unbatched",              (3, 7, 8),       dict(output_size=(3, 5))))

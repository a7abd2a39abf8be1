"""Conv1d, Conv2d and Conv3d: stride, padding (numbers, 'same', 'valid'), dilation, groups, bias, padding modes, no batch."""

from torch import nn

from record import Section, normal

section = Section("conv", f32=1e-4)


def rows(layer, *table):
    for name, shape, args in table:
        section.layer(f"{layer.__name__}/{name}", layer, args, dict(input=normal(*shape)))


def C(cin, cout, k, **options):
    return dict(in_channels=cin, out_channels=cout, kernel_size=k, **options)


#    case                        input            channels in and out, kernel, options
rows(nn.Conv1d,
     ("plain",                   (2, 3, 11),      C(3, 5, 4)),
     ("kernel_1",                (2, 3, 7),       C(3, 4, 1)),
     ("kernel_is_input",         (2, 3, 5),       C(3, 4, 5)),
     ("stride",                  (2, 3, 11),      C(3, 4, 3, stride=2)),
     ("stride_leaves_rest",      (2, 3, 12),      C(3, 4, 3, stride=4)),
     ("stride_over_kernel",      (1, 2, 13),      C(2, 3, 2, stride=3)),
     ("padding",                 (2, 3, 8),       C(3, 4, 3, padding=2)),
     ("padding_over_kernel",     (1, 2, 4),       C(2, 3, 2, padding=3)),
     ("dilation",                (2, 3, 13),      C(3, 4, 3, dilation=3)),
     ("groups",                  (2, 6, 9),       C(6, 4, 3, groups=2)),
     ("depthwise",               (2, 4, 9),       C(4, 4, 3, groups=4)),
     ("depthwise_multiplier",    (2, 3, 9),       C(3, 6, 3, groups=3)),
     ("no_bias",                 (2, 3, 9),       C(3, 4, 3, bias=False)),
     ("same",                    (2, 3, 9),       C(3, 4, 3, padding="same")),
     ("same_even",               (2, 3, 9),       C(3, 4, 4, padding="same")),
     ("same_even_dilation",      (2, 3, 9),       C(3, 4, 4, padding="same", dilation=3)),
     ("valid",                   (2, 3, 9),       C(3, 4, 3, padding="valid", stride=2)),
     ("reflect",                 (2, 3, 9),       C(3, 4, 3, padding=2, padding_mode="reflect")),
     ("replicate",               (2, 3, 5),       C(3, 4, 3, padding=6, padding_mode="replicate")),
     ("circular",                (2, 3, 9),       C(3, 4, 3, padding=2, padding_mode="circular", stride=2)),
     ("circular_same_even",      (2, 3, 9),       C(3, 4, 4, padding="same", padding_mode="circular")),
     ("everything",              (3, 4, 17),      C(4, 6, 3, stride=2, padding=3, dilation=2, groups=2)),
     ("unbatched",               (3, 11),         C(3, 5, 4, stride=2, padding=1)),
     ("unbatched_reflect",       (3, 11),         C(3, 5, 4, padding=2, padding_mode="reflect")))

rows(nn.Conv2d,
     ("plain",                   (2, 3, 7, 8),    C(3, 5, 3)),
     ("plain_32_wide",           (2, 17, 9, 11),  C(17, 19, 3, padding=1)),
     ("kernel_1",                (2, 3, 5, 4),    C(3, 4, 1)),
     ("kernel_1_stride",         (2, 3, 5, 6),    C(3, 4, 1, stride=2)),
     ("kernel_uneven",           (2, 3, 7, 8),    C(3, 4, (2, 5))),
     ("kernel_is_input",         (2, 3, 4, 5),    C(3, 4, (4, 5))),
     ("stride",                  (2, 3, 9, 9),    C(3, 4, 3, stride=2)),
     ("stride_uneven",           (2, 3, 9, 10),   C(3, 4, 3, stride=(2, 3))),
     ("stride_leaves_rest",      (1, 2, 10, 12),  C(2, 3, 3, stride=4)),
     ("stride_over_kernel",      (1, 2, 9, 10),   C(2, 3, 2, stride=3)),
     ("padding",                 (2, 3, 5, 6),    C(3, 4, 3, padding=1)),
     ("padding_uneven",          (2, 3, 5, 6),    C(3, 4, 3, padding=(2, 0))),
     ("padding_over_kernel",     (1, 2, 3, 4),    C(2, 3, 2, padding=3)),
     ("kernel_over_input",       (1, 2, 3, 3),    C(2, 3, 5, padding=1)),
     ("dilation",                (2, 3, 9, 10),   C(3, 4, 3, dilation=2)),
     ("dilation_uneven",         (2, 3, 9, 10),   C(3, 4, (3, 2), dilation=(1, 4))),
     ("groups",                  (2, 6, 6, 7),    C(6, 4, 3, groups=2)),
     ("groups_3",                (2, 6, 6, 7),    C(6, 9, (2, 3), groups=3, stride=2, padding=1)),
     ("depthwise",               (2, 5, 6, 7),    C(5, 5, 3, groups=5, padding=1)),
     ("depthwise_multiplier",    (2, 3, 6, 7),    C(3, 6, 3, groups=3, stride=2)),
     ("no_bias",                 (2, 3, 6, 7),    C(3, 4, 3, bias=False)),
     ("same",                    (2, 3, 6, 7),    C(3, 4, 3, padding="same")),
     ("same_even",               (2, 3, 6, 7),    C(3, 4, (4, 2), padding="same")),
     ("same_even_dilation",      (2, 3, 6, 7),    C(3, 4, (4, 3), padding="same", dilation=(1, 2))),
     ("valid",                   (2, 3, 6, 7),    C(3, 4, 3, padding="valid")),
     ("reflect",                 (2, 3, 6, 7),    C(3, 4, 3, padding=(3, 1), padding_mode="reflect")),
     ("reflect_same_even",       (2, 3, 6, 7),    C(3, 4, (4, 2), padding="same", padding_mode="reflect")),
     ("replicate",               (2, 3, 4, 5),    C(3, 4, 3, padding=(1, 5), padding_mode="replicate")),
     ("circular",                (2, 3, 6, 7),    C(3, 4, 3, padding=(2, 1), padding_mode="circular")),
     ("circular_groups",         (2, 4, 6, 7),    C(4, 6, 3, padding=1, padding_mode="circular", groups=2, dilation=2)),
     ("everything",              (3, 4, 13, 12),  C(4, 6, (3, 2), stride=(2, 3), padding=(3, 1), dilation=(2, 3), groups=2)),
     ("batch_1",                 (1, 3, 5, 6),    C(3, 4, 3)),
     ("unbatched",               (3, 7, 8),       C(3, 5, 3, stride=(1, 2), padding=1)),
     ("unbatched_circular",      (3, 7, 8),       C(3, 5, 3, padding=(1, 2), padding_mode="circular")))

rows(nn.Conv3d,
     ("plain",                   (2, 3, 4, 5, 6), C(3, 4, 3)),
     ("kernel_uneven",           (2, 2, 4, 5, 6), C(2, 3, (1, 3, 2))),
     ("stride",                  (1, 2, 6, 5, 7), C(2, 3, 2, stride=(3, 1, 2))),
     ("padding",                 (1, 2, 3, 4, 5), C(2, 3, 3, padding=(0, 2, 1))),
     ("dilation",                (1, 2, 6, 5, 7), C(2, 3, 2, dilation=(1, 3, 2))),
     ("groups",                  (1, 4, 4, 5, 4), C(4, 6, 2, groups=2)),
     ("depthwise",               (1, 3, 4, 5, 4), C(3, 3, 2, groups=3)),
     ("no_bias",                 (1, 2, 3, 4, 5), C(2, 3, 2, bias=False)),
     ("same_even",               (1, 2, 3, 4, 5), C(2, 3, (2, 3, 4), padding="same")),
     ("valid",                   (1, 2, 3, 4, 5), C(2, 3, 2, padding="valid")),
     ("reflect",                 (1, 2, 3, 4, 5), C(2, 3, 2, padding=(1, 2, 3), padding_mode="reflect")),
     ("replicate",               (1, 2, 3, 4, 5), C(2, 3, 2, padding=(1, 0, 2), padding_mode="replicate")),
     ("circular",                (1, 2, 3, 4, 5), C(2, 3, 2, padding=(1, 0, 2), padding_mode="circular")),
     ("everything",              (2, 4, 7, 6, 8), C(4, 2, (2, 3, 2), stride=(2, 1, 3), padding=(1, 2, 0), dilation=(3, 2, 1), groups=2)),
     ("unbatched",               (2, 4, 5, 6),    C(2, 3, 3, padding=1)))

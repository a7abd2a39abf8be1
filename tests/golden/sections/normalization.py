"""BatchNorm1d, BatchNorm2d, LayerNorm and GroupNorm.

A case named `<name>.<k>` goes on with the state that `<name>.<k-1>` left. Large means with a small variance are data of a mean
thousands of times the deviation: what one-pass variance gets wrong.
"""

from torch import nn

from record import Section, edited, literal, normal

section = Section("normalization")


def large_mean(*shape):
    return normal(*shape, scale=1.0, shift=4096.0)


def row(name, layer, args, spec, **options):
    spec = normal(*spec, scale=1.5, shift=0.5) if isinstance(spec, tuple) else spec
    return section.layer(f"{layer.__name__}/{name}", layer, args, dict(input=spec), **options)


def chain(name, layer, args, *steps, buffers=None):
    """Several calls one after another: (input, mode) each."""
    for k, (spec, mode) in enumerate(steps):
        done = row(f"{name}.{k}", layer, args, spec, mode=mode, buffers=buffers, parameters=None)
        buffers = done.after("buffer")


def F(n, **options):
    return dict(num_features=n, **options)


for layer, small, shape in ((nn.BatchNorm1d, (7, 5), (4, 5, 6)), (nn.BatchNorm2d, (3, 5, 2, 3), (4, 5, 3, 2))):
    #   case                              layer  arguments                                        input
    row("train",                          layer, F(5),                                            shape)
    row("train_small",                    layer, F(5),                                            small)
    row("eval",                           layer, F(5),                                            shape, mode="eval")
    row("no_affine",                      layer, F(5, affine=False),                              shape)
    row("no_affine_eval",                 layer, F(5, affine=False),                              shape, mode="eval")
    row("no_bias",                        layer, F(5, bias=False),                                shape)
    row("no_bias_eval",                   layer, F(5, bias=False),                                shape, mode="eval")
    row("no_statistics",                  layer, F(5, track_running_stats=False),                 shape)
    row("no_statistics_eval",             layer, F(5, track_running_stats=False),                 shape, mode="eval")
    row("neither",                        layer, F(5, affine=False, track_running_stats=False),   shape)
    row("eps",                            layer, F(5, eps=0.25),                                  shape)
    row("eps_eval",                       layer, F(5, eps=0.25),                                  shape, mode="eval")
    row("momentum",                       layer, F(5, momentum=0.75),                             shape)
    row("momentum_0",                     layer, F(5, momentum=0.0),                              shape)
    row("momentum_1",                     layer, F(5, momentum=1.0),                              shape)
    row("one_channel",                    layer, F(1),                                            (4, 1) + shape[2:])
    row("two_values",                     layer, F(5, eps=0.25),                                  (2, 5) + (1,) * (len(shape) - 2))
    row("large_mean",                     layer, F(5),                                            large_mean(*shape))
    row("constant_channel",               layer, F(5),                                            edited(normal(*shape), lambda t: t[:, 2].fill_(3.0)))
    fresh = dict(running_mean=literal([0.0] * 5), running_var=literal([1.0] * 5))
    trained = [(shape, "train"), (small, "train"), (shape, "train"), (small, "eval")]
    chain("steps", layer, F(5), *[(normal(*s, scale=1.5, shift=0.5), m) for s, m in trained], buffers=fresh)
    chain("steps_momentum_none", layer, F(5, momentum=None), *[(normal(*s, scale=1.5, shift=0.5), m) for s, m in trained], buffers=fresh)
row("one_sample", nn.BatchNorm2d, F(5), (1, 5, 3, 4))
row("one_sample", nn.BatchNorm1d, F(5), (1, 5, 4))
row("wide", nn.BatchNorm1d, F(3), (129, 3))


def L(shape, **options):
    return dict(normalized_shape=shape, **options)


#   case                layer         arguments                                        input
row("plain",            nn.LayerNorm, L(5),                                            (4, 5))
row("vector",           nn.LayerNorm, L(7),                                            (7,))
row("3d",               nn.LayerNorm, L(6),                                            (2, 3, 6))
row("two_axes",         nn.LayerNorm, L((3, 5)),                                       (2, 3, 5))
row("three_axes",       nn.LayerNorm, L((2, 3, 4)),                                    (2, 2, 3, 4))
row("all_axes",         nn.LayerNorm, L((3, 4)),                                       (3, 4))
row("no_affine",        nn.LayerNorm, L(5, elementwise_affine=False),                  (4, 5))
row("no_affine_2",      nn.LayerNorm, L((2, 5), elementwise_affine=False),             (3, 2, 5))
row("no_bias",          nn.LayerNorm, L(5, bias=False),                                (4, 5))
row("eps",              nn.LayerNorm, L(5, eps=0.25),                                  (4, 5))
row("length_1",         nn.LayerNorm, L(1),                                            (4, 1), zero=["grad.input.0", "grad.param.weight"])
row("odd_length",       nn.LayerNorm, L(67),                                           (5, 67))
row("long",             nn.LayerNorm, L(515),                                          (2, 515))
row("large_mean",       nn.LayerNorm, L(33),                                           large_mean(4, 33))
row("small_variance",   nn.LayerNorm, L(33),                                           normal(4, 33, scale=2.0**-8, shift=1.0))
row("constant_row",     nn.LayerNorm, L(6),                                            edited(normal(3, 6), lambda t: t[1].fill_(2.5)))
row("large_values",     nn.LayerNorm, L(6),                                            normal(3, 6, scale=1e6))


def G(groups, channels, **options):
    return dict(num_groups=groups, num_channels=channels, **options)


#   case                layer         arguments                                        input
row("plain",            nn.GroupNorm, G(3, 6),                                         (2, 6, 4, 3))
row("one_group",        nn.GroupNorm, G(1, 6),                                         (2, 6, 4, 3))
row("channel_each",     nn.GroupNorm, G(6, 6),                                         (2, 6, 4, 3))
row("2d",               nn.GroupNorm, G(2, 6),                                         (3, 6))
row("3d",               nn.GroupNorm, G(2, 4),                                         (3, 4, 5))
row("5d",               nn.GroupNorm, G(2, 4),                                         (2, 4, 2, 3, 2))
row("no_affine",        nn.GroupNorm, G(3, 6, affine=False),                           (2, 6, 4, 3))
row("no_bias",          nn.GroupNorm, G(3, 6, bias=False),                             (2, 6, 4, 3))
row("eps",              nn.GroupNorm, G(3, 6, eps=0.25),                               (2, 6, 4, 3))
row("one_sample",       nn.GroupNorm, G(2, 6),                                         (1, 6, 3, 3))
row("large_mean",       nn.GroupNorm, G(3, 6),                                         large_mean(2, 6, 4, 3))
row("constant_group",   nn.GroupNorm, G(3, 6),                                         edited(normal(2, 6, 3, 2), lambda t: t[:, 2:4].fill_(-1.5)))

"""scaled_dot_product_attention and MultiheadAttention: masks of every kind, options, the row where all is masked.

N batch, L queries, S keys, E width, V width of values, heads. Results of MultiheadAttention are `attn_output` and, where
asked for, `attn_weights`.
"""

import torch
from torch import nn
from torch.nn import functional

from record import Section, Spec, edited, literal, mask, normal

section = Section("attention", f32=1e-4)
INF = float("inf")
NAME = "scaled_dot_product_attention"


def sdpa(name, query, key, value, attn_mask=None, **args):
    inputs = dict(query=normal(*query), key=normal(*key), value=normal(*value))
    if attn_mask is not None:
        inputs["attn_mask"] = attn_mask
    section.function(f"{NAME}/{name}", functional.scaled_dot_product_attention, args, inputs, label=NAME)


def additive(*shape):
    """A float mask: random numbers, some of them minus infinity, none of whose rows is masked whole."""

    def edit(t):
        t[..., 1::3] = -INF

    return edited(normal(*shape), edit)


def allowed(*shape, hidden=()):
    """A boolean mask as scaled_dot_product_attention has it (true: takes part); rows of `hidden` see nothing."""

    def edit(t):
        t[..., 0] = True
        for row in hidden:
            t[..., row, :] = False

    return edited(mask(*shape, p=0.6), edit)


#    case                   query            key              value            options
sdpa("plain",               (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5))
sdpa("value_width",         (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 7))
sdpa("3d",                  (2, 4, 5),       (2, 6, 5),       (2, 6, 3))
sdpa("2d",                  (4, 5),          (6, 5),          (6, 3))
sdpa("odd_length",          (1, 2, 33, 8),   (1, 2, 37, 8),   (1, 2, 37, 8))
sdpa("one_key",             (2, 2, 3, 4),    (2, 2, 1, 4),    (2, 2, 1, 4))
sdpa("scale",               (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    scale=0.75)
sdpa("causal",              (2, 3, 5, 4),    (2, 3, 5, 4),    (2, 3, 5, 4),    is_causal=True)
sdpa("causal_more_keys",    (1, 2, 3, 4),    (1, 2, 6, 4),    (1, 2, 6, 4),    is_causal=True)
sdpa("causal_more_queries", (1, 2, 6, 4),    (1, 2, 3, 4),    (1, 2, 3, 4),    is_causal=True)
sdpa("causal_scale",        (1, 2, 19, 4),   (1, 2, 19, 4),   (1, 2, 19, 4),   is_causal=True, scale=0.25)
sdpa("mask",                (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    allowed(2, 3, 4, 6))
sdpa("mask_2d",             (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    allowed(4, 6))
sdpa("mask_of_keys",        (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    allowed(2, 1, 1, 6))
sdpa("additive",            (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    additive(2, 3, 4, 6))
sdpa("additive_2d",         (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    additive(4, 6))
sdpa("additive_heads",      (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    additive(3, 1, 6), scale=0.5)
sdpa("fully_masked_row",    (2, 3, 4, 5),    (2, 3, 6, 5),    (2, 3, 6, 5),    allowed(4, 6, hidden=(1,)))
sdpa("fully_masked_all",    (1, 2, 3, 4),    (1, 2, 5, 4),    (1, 2, 5, 4),    literal(torch.zeros(3, 5, dtype=torch.bool)))
sdpa("fully_masked_additive", (1, 2, 3, 4),  (1, 2, 5, 4),    (1, 2, 5, 4),
     edited(normal(3, 5), lambda t: t[1].fill_(-INF)).constant())
sdpa("dropout_1",           (1, 2, 3, 4),    (1, 2, 5, 4),    (1, 2, 5, 4),    dropout_p=1.0)
sdpa("grouped_heads",       (2, 4, 3, 5),    (2, 2, 6, 5),    (2, 2, 6, 5),    enable_gqa=True)
sdpa("grouped_heads_causal", (1, 6, 5, 4),   (1, 2, 5, 4),    (1, 2, 5, 4),    enable_gqa=True, is_causal=True)


L, S, N, E, HEADS = 4, 5, 2, 6, 3


def sizes(options, batch, kdim, vdim):
    def shape(length, width):
        return (length, width) if batch is None else (batch, length, width) if options.get("batch_first") else (length, batch, width)

    return [normal(*shape(L, E)), normal(*shape(S, kdim or E)), normal(*shape(S, vdim or E))]


def mha(name, call=None, batch=N, mode="train", attn_mask=None, key_padding_mask=None, self_attention=False, note=None,
        grad=True, **options):
    query, key, value = sizes(options, batch, options.get("kdim"), options.get("vdim"))
    inputs = dict(query=query) if self_attention else dict(query=query, key=key, value=value)
    if key_padding_mask is not None:
        inputs["key_padding_mask"] = key_padding_mask
    if attn_mask is not None:
        inputs["attn_mask"] = attn_mask

    def bind(t):
        keyword = dict(t)
        if self_attention:
            keyword["key"] = keyword["value"] = keyword["query"]
        return (), keyword

    section.layer(f"MultiheadAttention/{name}", nn.MultiheadAttention, dict(embed_dim=E, num_heads=HEADS, **options), inputs, call,
                  mode=mode, outputs=("attn_output", "attn_weights"), bind=bind, note=note, grad=grad)


def hidden(*shape):
    """A boolean mask as MultiheadAttention has it (true: does not take part); the first key is always seen."""
    return edited(mask(*shape, p=0.4), lambda t: t[..., 0].fill_(False))


FAST = dict(need_weights=False)
CAUSAL = literal(torch.ones(L, L, dtype=torch.bool).triu(1))
SELF = "key and value are the query"

#   case                       call                                   options
mha("plain")
mha("no_weights",              FAST)
mha("weights_per_head",        dict(average_attn_weights=False))
mha("self",                    self_attention=True, note=SELF)
mha("self_no_weights",         FAST, self_attention=True, note=SELF)
mha("batch_first",             batch_first=True)
mha("batch_first_no_weights",  FAST, batch_first=True)
mha("no_bias",                 bias=False)
mha("kdim_vdim",               kdim=3, vdim=7)
mha("kdim_only",               kdim=4, bias=False, batch_first=True)
mha("bias_kv",                 add_bias_kv=True)
mha("bias_kv_no_weights",      FAST, add_bias_kv=True)
mha("zero_attn",               add_zero_attn=True)
mha("bias_kv_zero_attn",       add_bias_kv=True, add_zero_attn=True)
mha("kdim_bias_kv_zero_attn",  kdim=3, vdim=7, add_bias_kv=True, add_zero_attn=True)
mha("padding",                 key_padding_mask=hidden(N, S))
mha("padding_no_weights",      FAST, key_padding_mask=hidden(N, S))
mha("padding_float",           key_padding_mask=additive(N, S).constant())
mha("mask",                    attn_mask=hidden(L, S))
mha("mask_no_weights",         FAST, attn_mask=hidden(L, S))
mha("mask_3d",                 attn_mask=hidden(N * HEADS, L, S))
mha("mask_3d_no_weights",      FAST, attn_mask=hidden(N * HEADS, L, S))
mha("mask_float",              attn_mask=additive(L, S))
mha("mask_float_no_weights",   FAST, attn_mask=additive(L, S))
mha("mask_float_3d",           attn_mask=additive(N * HEADS, L, S))
mha("mask_and_padding",        attn_mask=hidden(L, S), key_padding_mask=hidden(N, S))
mha("mask_and_padding_float",  FAST, attn_mask=additive(L, S), key_padding_mask=additive(N, S).constant())
mha("everything",              dict(average_attn_weights=False), attn_mask=hidden(N * HEADS, L, S), key_padding_mask=hidden(N, S),
    add_bias_kv=True, add_zero_attn=True, batch_first=True, kdim=3, vdim=7)
mha("causal",                  dict(is_causal=True), attn_mask=CAUSAL, self_attention=True, note=SELF)
mha("causal_no_weights",       dict(is_causal=True, **FAST), attn_mask=CAUSAL, self_attention=True, note=SELF)
mha("causal_and_padding",      dict(is_causal=True, **FAST), attn_mask=CAUSAL, key_padding_mask=hidden(N, L), self_attention=True, note=SELF)
mha("unbatched",               batch=None)
mha("unbatched_no_weights",    FAST, batch=None)
mha("unbatched_masks",         batch=None, attn_mask=hidden(L, S), key_padding_mask=hidden(S))
mha("unbatched_mask_3d",       batch=None, attn_mask=hidden(HEADS, L, S), add_zero_attn=True)
mha("dropout_eval",            mode="eval", dropout=0.5)
mha("dropout_1",               dropout=1.0)
mha("fully_masked_row",        attn_mask=edited(hidden(L, S), lambda t: t[2].fill_(True)),
    note="with weights asked for the row is NaN, and so is every gradient it reaches")
mha("fully_masked_row_no_weights", FAST, attn_mask=edited(hidden(L, S), lambda t: t[2].fill_(True)),
    note="without weights the row's attention is zero: its output is out_proj.bias")
mha("fully_masked_by_padding", FAST, key_padding_mask=literal([[True] * S, [False] * S]))
mha("fully_masked_zero_attn",  attn_mask=edited(hidden(L, S), lambda t: t[2].fill_(True)), add_zero_attn=True)

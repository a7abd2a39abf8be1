"""RNN, LSTM and GRU: layers, both directions, axis order, no bias, projections, given states, no batch, dropout where it is certain.
Their cells: states given or not, no bias, no batch.

Inputs are `input`, then `h_0` (and `c_0`) where the case gives initial states; results are `output`, `h_n` (and `c_n`).
"""

from torch import nn

from record import Section, edited, normal

section = Section("recurrent", f32=1e-4)

T, N, I, H = 4, 3, 5, 6


def bind(tensors):
    states = tuple(t for name, t in tensors.items() if name != "input")
    return (tensors["input"],) + ((states if len(states) > 1 else states[0],) if states else ()), {}


def row(layer, name, given=False, shape=None, batch=N, mode="train", spec=None, **options):
    """`given`: initial states are inputs; `batch`: its size, None for no batch axis."""
    args = dict(input_size=I, hidden_size=H, **options)
    time = (T, I) if batch is None else (batch, T, I) if options.get("batch_first") else (T, batch, I)
    inputs = dict(input=spec or normal(*(shape or time)))
    count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    if given:
        middle = () if batch is None else (batch,)
        inputs["h_0"] = normal(count, *middle, options.get("proj_size") or H)
        if layer is nn.LSTM:
            inputs["c_0"] = normal(count, *middle, H)
    outputs = ("output", "h_n", "c_n") if layer is nn.LSTM else ("output", "h_n")
    section.layer(f"{layer.__name__}/{name}", layer, args, inputs, mode=mode, outputs=outputs, bind=bind)


for layer in (nn.LSTM, nn.GRU):
    #          case
    row(layer, "plain")
    row(layer, "given_state", given=True)
    row(layer, "batch_first", batch_first=True)
    row(layer, "batch_first_given", given=True, batch_first=True, num_layers=2)
    row(layer, "no_bias", bias=False)
    row(layer, "no_bias_given", given=True, bias=False)
    row(layer, "two_layers", num_layers=2)
    row(layer, "three_layers_given", given=True, num_layers=3)
    row(layer, "bidirectional", bidirectional=True)
    row(layer, "bidirectional_given", given=True, bidirectional=True)
    row(layer, "two_layers_bidirectional", num_layers=2, bidirectional=True)
    row(layer, "two_layers_bidirectional_given", given=True, num_layers=2, bidirectional=True, batch_first=True, bias=False)
    row(layer, "unbatched", batch=None)
    row(layer, "unbatched_given", given=True, batch=None, num_layers=2, bidirectional=True)
    row(layer, "unbatched_batch_first", given=True, batch=None, batch_first=True)
    row(layer, "one_step", shape=(1, N, I), given=True)
    row(layer, "one_sample", batch=1)
    row(layer, "long", shape=(33, 2, I), batch=2, given=True)
    row(layer, "large_input", batch=2, spec=edited(normal(3, 2, I), lambda t: t[:, 0].mul_(300.0)))
    row(layer, "dropout_eval", num_layers=2, dropout=0.5, mode="eval")
    row(layer, "dropout_0", num_layers=2, dropout=0.0)
    row(layer, "dropout_1", num_layers=2, dropout=1.0)

row(nn.LSTM, "projected", proj_size=3)
row(nn.LSTM, "projected_given", given=True, proj_size=3)
row(nn.LSTM, "projected_two_layers", given=True, proj_size=2, num_layers=2)
row(nn.LSTM, "projected_bidirectional", given=True, proj_size=4, num_layers=2, bidirectional=True, batch_first=True)
row(nn.LSTM, "projected_no_bias", proj_size=3, bias=False)
row(nn.LSTM, "projected_unbatched", given=True, batch=None, proj_size=3)

for nonlinearity in ("tanh", "relu"):
    row(nn.RNN, f"{nonlinearity}", nonlinearity=nonlinearity)
    row(nn.RNN, f"{nonlinearity}_given", given=True, nonlinearity=nonlinearity, num_layers=2, bidirectional=True, batch_first=True)
    row(nn.RNN, f"{nonlinearity}_no_bias", bias=False, nonlinearity=nonlinearity)
row(nn.RNN, "unbatched_given", given=True, batch=None, num_layers=2)
row(nn.RNN, "one_step", shape=(1, N, I), given=True)
row(nn.RNN, "dropout_1", num_layers=2, dropout=1.0)
row(nn.RNN, "dropout_eval", num_layers=2, dropout=0.5, mode="eval")


def cell(layer, name, given=True, batch=N, **options):
    middle = () if batch is None else (batch,)
    inputs = dict(input=normal(*middle, I))
    states = ("h", "c") if layer is nn.LSTMCell else ("h",)
    if given:
        inputs.update({state: normal(*middle, H) for state in states})
    section.layer(f"{layer.__name__}/{name}", layer, dict(input_size=I, hidden_size=H, **options), inputs, outputs=states, bind=bind)


for layer in (nn.RNNCell, nn.LSTMCell, nn.GRUCell):
    cell(layer, "given")
    cell(layer, "zero_state", given=False)
    cell(layer, "no_bias", bias=False)
    cell(layer, "unbatched", batch=None)
    cell(layer, "unbatched_zero_state", given=False, batch=None)
cell(nn.RNNCell, "relu", nonlinearity="relu")

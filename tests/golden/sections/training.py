"""Whole training: models, losses, clipping, optimizers and schedules together, several steps.

`repr` is the model. Arrays: `param.<name>` and `buffer.<name>` before the first step; `batch.<s>.input`, `batch.<s>.target`;
`step.<s>.loss` and, where clipped, `step.<s>.total_norm`; `lr` [steps, groups]; after the last step `after.param.<name>`, `after.buffer.<name>`
and `state.<name>.<what>` of the optimizer. `groups` lists parameters by name; `clip` is max_norm; losses are CrossEntropyLoss with `loss`.
"""

import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from record import Section, default_buffer, default_parameter, integers, normal, relative_error

section = Section("training", f32=1e-4)


class Tied(nn.Module):
    """One table for the embedding and, transposed, for the scores."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.norm = nn.LayerNorm(6)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        h = self.norm(self.embedding(x))
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        h = h + self.attention(h, h, h, attn_mask=mask, is_causal=True, need_weights=False)[0]
        return self.head(h).flatten(0, 1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 5)
        self.lstm = nn.LSTM(5, 7, num_layers=2, batch_first=True)
        self.head = nn.Linear(7, 9)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0]).flatten(0, 1)


def train(name, make, batch, optimizer, args, groups=None, steps=6, clip=None, scheduler=None, loss=None, note=None):
    generator = section.generator(name)
    loss = loss or {}
    model = make()
    state = {"param." + k: default_parameter(k, p.shape, generator) for k, p in model.named_parameters()}
    state.update({"buffer." + k: default_buffer(k, b, generator) for k, b in model.named_buffers()})
    groups = groups or [dict(params=[k for k, _ in model.named_parameters()])]
    batches = [[spec.make(generator) for spec in batch] for _ in range(steps)]

    def run(dtype):
        model = make().to(dtype)
        with torch.no_grad():
            for k, p in model.named_parameters():
                p.copy_(state["param." + k])
            for k, b in model.named_buffers():
                b.copy_(state["buffer." + k])
        named = dict(model.named_parameters())
        opt = optimizer([{**g, "params": [named[k] for k in g["params"]]} for g in groups], **args)
        sched = scheduler and scheduler[0](opt, **scheduler[1])
        criterion = nn.CrossEntropyLoss(**loss)
        found, rates = {}, []
        for s, (x, y) in enumerate(batches):
            opt.zero_grad()
            value = criterion(model(x.to(dtype) if x.is_floating_point() else x), y)
            value.backward()
            found[f"step.{s}.loss"] = value.detach()
            if clip:
                found[f"step.{s}.total_norm"] = nn.utils.clip_grad_norm_(model.parameters(), clip).detach()
            rates.append([g["lr"] for g in opt.param_groups])
            opt.step()
            if sched:
                sched.step()
        for k, p in named.items():
            found["after.param." + k] = p.detach().clone()
            found.update({f"state.{k}.{what}": t.double() for what, t in opt.state[p].items() if isinstance(t, torch.Tensor)})
        for k, b in model.named_buffers():
            found["after.buffer." + k] = b.clone()
        found["lr"] = torch.tensor(rates, dtype=torch.float64)
        return found

    found, low = run(torch.float64), run(torch.float32)
    error = max(relative_error(t, low[k]) for k, t in found.items())
    assert error < 2.5e-5, (name, error)
    for s, (x, y) in enumerate(batches):
        found[f"batch.{s}.input"], found[f"batch.{s}.target"] = x, y
    line = {"layer": optimizer.__name__, "repr": repr(model), "args": args, "groups": groups, "steps": steps, "clip": clip, "loss": loss}
    if scheduler:
        line["scheduler"] = {"layer": scheduler[0].__name__, "args": scheduler[1]}
    section.record(name, line, {**state, **found}, note)


train("mlp", lambda: nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)), (normal(7, 6), integers(7, low=0, high=3)),
      optim.SGD, dict(lr=0.25))
train("mlp_adamw_clip_cosine", lambda: nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3)),
      (normal(7, 6), integers(7, low=0, high=3)), optim.AdamW, dict(lr=0.05, eps=1e-3),
      groups=[dict(params=["0.weight", "2.weight"], weight_decay=0.25), dict(params=["0.bias", "2.bias"], weight_decay=0.0, lr=0.1)],
      clip=0.5, scheduler=(lr_scheduler.CosineAnnealingLR, dict(T_max=5, eta_min=0.001)), loss=dict(label_smoothing=0.125))
train("conv_batch_norm_nesterov",
      lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.SiLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 5)),
      (normal(6, 1, 5, 6), integers(6, low=0, high=5)), optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
      scheduler=(lr_scheduler.StepLR, dict(step_size=2, gamma=0.5)))
train("tied_transformer", Tied, (integers(3, 5, low=0, high=11), integers(15, low=0, high=11)), optim.Adam, dict(lr=0.02, eps=1e-2), clip=1.0,
      note="head.weight is embedding.weight: one parameter, under its first name; forward: h = norm(embedding(x)); "
           "h = h + attention(h, h, h, causal mask, need_weights=False); flatten(head(h), 0, 1)")
train("lstm", Recurrent, (integers(3, 4, low=0, high=9), integers(12, low=0, high=9)), optim.Adam, dict(lr=0.02, eps=1e-2), clip=0.25,
      note="forward: flatten(head(lstm(embedding(x)).output), 0, 1)")

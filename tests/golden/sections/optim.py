"""SGD, Adam and AdamW over several steps, with parameter groups and a learning rate that changes; schedules as lists of rates.

Optimizers (`layer` is the optimizer; `args` its arguments; `groups`: which parameters, and options of their own; `steps`):
  param.<i>           parameter i before the first step
  gradient.<s>.<i>    its gradient in step s (the loss sum(p * gradient) has exactly this gradient)
  step.<s>.param.<i>  the parameter after step s
  state.<i>.<name>    the optimizer's state after the last step, by PyTorch's names
  lr                  [steps, groups] the rate of each step, where a schedule (`scheduler`, with its `args`) changes it
Schedules (`layer` is the schedule; `base_lr` the rate of each group):
  lr                  [epochs, groups] the rate in epoch 0, 1, ...
"""

import torch
from torch import optim
from torch.optim import lr_scheduler

from record import Section, edited, exact, normal, relative_error

section = Section("optim")
SHAPES = [(4, 3), (5,), (2, 3, 2)]
ALL = [dict(params=[0, 1, 2])]


def optimizer(name, cls, args, groups=ALL, steps=5, scheduler=None, gradients=None, seed="optim"):
    generator = section.generator(seed)  # the same numbers for every row: rows differ by their options alone
    start = [normal(*s).make(generator) for s in SHAPES]
    scale = [1.0, 0.01, 30.0]
    gradient = [[(gradients or normal)(*s, scale=k).make(generator) for s, k in zip(SHAPES, scale)] for _ in range(steps)]

    def run(dtype):
        parameters = [torch.nn.Parameter(p.to(dtype, copy=True)) for p in start]
        opt = cls([{**g, "params": [parameters[i] for i in g["params"]]} for g in groups], **args)
        sched = scheduler and scheduler[0](opt, **scheduler[1])
        found, rates = {}, []
        for s in range(steps):
            for p, g in zip(parameters, gradient[s]):
                p.grad = g.to(dtype)
            rates.append([g["lr"] for g in opt.param_groups])
            opt.step()
            if sched:
                sched.step()
            for i, p in enumerate(parameters):
                found[f"step.{s}.param.{i}"] = p.detach().clone()
        for i, p in enumerate(parameters):
            for key, value in opt.state[p].items():
                if isinstance(value, torch.Tensor):
                    found[f"state.{i}.{key}"] = value.double().clone()
        if sched:
            found["lr"] = torch.tensor(rates, dtype=torch.float64)
        return found

    found, low = run(torch.float64), run(torch.float32)
    error = max(relative_error(t, low[k]) for k, t in found.items())
    assert error < 2.5e-6, (name, error)
    for i, p in enumerate(start):
        found[f"param.{i}"] = p
        for s in range(steps):
            found[f"gradient.{s}.{i}"] = gradient[s][i]
    line = {"layer": cls.__name__, "args": args, "groups": groups, "steps": steps}
    if scheduler:
        line["scheduler"] = {"layer": scheduler[0].__name__, "args": scheduler[1]}
    section.record(f"{cls.__name__}/{name}", line, found)


TWO = [dict(params=[0, 2], lr=0.5), dict(params=[1], weight_decay=0.25)]
SGD, ADAM, ADAMW = optim.SGD, optim.Adam, optim.AdamW

#         case                 optimizer  arguments
optimizer("default",           SGD,   {})
optimizer("plain",             SGD,   dict(lr=0.1))
optimizer("momentum",          SGD,   dict(lr=0.1, momentum=0.9))
optimizer("dampening",         SGD,   dict(lr=0.1, momentum=0.9, dampening=0.25))
optimizer("nesterov",          SGD,   dict(lr=0.1, momentum=0.9, nesterov=True))
optimizer("weight_decay",      SGD,   dict(lr=0.1, weight_decay=0.125))
optimizer("nesterov_decay",    SGD,   dict(lr=0.1, momentum=0.75, nesterov=True, weight_decay=0.125))
optimizer("dampening_decay",   SGD,   dict(lr=0.1, momentum=0.75, dampening=0.5, weight_decay=0.125))
optimizer("maximize",          SGD,   dict(lr=0.1, momentum=0.9, maximize=True, weight_decay=0.125))
optimizer("groups",            SGD,   dict(lr=0.1, momentum=0.9), TWO)
optimizer("groups_momentum",   SGD,   dict(lr=0.1), [dict(params=[0, 1], momentum=0.9, nesterov=True), dict(params=[2], lr=0.01)])
optimizer("step_schedule",     SGD,   dict(lr=0.1, momentum=0.9), TWO, scheduler=(lr_scheduler.StepLR, dict(step_size=2, gamma=0.5)))

for cls in (ADAM, ADAMW):
    optimizer("default",       cls,   {})
    optimizer("lr",            cls,   dict(lr=0.125), steps=8)
    optimizer("betas",         cls,   dict(lr=0.1, betas=(0.5, 0.75)))
    optimizer("eps",           cls,   dict(lr=0.1, eps=0.5))
    optimizer("weight_decay",  cls,   dict(lr=0.1, weight_decay=0.25))
    optimizer("no_decay",      cls,   dict(lr=0.1, weight_decay=0.0))
    optimizer("amsgrad",       cls,   dict(lr=0.1, betas=(0.5, 0.5), amsgrad=True))
    optimizer("amsgrad_decay", cls,   dict(lr=0.1, betas=(0.5, 0.5), amsgrad=True, weight_decay=0.25))
    optimizer("maximize",      cls,   dict(lr=0.1, maximize=True, weight_decay=0.25))
    optimizer("groups",        cls,   dict(lr=0.1), TWO)
    optimizer("groups_options", cls,  dict(lr=0.1, weight_decay=0.125),
              [dict(params=[0], betas=(0.5, 0.75), eps=0.25), dict(params=[1], lr=0.5, amsgrad=True), dict(params=[2], weight_decay=0.0)])
    optimizer("some_zero_gradients", cls, dict(lr=0.1, weight_decay=0.0),
              gradients=lambda *s, scale: edited(normal(*s, scale=scale), lambda t: t.view(-1)[::2].zero_()))
    optimizer("cosine_schedule", cls, dict(lr=0.1), TWO, steps=7,
              scheduler=(lr_scheduler.CosineAnnealingLR, dict(T_max=4, eta_min=0.01)))
optimizer("decoupled_decay",   ADAM,  dict(lr=0.1, weight_decay=0.25, decoupled_weight_decay=True))


def schedule(name, make, args, base=(0.5,), epochs=25, cls=None):
    opt = optim.SGD([dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=lr) for lr in base])
    sched = make(opt, **args)
    rates = []
    for _ in range(epochs):
        rates.append([g["lr"] for g in opt.param_groups])
        opt.step()
        sched.step()
    section.record(f"{cls or make.__name__}/{name}", {"layer": cls or make.__name__, "args": args, "base_lr": list(base), "epochs": epochs},
                   {"lr": torch.tensor(rates, dtype=torch.float64)})


#        case               schedule                                      arguments
schedule("default",         lr_scheduler.StepLR,                          dict(step_size=4))
schedule("gamma",           lr_scheduler.StepLR,                          dict(step_size=3, gamma=0.75))
schedule("each_epoch",      lr_scheduler.StepLR,                          dict(step_size=1, gamma=0.9))
schedule("groups",          lr_scheduler.StepLR,                          dict(step_size=7, gamma=0.5), base=(0.5, 0.02))
schedule("default",         lr_scheduler.MultiStepLR,                     dict(milestones=[2, 5, 11]))
schedule("repeated",        lr_scheduler.MultiStepLR,                     dict(milestones=[3, 3, 8], gamma=0.5), base=(0.5, 2.0))
schedule("plain",           lr_scheduler.ExponentialLR,                   dict(gamma=0.9))
schedule("plain",           lr_scheduler.CosineAnnealingLR,               dict(T_max=24))
schedule("beyond",          lr_scheduler.CosineAnnealingLR,               dict(T_max=7))
schedule("eta_min",         lr_scheduler.CosineAnnealingLR,               dict(T_max=10, eta_min=0.05))
schedule("groups",          lr_scheduler.CosineAnnealingLR,               dict(T_max=10, eta_min=0.01), base=(0.5, 0.02))
schedule("plain",           lr_scheduler.CosineAnnealingWarmRestarts,     dict(T_0=5))
schedule("growing",         lr_scheduler.CosineAnnealingWarmRestarts,     dict(T_0=3, T_mult=2, eta_min=0.01))
schedule("default",         lr_scheduler.LinearLR,                        {})
schedule("options",         lr_scheduler.LinearLR,                        dict(start_factor=0.125, end_factor=0.75, total_iters=8))
schedule("default",         lr_scheduler.ConstantLR,                      {})
schedule("options",         lr_scheduler.ConstantLR,                      dict(factor=0.25, total_iters=6))


def warm_up_then_cosine(opt, warm_up, T_max, eta_min):
    parts = [lr_scheduler.LinearLR(opt, start_factor=0.1, total_iters=warm_up), lr_scheduler.CosineAnnealingLR(opt, T_max=T_max, eta_min=eta_min)]
    return lr_scheduler.SequentialLR(opt, parts, milestones=[warm_up])


schedule("warm_up_then_cosine", warm_up_then_cosine, dict(warm_up=5, T_max=20, eta_min=0.05), cls="SequentialLR")

"Milliseconds of training step 8 on 128 images, including loading: as the course does it, or with one change."
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from copy import deepcopy
from functools import partial
from statistics import median
from time import perf_counter

NAME = ' '.join(sys.argv[1:2]) # Some settings are read when torch is loaded
if NAME == 'start': os.environ['COURSE_STEPS_TUNE'] = '0'
if NAME not in ('spinning', 'start'): import course_steps # noqa: F401, lets threads sleep while they wait
import torch
from fastcore.script import Param, call_parse
from torch import nn
from torch.profiler import ProfilerActivity, profile

from course_steps import tune
from course_steps.data import get_dls
from course_steps.images import load_set
from course_steps.layers import Dropout
from course_steps.learner import step_learner
from course_steps.steps import STEPS


class MatrixConv(nn.Conv2d):
    "A 1 x 1 convolution as a matrix product."
    def forward(self, x): return torch.matmul(self.weight.flatten(1), x.flatten(2)).unflatten(2, x.shape[2:])


def swap(model, kind, make):
    "Replace each layer of a kind in the model by another one."
    for block in (b for b in model if isinstance(b, nn.Sequential)):
        for i, layer in enumerate(block):
            if isinstance(layer, kind): block[i] = make(layer)
    return model


class Parts(torch.autograd.Function):
    "Run each part of a batch through a copy of the model in its own thread, forward and backward."
    @staticmethod
    def forward(ctx, beside, x, *params):
        def run(model, part):
            with torch.enable_grad(): return model(part)
        ctx.beside, ctx.outs = beside, list(beside.pool.map(run, beside.models, x.chunk(len(beside.models))))
        return torch.cat([out.detach() for out in ctx.outs])

    @staticmethod
    def backward(ctx, grad):
        def run(model, out, part): return torch.autograd.grad(out, list(model.parameters()), part)
        grads = ctx.beside.pool.map(run, ctx.beside.models, ctx.outs, grad.chunk(len(ctx.outs)))
        return None, None, *(sum(g) for g in zip(*grads))


class SideBySide(nn.Module):
    "A model with a copy for each core that shares its weights; a copy's batch norm sees only its part of a batch."
    def __init__(self, model):
        super().__init__()
        self.model, self.models = model, [deepcopy(model) for _ in range(torch.get_num_threads())]
        for copy in self.models:
            for theirs, ours in zip(copy.parameters(), model.parameters()): theirs.data = ours.data
        self.pool = ThreadPoolExecutor(len(self.models), initializer=torch.set_num_threads, initargs=[1])

    def forward(self, x): return Parts.apply(self, x, *self.model.parameters())


def matrix_conv(layer):
    "The same layer, as a `MatrixConv` if it is 1 x 1."
    return MatrixConv(layer.in_channels, layer.out_channels, 1, bias=False) if layer.kernel_size == (1, 1) else layer


TRIES = { # How the model is changed
    'torch dropout': partial(swap, kind=Dropout, make=lambda d: nn.Dropout(d.p)),
    'no dropout': partial(swap, kind=Dropout, make=lambda d: nn.Identity()),
    'start': partial(swap, kind=Dropout, make=lambda d: nn.Dropout(d.p)),
    'layout': lambda model: model.to(memory_format=torch.contiguous_format),
    'in place': partial(swap, kind=nn.ReLU, make=lambda _: nn.ReLU(inplace=True)),
    'matrix product': partial(swap, kind=nn.Conv2d, make=matrix_conv),
    'compile': torch.compile,
    'side by side': SideBySide,
}
NAMES = ['now', 'memory', 'spinning', 'one thread', 'no rotation', 'no loading', 'bfloat16', 'fused adam', *TRIES]


def batches(loader, fixed):
    "Endless batches of a loader, or the first of them again and again."
    first = next(iter(loader))
    while True: yield from [first] if fixed else loader


def costs(train):
    "Share of the time, and calls per batch, of the operations that take the most time."
    with profile(activities=[ProfilerActivity.CPU]) as prof: train(20)
    ops = sorted(prof.key_averages(), key=lambda o: -o.self_cpu_time_total)
    total = sum(o.self_cpu_time_total for o in ops)
    return [dict(op=o.key, share=o.self_cpu_time_total/total, calls=o.count/20) for o in ops[:12]]


@call_parse
def main(
    name:Param('What is changed, "now" for nothing', str, choices=NAMES),
    data:str='auto', # Name of a data set, or a folder with IDX files
    batch:int=128, # Images in a batch
    profiled:bool=False, # Also say which operations take the time
):
    "Milliseconds of training step 8 on 128 images, including loading."
    torch.manual_seed(0)
    if name == 'one thread': torch.set_num_threads(1)
    if name == 'memory': tune.keep_memory = lambda: False
    step = STEPS[8]
    dls = get_dls(load_set(data), bs=batch, tfms=[] if name == 'no rotation' else step.tfms, device='cpu')
    learn = step_learner(step, dls)
    model = TRIES.get(name, lambda m: m)(learn.model).train()
    learn.create_opt()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True) if name == 'fused adam' else learn.opt
    source = batches(dls.train, name == 'no loading')

    def train(n):
        "Milliseconds of each of n batches."
        times = []
        for _ in range(n):
            start = perf_counter()
            xb, yb = (t.as_subclass(torch.Tensor) for t in next(source)) # As fastai's `CastToTensor` does
            with torch.autocast('cpu', torch.bfloat16) if name == 'bfloat16' else nullcontext(): out = model(xb)
            learn.loss_func(out.float(), yb).backward()
            opt.step()
            opt.zero_grad()
            times.append(1000*(perf_counter() - start))
        return times
    train(10)
    found = dict(ms=median(train(100))*128/batch, bs=batch)
    if profiled: found['profile'] = costs(train)
    print(json.dumps(found))

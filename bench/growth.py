"Seconds and peak memory of an epoch of step 8 with more or fewer images or channels, or another batch size."
import json
import sys
from dataclasses import replace
from time import perf_counter

import torch
from fastcore.script import call_parse
from memory import peak

from course_steps.data import get_dls
from course_steps.images import load_set
from course_steps.layers import conv_net, count_params
from course_steps.learner import step_learner
from course_steps.steps import STEPS


def times(part, factor):
    "The first images of a set, or all of them several times, each further copy moved by a pixel in another direction."
    x, y = part
    moves = [(0, 0), (0, 1), (1, 0), (0, -1)][:max(1, round(factor))]
    n = round(len(y)*min(factor, 1))
    return torch.cat([x[:n].roll(move, (1, 2)) for move in moves]), y[:n].repeat(len(moves))


def wide(factor):
    "The network of step 8 with `factor` times its channels."
    c = lambda n: max(1, round(n*factor))
    rows = [(c(8),3), (c(16),3), (c(8),1), 'pool', (c(8),3), (c(16),3), (c(8),3), (c(8),3), 'gap', (10,1)]
    return conv_net(rows, norm=True, p=0.05)


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    images:float=1., # Multiple of the training images, above 0 and at most 4
    width:float=1., # Multiple of the channels
    bs:int=128, # Images in a batch
):
    "Seconds and peak memory of an epoch of step 8."
    if not 0 < images <= 4: sys.exit(f'--images must be a number above 0 and at most 4, not {images:g}.')
    sets = load_set(data)
    sets.train, sets.test = times(sets.train, images), tuple(t[:1000] for t in sets.test)
    step = replace(STEPS[8], model=lambda: wide(width), bs=bs)
    learn = step_learner(step, get_dls(sets, bs=bs, tfms=step.tfms, device='cpu'))
    start = perf_counter()
    learn.fit_one_cycle(1, step.lr_max)
    seconds = perf_counter() - start
    print(json.dumps(dict(seconds=seconds, images=len(sets.train[1]), params=count_params(learn.model),
                          bs=bs, peak=peak())))

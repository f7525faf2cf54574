"Seconds and peak memory of an epoch of step 8, for a multiple of its images, of its channels, or for another batch size."
import argparse
import json
import sys
from dataclasses import replace
from resource import RUSAGE_SELF, getrusage
from time import perf_counter

import torch

from course_steps.data import get_dls
from course_steps.images import load_set
from course_steps.layers import conv_net, count_params
from course_steps.learner import step_learner
from course_steps.steps import STEPS


def times(part, factor):
    "The first images of a set, or more of them: each further copy is moved by a pixel in another direction."
    x, y = part
    moves = [(0, 0), (0, 1), (1, 0), (0, -1)][:max(1, round(factor))]
    n = round(len(y)*min(factor, 1))
    return torch.cat([x[:n].roll(move, (1, 2)) for move in moves]), y[:n].repeat(len(moves))


def wide(factor):
    "The network of step 8 with `factor` times its channels."
    c = lambda n: max(1, round(n*factor))
    return conv_net([(c(8),3), (c(16),3), (c(8),1), 'pool', (c(8),3), (c(16),3), (c(8),3), (c(8),3), 'gap', (10,1)], norm=True, p=0.05)


def main(data, images, width, bs):
    sets = load_set(data)
    sets.train, sets.test = times(sets.train, images), tuple(t[:1000] for t in sets.test)
    step = replace(STEPS[8], model=lambda: wide(width), bs=bs)
    learn = step_learner(step, get_dls(sets, bs=bs, tfms=step.tfms, device='cpu'))
    start = perf_counter()
    learn.fit_one_cycle(1, step.lr_max)
    print(json.dumps(dict(seconds=perf_counter() - start, images=len(sets.train[1]), params=count_params(learn.model), bs=bs,
                          peak=getrusage(RUSAGE_SELF).ru_maxrss*(1 if sys.platform == 'darwin' else 1024))))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--images', type=float, default=1, help='multiple of the training images, at most 4')
    parser.add_argument('--width', type=float, default=1, help='multiple of the channels')
    parser.add_argument('--bs', type=int, default=128)
    args = parser.parse_args()
    if not 0 < args.images <= 4: parser.error('--images is a multiple above 0, at most 4')
    main(**vars(args))

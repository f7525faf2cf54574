"Peak memory of a process, in bytes: one that only imports what training needs, or one that trains step 8 for an epoch."
import argparse
import json
import sys
from resource import RUSAGE_SELF, getrusage


def train(data):
    "An epoch of step 8; gives the bytes of the data set."
    from course_steps.data import get_dls
    from course_steps.learner import step_learner
    from course_steps.steps import STEPS
    step = STEPS[8]
    dls = get_dls(data, bs=step.bs, tfms=step.tfms, device='cpu')
    step_learner(step, dls).fit_one_cycle(1, step.lr_max)
    return sum(t.nbytes for t in (*dls.images.train, *dls.images.test))


def main(data, way):
    import torch
    from fastai.vision import all
    size = train(data) if way == 'train' else None
    print(json.dumps(dict(peak=getrusage(RUSAGE_SELF).ru_maxrss*(1 if sys.platform == 'darwin' else 1024), data_bytes=size)))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--way', choices=['import', 'train'], default='train')
    main(**vars(parser.parse_args()))

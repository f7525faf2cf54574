"What the course itself takes: an epoch of step 8, or step 10 from the start of the program to its end."
import argparse
import json
from time import time

START = time()
from course_steps.data import get_dls
from course_steps.images import load_set
from course_steps.learner import step_learner
from course_steps.steps import STEPS

IMPORTED = time()


def main(data, device, seed, step, epochs, images, target):
    step, sets = STEPS[step], load_set(data)
    sets.train = tuple(t[:images] for t in sets.train)
    dls = get_dls(sets, bs=step.bs, tfms=step.tfms, device=device, seed=seed)
    learn = step_learner(step, dls, seed=seed)
    learn.fit_one_cycle(epochs or step.epochs, step.lr_max)
    whole, epochs, acc = time() - START, sum(h['seconds'] for h in learn.history), learn.history[-1]['test_acc']
    seconds = epochs if target is None else whole if acc >= target else None
    print(json.dumps(dict(seconds=seconds, epochs=epochs, whole=whole, imports=IMPORTED - START, seed=seed, test_acc=acc, params=step.params)))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--step', type=int, default=8)
    parser.add_argument('--epochs', type=int, help='default: as many as the step says')
    parser.add_argument('--target', type=float, help='percent; counts from the start of the program, and null if the last epoch lies below')
    parser.add_argument('--images', type=int, help='training images, to try it out; default: all')
    main(**vars(parser.parse_args()))

"""Step 8 on held-out garments of Fashion-MNIST: with its own augmentation, without, with others, and twice as wide.

Each run is a line of results/garments.jsonl: a `Result` with the name of the choice. A run that has its line is not
repeated; an interrupted run continues. All choices get a random seed before the next seed begins.
"""
import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from fastai.vision.augment import AffineCoordTfm, PadMode, flip_mat, rotate_mat
from fastcore.script import call_parse

from course_steps.core import append_lines, numbered_lines, whole_numbers
from course_steps.images import load_set
from course_steps.layers import conv_net
from course_steps.results import Run
from course_steps.steps import STEPS
from course_steps.steps.step9 import shift_mat
from course_steps.sweep import plan_run, runs_at_once, train_runs

RESULTS = Path(__file__).parent.parent/'results/garments.jsonl'
MATS = dict(rotation=partial(rotate_mat, max_deg=7, p=1.), flip=partial(flip_mat, p=0.5), shift=shift_mat)
CHOICES = ['none', 'rotation', 'flip', 'shift', 'flip + shift', 'flip + rotation', 'wide', 'wide + flip', 'wide + rotation']


def augment(name):
    "The batch transforms of a choice."
    mats = [MATS[part] for part in name.split(' + ') if part in MATS]
    return [AffineCoordTfm(aff_fs=mats, pad_mode=PadMode.Zeros)] if mats else []


def wide():
    "The network of step 8 with twice the channels."
    return conv_net([
        (16,3), (32,3), (16,1), 'pool',
        (16,3), (32,3), (16,3), (16,3), 'gap', (10,1)], norm=True, p=0.05)


def recipe(name):
    "The step of a choice."
    step = replace(STEPS[8], augment=partial(augment, name))
    return replace(step, model=wide) if 'wide' in name else step


def row_of(name, result):
    "A run as a line of the results."
    return {'choice': name, **{k: v for k, v in asdict(result).items() if k != 'history'}}


@call_parse
def main(
    data:str='fashion', # Name of a data set, or a folder with IDX files
    seeds:str='0-2', # Random seeds, such as 0,1 or 0-2
    choices:str=','.join(CHOICES), # Names of choices, with commas between them
    epochs:int=15, # Epochs of each run
    holdout:int=10_000, # Training images to measure on
    jobs:str='auto', # Runs at a time; auto: one per core
    out:Path=RESULTS, # File that the runs are added to
):
    "Measure on held-out garments what each augmentation brings to step 8."
    images, jobs = load_set(data), runs_at_once(jobs, 'cpu')
    for seed in whole_numbers(seeds, 'seeds'):
        have = {(row['choice'], row['seed']) for row in map(json.loads, (line for _, line in numbered_lines(out)))}
        missing = [name for name in choices.split(',') if (name, seed) not in have]
        run = Run(8, data, epochs, seed, holdout, 'cpu')
        planned = [plan_run(recipe(name), run, images) for name in missing]
        names = {p.folder: name for p, name in zip(planned, missing)}
        for done in train_runs(planned, jobs):
            if done.error: raise SystemExit(f'{names[done.folder]}, seed {seed}: {done.error}')
            print(f'{names[done.folder]}, seed {seed}: {done.result.test_acc:.2f} %', flush=True)
            append_lines([json.dumps(row_of(names[done.folder], done.result))], out)

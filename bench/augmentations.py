"""Step 9 without augmentation, with each one alone, and with several together, on held-out training images.

Three sets are tried together: all that helped alone, those of step 9, and all that move pixels. Each run is a line of
results/augmentations.jsonl. A run that has its line is not repeated; an interrupted run continues.
"""
import json
from itertools import chain
from pathlib import Path

from fastcore.script import call_parse

from course_steps.core import append_lines, numbered_lines, whole_numbers
from course_steps.evidence.augmentations import AUGMENTATIONS, augmented, better_than_none, read_augmentations
from course_steps.images import load_set
from course_steps.results import Run
from course_steps.sweep import plan_run, runs_at_once, train_runs

RESULTS = Path(__file__).parent.parent/'results/augmentations.jsonl'
KEEP = ('params', 'data', 'checksum', 'holdout', 'epochs', 'seed', 'test_acc', 'seconds', 'lr_max', 'bs', 'versions',
        'commit', 'date') # Of a result


def name_of(names):
    "The name of a choice of augmentations."
    return ' + '.join(names) or 'none'


def row_of(name, result):
    "A run as a line of the results."
    row = {'augmentation': name} | {k: getattr(result, k) for k in KEEP}
    return row | {'last_five': [h['test_acc'] for h in result.history[-5:]]}


def read_rows(out):
    "The runs recorded so far."
    return [json.loads(line) for _, line in numbered_lines(out)]


def measure(choices, runs, images, jobs, out):
    "Train and record the missing runs of several choices of augmentations."
    have = {(r['augmentation'], r['seed']) for r in read_rows(out)}
    missing = [(names, run) for names in choices for run in runs if (name_of(names), run.seed) not in have]
    planned = [plan_run(augmented(*names), run, images) for names, run in missing]
    names_of = {p.folder: name_of(names) for p, (names, _) in zip(planned, missing)}
    finished, left = [p for p in planned if p.result], [p for p in planned if not p.result]
    for done in chain(finished, train_runs(left, jobs)):
        name = names_of[done.folder]
        if done.error: raise SystemExit(f'{name}, seed {done.seed}: {done.error}')
        print(f'{name}, seed {done.seed}: {done.result.test_acc:.2f} %', flush=True)
        append_lines([json.dumps(row_of(name, done.result))], out)


@call_parse
def main(
    data:str='mnist', # Name of a data set, or a folder with IDX files
    seeds:str='0-2', # Random seeds, such as 0,1 or 0-2
    epochs:int=10, # Epochs of each run
    holdout:int=10_000, # Training images to measure on
    jobs:str='auto', # Runs at a time; auto: one per core
    out:Path=RESULTS, # File that the runs are added to
):
    "Measure what each augmentation brings, alone and with others."
    images, jobs = load_set(data), runs_at_once(jobs, 'cpu')
    runs = [Run(9, data, epochs, seed, holdout, 'cpu') for seed in whole_numbers(seeds, 'seeds')]
    measure([(), *((name,) for name in AUGMENTATIONS)], runs, images, jobs, out)
    moving = tuple(name for name, a in AUGMENTATIONS.items() if a.mats or a.coords)
    together = [tuple(better_than_none(read_augmentations(read_rows(out)))), ('rotation', 'shift'), moving]
    measure(dict.fromkeys(together), runs, images, jobs, out)

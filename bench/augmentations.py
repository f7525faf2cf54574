"""Which augmentation helps? Train step 9 with none, with each alone, and with several together, and measure on held-out training images.

Together are tried: all that helped alone, those of step 9, and all that move pixels.

Each run is a line of results/augmentations.jsonl. A run that stands there is not repeated, a run that was interrupted goes on.
"""
import argparse
import json
from pathlib import Path

import torch
from joblib import Parallel, delayed

from course_steps.evidence.augmentations import AUGMENTATIONS, augmented, better_than_none
from course_steps.core import runs_dir
from course_steps.sweep import Run, train_run

RESULTS = Path(__file__).parent.parent/'results/augmentations.jsonl'


def name_of(names):
    "What a choice of augmentations is called."
    return ' + '.join(names) or 'none'


def train(names, seed, args):
    "One run, as a line of the results."
    folder = runs_dir().absolute()/f'augmentations-{"-".join(names) or "none"}-{args.epochs}epochs-seed{seed}'
    run = train_run(Run(augmented(*names), seed, folder), args.data, args.epochs, args.holdout, 'cpu', max(1, torch.get_num_threads()//args.jobs))
    if run.error: raise SystemExit(f'{name_of(names)}, seed {seed}: {run.error}')
    keep = ('params', 'data', 'checksum', 'holdout', 'epochs', 'seed', 'test_acc', 'seconds', 'lr_max', 'bs', 'versions', 'commit', 'date')
    return {'augmentation': name_of(names)} | {k: getattr(run.result, k) for k in keep} | {'last_five': [h['test_acc'] for h in run.result.history[-5:]]}


def measure(choices, args):
    "The runs of several choices of augmentations, those that are missing trained and written down."
    rows = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    have = {(r['augmentation'], r['seed']) for r in rows}
    missing = [(names, seed) for names in choices for seed in args.seeds if (name_of(names), seed) not in have]
    for row in Parallel(args.jobs, return_as='generator_unordered')(delayed(train)(*run, args) for run in missing):
        print(f'{row["augmentation"]}, seed {row["seed"]}: {row["test_acc"]:.2f} %', flush=True)
        with RESULTS.open('a') as f: f.write(json.dumps(row) + '\n')
        rows.append(row)
    accs = {}
    for r in rows: accs.setdefault(r['augmentation'], []).append(r['test_acc'])
    return accs


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', default='mnist', help='name of a data set, or a folder with IDX files')
    parser.add_argument('--seeds', default=[0, 1, 2], nargs='+', type=int, help='random seeds')
    parser.add_argument('--epochs', default=10, type=int)
    parser.add_argument('--holdout', default=10_000, type=int, help='training images to measure on')
    parser.add_argument('--jobs', default=2, type=int, help='runs at once')
    args = parser.parse_args()
    accs = measure([(), *((name,) for name in AUGMENTATIONS)], args)
    measure(dict.fromkeys([tuple(better_than_none(accs)), ('rotation', 'shift'), tuple(name for name,a in AUGMENTATIONS.items() if a.mats or a.coords)]), args)

"""Every variant of the steps that are taken apart, with several random seeds, on held-out training images.

Each run is a line of results/ablations.jsonl: what a `Result` has, and the name of the variant. A run that has its line
is not repeated, and variants of the same recipe are trained once; an interrupted run continues.
"""
import json
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter

from fastcore.script import call_parse
from filelock import FileLock

from course_steps.core import append_lines, numbered_lines, whole_numbers
from course_steps.evidence.ablations import ABLATIONS, ablations
from course_steps.images import load_set
from course_steps.results import Run
from course_steps.sweep import plan_run, runs_at_once, train_runs

RESULTS = Path(__file__).parent.parent/'results/ablations.jsonl'
SETTINGS = 'checksum', 'holdout', 'epochs', 'seed' # Of a run, beside its step and variant


def key_of(line):
    "What makes a line of the results a run of its own."
    return (line['step'], line['variant'], *(line[k] for k in SETTINGS))


def wanted(groups, variants):
    "(step, name, variant) for the variants to train, group by group; all of a group if none is named."
    found = [(n, name, step) for n in groups for name, step in ablations(n).items() if not variants or name in variants]
    if unknown := {*variants} - {name for _, name, _ in found}:
        raise SystemExit(f'These groups have no variant {", ".join(sorted(unknown))}: --plan lists their variants.')
    return found


def plan(chosen, run, seeds, images, out):
    "The runs that have no line yet, in the order of the groups and then of the seeds, and the names that each one has."
    have, planned, names = {key_of(json.loads(line)) for _, line in numbered_lines(out)}, {}, {}
    chosen = sorted(((n, seed, name, step) for n, name, step in chosen for seed in seeds),
                    key=lambda c: (list(ABLATIONS).index(c[0]), c[1]))
    for n, seed, name, step in chosen:
        p = plan_run(replace(step, n=0), replace(run, seed=seed), images) # Equal recipes of two groups are one run
        line = dict(step=n, variant=name, checksum=images.checksum, holdout=run.holdout, epochs=p.run.epochs, seed=seed)
        if key_of(line) in have: continue
        planned[p.folder] = p
        names.setdefault(p.folder, []).append((n, name))
    return list(planned.values()), names


def record(result, names, out):
    "Add a run to the results, once for each of its names."
    with FileLock(f'{out}.lock'):
        append_lines([json.dumps({'variant': name} | asdict(replace(result, step=n))) for n, name in names], out)


def train(planned, names, jobs, out):
    "Train and record what is planned; returns what failed."
    start, failed = perf_counter(), []
    finished, left = [p for p in planned if p.result], [p for p in planned if not p.result]
    for p in finished: record(p.result, names[p.folder], out)
    for i, p in enumerate(train_runs(left, jobs), 1):
        what = f'{" = ".join(f"step {n}: {name}" for n, name in names[p.folder])}, seed {p.seed}'
        if p.error: failed.append(f'{what}: {p.error}')
        else: record(p.result, names[p.folder], out)
        minutes = (perf_counter() - start)/60*(len(left) - i)/i
        said = p.error or f'{p.result.test_acc:.2f} %'
        print(f'{i} of {len(left)}, {minutes:.0f} minutes left. {what}: {said}', flush=True)
    return failed


@call_parse
def main(
    data:str='mnist', # Name of a data set, or a folder with IDX files
    groups:str=','.join(map(str, ABLATIONS)), # Numbers of the steps to take apart, such as 5 or 5,7
    variants:str='', # Names of variants, between semicolons; default: all of the groups
    seeds:str='0-4', # Random seeds, such as 0,1 or 0-4
    epochs:int=None, # Epochs of each run; default: those of the recipe
    holdout:int=10_000, # Training images to measure on
    jobs:str='auto', # Runs at a time; auto: one per core
    out:Path=RESULTS, # File that the runs are added to
    plan_only:bool=False, # List the variants and how many runs are missing, and train nothing
):
    "Train every variant of the steps that are taken apart."
    groups = sorted(whole_numbers(groups, 'groups'), key=lambda n: list(ABLATIONS).index(n) if n in ABLATIONS else 0)
    chosen = wanted(groups, [v.strip() for v in variants.split(';') if v.strip()])
    images = load_set(data)
    run = Run(None, data, epochs, None, holdout, 'cpu')
    planned, names = plan(chosen, run, whole_numbers(seeds, 'seeds'), images, out)
    if plan_only:
        for n, name, step in chosen:
            missing = sum((n, name) in of_run for of_run in names.values())
            print(f'step {n}: {name}, {step.params:,} parameters, rate {step.lr_max:g}, {missing} runs missing')
    print(f'{len(planned)} runs to train.', flush=True)
    if plan_only: return
    if failed := train(planned, names, runs_at_once(jobs, 'cpu'), out): raise SystemExit('\n'.join(failed))

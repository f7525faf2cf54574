"""Publish finished runs on MNIST: their lines in results/runs.jsonl, and the weights of each step's middle run beside it.

    python bench/publish.py nbs/lessons/runs

A run replaces the published one of the same step and seed if it is newer. The folders are only read."""
import sys
from datetime import datetime
from pathlib import Path

from fastcore.script import call_parse

from course_steps.core import CourseError, published_dir, write_file
from course_steps.results import Result, of_step, read_results
from course_steps.steps import STEPS
from course_steps.weights import load_trained, middle_run, read_tensors, save_weights

LARGE = 100_000 # Weights of networks with more parameters are not published
MEASURED = { # What is measured from published weights, and how it is measured again
    'results/quantized.jsonl': 'bench/quantized.py',
    'results/calibration.jsonl': 'bench/calibration.py',
    'results/look.jsonl': 'bench/look.py',
    'results/shift.jsonl': 'bench/shift.py',
    'the stored outputs of notebooks that show published weights': 'docs/store.py with their names, then `make readme`',
    'results/bench.jsonl, row classify': '`make bench ARGS="--only classify"`'}


def finished(folder):
    "(folder, result) of each finished run in a folder of runs."
    for file in sorted(Path(folder).glob('step*/result.json')):
        try: yield file.parent, Result.from_json(file.read_bytes())
        except CourseError as e: print(f'{file.parent.name} is left out: {e}')


def obstacle(run, checksum, home):
    "Why a run cannot be published, or None."
    step = STEPS.get(run.step)
    if not step: return f'there is no step {run.step}'
    if (run.data, run.checksum) != ('mnist', checksum): return 'it was not made on MNIST'
    if run.holdout: return 'it was measured on held-out images'
    if run.device != 'cpu': return f'it was made on {run.device}, the others on the CPU'
    if run.wrong is None: return 'it does not say which images it got wrong'
    differ = [name for name in ('epochs', 'lr_max', 'bs', 'params') if getattr(run, name) != getattr(step, name)]
    if differ or len(run.history) != run.epochs: return f'its {differ[0] if differ else "history"} is not that of the recipe'
    if not step.is_recipe_of(read_tensors(home/'weights.safetensors')[1]['identity']):
        return 'it was made with another recipe'


def made(run): return datetime.fromisoformat(run.date)


def publish_lines(folders, path):
    "Replace published runs by newer ones, and return all with the folder of each new one."
    published = {(r.step, r.seed): r for r in read_results(path)}
    checksum, homes = next(iter(published.values())).checksum, {}
    for home, run in (found for folder in folders for found in finished(folder)):
        key = run.step, run.seed
        if why := obstacle(run, checksum, home): print(f'{home.name} is left out: {why}.')
        elif key not in published or made(run) >= made(published[key]): published[key], homes[key] = run, home
    write_file(path, ''.join(published[key].to_json() + '\n' for key in sorted(published)).encode())
    return list(published.values()), homes


def publish_weights(step, runs, homes, out):
    "Write the weights of the middle run of a step, and say in one line what came of it."
    run, file = middle_run(runs), out/f'step{step.n}.safetensors'
    about = dict(seed=run.seed, date=run.date, runs=len(runs))
    if file.is_file() and about.items() <= read_tensors(file)[1].items(): return f'seed {run.seed}, as before'
    home = homes.get((run.step, run.seed))
    if not home: return f'seed {run.seed}, whose weights are not in these folders: the published ones stay as they are'
    model, stats, classes, _ = load_trained(home)
    save_weights(model, file, step=step.n, stats=stats, classes=classes, data=run.data, checksum=run.checksum, **about)
    return f'seed {run.seed}, {run.test_acc:.2f} %, now published'


@call_parse
def main(
    folders:str, # Folders of runs, separated by commas
    out:str=str(published_dir()), # Where the published runs and weights are
):
    "Publish the finished runs of folders."
    out = Path(out)
    before = read_results(out/'runs.jsonl')
    runs, homes = publish_lines(folders.split(','), out/'runs.jsonl')
    print(f'{sum(r not in before for r in runs)} of {len(runs)} published runs are new.')
    for step in STEPS.values():
        if step.params <= LARGE and (mine := of_step(step.n, runs)):
            print(f'Step {step.n}, the middle of {len(mine)} runs: {publish_weights(step, mine, homes, out)}.')
    print('After new weights, measure again:', *(f'- {what}: {how}' for what, how in MEASURED.items()), sep='\n')

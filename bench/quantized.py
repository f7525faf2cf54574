"""Networks with weights of few bits: how many bytes their packed files take, and how accurate they are.

--after FOLDER rounds the finished runs in a folder to --bits. --in_the_loop 14:5,wide-24:4 trains networks with weights
rounded to so many bits from the first epoch on. Both are measured as they are and "renormed", with the statistics of
batch normalization estimated again, and become lines of results/quantized.jsonl. With --holdout they are measured on
held-out training images, for choosing: those lines go to results/trials.jsonl.
A line that is there is not made again, a finished run is not repeated, an interrupted one continues.
"""
import json
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from fastcore.script import call_parse
from filelock import FileLock
from joblib import Parallel, delayed

from course_steps.core import CourseError, append_lines, numbered_lines, whole_number, whole_numbers, write_file
from course_steps.export import measure_packed, normalized, pack
from course_steps.images import load_set
from course_steps.layers import conv_net
from course_steps.quantize import MAX_BITS, MIN_BITS, quantize, renormed
from course_steps.results import Result, Run
from course_steps.steps import STEPS, get_step
from course_steps.sweep import plan_run, runs_at_once, train_runs
from course_steps.weights import load_weights, read_tensors

RESULTS = Path(__file__).parent.parent/'results'
FRONT = (8, 3), (8, 3), 'pool'
END = 'gap', (10, 1)
NETS = { # Networks that are made for a size in bytes: the step whose training they take, and their rows
    'wide-20': (14, [(8, 3), ('sep', 20, 3), 'pool', ('repeat', 4, ('sep', 20, 3)), *END]),
    'wide-23': (14, [(8, 3), ('sep', 23, 3), 'pool', ('repeat', 4, ('sep', 23, 3)), *END]),
    'wide-24': (14, [(8, 3), ('sep', 24, 3), 'pool', ('repeat', 3, ('sep', 24, 3)), *END]),
    'wide-28': (14, [(8, 3), ('sep', 28, 3), 'pool', ('repeat', 3, ('sep', 28, 3)), *END]),
    'sep-22': (11, [*FRONT, *[('sep', 22, 3)]*4, *END]),
    'share-36': (13, [*FRONT, ('sep', 36, 3), ('repeat', 3, ('sep', 36, 3)), *END]),
    'share-40': (13, [*FRONT, ('sep', 40, 3), ('repeat', 3, ('sep', 40, 3)), *END])}


def base(name):
    "The step of a number, or one with a network of `NETS`."
    if name.isdigit(): return get_step(int(name))
    if name not in NETS:
        raise CourseError(f'There is no network {name!r}: take the number of a step or one of {", ".join(NETS)}.')
    n, rows = NETS[name]
    return replace(STEPS[n], n=0, title=name, model=partial(conv_net, rows, norm=True))


def read_candidate(text):
    "(name, bits, step) of a candidate such as 14:5."
    name, _, bits = text.partition(':')
    step, bits = base(name), whole_number(bits, f'the bits of {text}', MIN_BITS, MAX_BITS)
    return name, bits, replace(step, bits=bits)


def packed_line(model, meta, images, what):
    "Size and accuracy of the packed file of a network."
    with TemporaryDirectory() as folder:
        write_file(file := Path(folder)/'net.csq', pack(quantize(model, what["bits"]), meta['stats'], meta['classes']))
        return measure_packed(file, images, **what)


def lines_of(folder, step, bits, name, how, images, have):
    "The missing lines of a finished run: of its weights as they are, and of those with new statistics."
    result = Result.from_json((folder/'result.json').read_bytes())
    for suffix in ('', ', renormed'):
        what = dict(step=step.n, seed=result.seed, bits=bits, how=how + suffix,
                    network=name, params=result.params, holdout=result.holdout)
        if key(what) in have: continue
        model, meta = load_weights(folder/'weights.safetensors', step)
        if suffix: model = renormed(model, bits, normalized(images, meta['stats']))
        yield packed_line(model, meta, images, what)


def as_row(line):
    "A line as its file has it: a measurement on the test images, or a trial on held-out ones."
    name, bits, how = line['network'], line['bits'], line['how']
    if not line['holdout']:
        own = {} if line['step'] else {'network': name}
        return {k: line[k] for k in ('step', 'seed', 'bits', 'bytes', 'test_acc', 'wrong', 'how')} | own
    trial = f'{name}-{bits}-bits' + '-renormed'*how.endswith('renormed')
    kept = {k: line[k] for k in ('params', 'bytes', 'test_acc', 'holdout', 'seed', 'network', 'bits', 'how')}
    return {'step': 15, 'trial': trial, 'what': f'{name} with {bits} bits {how}'} | kept


def key(line):
    "What tells the lines of a file apart."
    return line.get('network') or str(line['step']), line['seed'], line['bits'], line['how']


def read_keys(out):
    "What a file has already."
    return {key(row) for _, line in numbered_lines(out) if 'bits' in (row := json.loads(line))}


def record(lines, out):
    "Show lines, and add them to their file."
    for line in lines:
        print(f'{line["network"]}, seed {line["seed"]}, {line["bits"]} bits {line["how"]}: '
              f'{line["bytes"]:,} bytes, {line["test_acc"]:.2f} %', flush=True)
        with FileLock(f'{out}.lock'): append_lines([json.dumps(as_row(line))], out)


def round_run(folder, bits, images, out):
    "Round a finished run to each number of bits."
    torch.set_num_threads(1)
    step = get_step(Result.from_json((folder/'result.json').read_bytes()).step)
    for b in bits: record(lines_of(folder, step, b, str(step.n), 'after training', images, read_keys(out)), out)


def is_of_the_course(folder, images):
    "Whether a finished run is one of a step as it is, with all its bits, measured on the test images."
    meta = read_tensors(folder/'weights.safetensors')[1]
    if meta['step'] not in STEPS or STEPS[meta['step']].bits: return False
    measured = {'data': images.checksum, 'holdout': 0}.items() <= meta['identity'].items()
    return measured and STEPS[meta['step']].is_recipe_of(meta['identity'])


def round_finished(runs, seeds, bits, images, jobs, out):
    "Round the finished runs in a folder."
    found = {f.parent: Result.from_json(f.read_bytes()).seed for f in sorted(Path(runs).glob('*/result.json'))}
    ours = [folder for folder, seed in found.items() if seed in seeds and is_of_the_course(folder, images)]
    Parallel(jobs)(delayed(round_run)(folder, bits, images, out) for folder in ours)


def train_rounded(candidates, runs, images, jobs, out):
    "Train networks of few bits with the settings of each run, and measure them as they end."
    held, planned, about = images.held_out(runs[0].holdout), [], {}
    for name, bits, step in map(read_candidate, candidates):
        for run in runs:
            planned.append(plan_run(step, replace(run, step=step.n), images))
            about[planned[-1].folder] = name, bits
    finished, left = [p for p in planned if p.result], [p for p in planned if not p.result]
    for done in chain(finished, train_runs(left, jobs)):
        name, bits = about[done.folder]
        if done.error: raise SystemExit(f'{name}, seed {done.seed}: {done.error}')
        record(lines_of(done.folder, done.step, bits, name, 'in the loop', held, read_keys(out)), out)


@call_parse
def main(
    data:str='mnist', # Name of a data set, or a folder with IDX files
    after:Path=None, # Folder of finished runs to round
    bits:str='2-8', # Bits to round them to, such as 4,5 or 2-8
    in_the_loop:str='', # Networks to train, such as 14:5,wide-24:4: the number of a step or a name in NETS, and bits
    seeds:str='0-9', # Random seeds, such as 0,1 or 0-2
    holdout:int=0, # Training images to measure on instead of the test images
    epochs:int=15, # Epochs of each run
    jobs:str='auto', # Runs at a time; auto: one per core
    folder:Path=RESULTS, # Where the lines are added to quantized.jsonl or trials.jsonl
):
    "Measure what weights of few bits cost in accuracy, and how many bytes they take."
    images, jobs, seeds = load_set(data), runs_at_once(jobs, 'cpu'), whole_numbers(seeds, 'seeds')
    out = folder/('trials.jsonl' if holdout else 'quantized.jsonl')
    if after: round_finished(after, seeds, whole_numbers(bits, 'bits'), images, jobs, out)
    runs = [Run(0, data, epochs, seed, holdout, 'cpu') for seed in seeds]
    if in_the_loop: train_rounded(in_the_loop.split(','), runs, images, jobs, out)

"""Measure the course beside programs that you might use instead, and print the table of goals.

Each measurement is a process of its own, one after another; the programs of a row take turns. A finished row is added
to results/bench.jsonl, or to the file given as `--out`, so `--only` can measure the rows in several calls.
All rows take about three quarters of an hour on two cores.
"""
import json
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from fastcore.script import call_parse

HERE = Path(__file__).parent
RESULTS = HERE.parent/'results/bench.jsonl'
WIDTHS, SIZES, BATCHES = (0.5, 1, 2, 4), (1/8, 1/4, 1/2, 1, 2, 4), (32, 64, 128, 256, 512, 1024)
IMPORT = ('import json, time; t = time.perf_counter(); import course_steps; '
          'print(json.dumps(dict(seconds=time.perf_counter() - t)))')
TRIES = [json.loads(line)['try'] for line in (HERE.parent/'results/tuning.jsonl').read_text().splitlines()]
ROWS = { # row -> way -> words of a command; {i} is the number of the repetition
    'epoch': {'course_steps': ['course_way.py', '--epochs', '1'], 'original': ['original_way.py'],
              'fastai_folder': ['fastai_folder.py']},
    'hurry': {'course_steps': ['course_way.py', '--step', '10', '--target', '99', '--seed', '{i}'],
              'keras': ['keras_way.py', '--seed', '{i}']},
    **{f'hurry-{n}': {'course_steps': ['course_way.py', '--step', '10', '--target', '99', '--seed', '{i}',
                                       '--epochs', str(n)]} for n in (3, 1)},
    'import': {'course_steps': ['-c', IMPORT]},
    'classify': {'course_steps': ['classify.py'], 'image_by_image': ['classify.py', '--bs', '1']},
    'busy': dict.fromkeys(['sleeping', 'spinning'], ['classify.py', '--busy', '2', '--images', '2000']),
    'memory': {'course_steps': ['memory.py'], 'imports': ['memory.py', '--way', 'import']},
    'loading': {'course_steps': ['loading.py'], 'per_image': ['loading.py', '--way', 'per_image']},
    'tuning': {'now': ['tuning.py', 'now', '--profiled'], **{t: ['tuning.py', t] for t in TRIES}},
    'growth-images': {f'{n:g}': ['growth.py', '--images', str(n)] for n in SIZES},
    'growth-params': {f'{w:g}': ['growth.py', '--images', '0.2', '--width', str(w)] for w in WIDTHS},
    'growth-batch': {f'{b}': ['growth.py', '--images', '0.2', '--bs', str(b)] for b in BATCHES},
}
ROWS['tuning'] |= {'start': ['tuning.py', 'start', '--profiled'], 'batch 256': ['tuning.py', 'now', '--batch', '256']}
for row in ('epoch', 'hurry'):
    ROWS[f'{row}-gpu'] = {way: [*words, '--device', 'cuda'] for way, words in ROWS[row].items()}
REPEATS = {'epoch': 3, 'hurry': 10, 'hurry-3': 10, 'hurry-1': 10, 'import': 5, 'classify': 5, 'busy': 9,
           'memory': 2, 'loading': 3, 'tuning': 6, 'epoch-gpu': 3, 'hurry-gpu': 10} # Of each way, if there is more than one
MOST = {'keras': 3, 'compile': 1} # Slow programs are repeated less often
SPIN = {'OMP_WAIT_POLICY': 'ACTIVE', 'GOMP_SPINCOUNT': '300000'} # As without the course: the defaults of GNU's OpenMP
ENV = dict(os.environ) # Before the package is imported here: the other programs run without its thread settings
TRY = ('course_way.py', 'original_way.py', 'fastai_folder.py') # These take --images


def processor():
    "Name of the processor."
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.exists() else []
    return next((l.split(':')[1].strip() for l in lines if l.startswith('model name')), platform.processor())


def gpu():
    "Name of the GPU, None if there is none."
    import torch
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def header():
    "Machine, versions, date and load."
    memory = os.sysconf('SC_PAGE_SIZE')*os.sysconf('SC_PHYS_PAGES')/2**30
    return dict(date=datetime.now(timezone.utc).isoformat(timespec='seconds'), processor=processor(),
                cores=os.cpu_count(), memory_gb=round(memory), gpu=gpu(), system=platform.system(),
                load=round(os.getloadavg()[0], 2), python=platform.python_version(),
                versions={p: version(p) for p in ('torch', 'torchvision', 'fastai', 'numpy')})


def measure(way, words, data, images):
    "What a program measured: the JSON object of its last line."
    more = [] if words[0] == '-c' else ['--data', data]
    if images and words[0] in TRY: more += ['--images', str(images)]
    env = {**ENV, **SPIN} if way == 'spinning' else ENV
    command = [sys.executable, '-W', 'ignore', *words, *more]
    done = subprocess.run(command, cwd=HERE, env=env, capture_output=True, text=True)
    if done.returncode: sys.exit(f'{" ".join(words)} failed:\n{done.stderr[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def run_row(row, repeats, data, images):
    "All repetitions of a row, its ways in turn."
    ways = {way: [] for way in ROWS[row]}
    for i in range(repeats or REPEATS.get(row, 1)):
        for way, words in ROWS[row].items():
            if i >= MOST.get(way, i + 1): continue
            ways[way].append(measure(way, [w.replace('{i}', str(i)) for w in words], data, images))
            print(f'{row} {i + 1} {way}: {json.dumps(ways[way][-1])[:150]}', file=sys.stderr, flush=True)
    return ways


def checked(only, repeats, data, images):
    "The rows to measure and the name of the data set, which is read to test it; ends the program for unusable options."
    from course_steps.core import CourseError, whole_number # Not above: see ENV
    from course_steps.images import load_set
    rows = only.split(',') if only else list(ROWS)
    if unknown := set(rows) - set(ROWS):
        sys.exit(f'There is no row {", ".join(unknown)}: choose from {", ".join(ROWS)}.')
    try:
        for number, name in ((repeats, '--repeats'), (images, '--images')):
            if number is not None: whole_number(number, name, 1)
        return rows, load_set(data).name
    except CourseError as e: sys.exit(str(e))


def report(out, name, left_out):
    "Print the machine and the table of goals."
    from course_steps.evidence.speed import read_bench, show_speed, speed_table # Not above: see ENV
    print(', '.join(f'{k} {v}' for k, v in header().items()))
    print(show_speed(speed_table(read_bench(out))).to_string())
    if name != 'mnist': print(f'The table has only the rows of MNIST; these were measured on {name}.')
    if left_out: print(f'Left out, because there is no GPU here: {", ".join(left_out)}.')


@call_parse
def main(
    only:str=None, # Rows, separated by commas; default: all
    repeats:int=None, # Measurements of each way; default: what the row says
    data:str='auto', # Name of a data set, or a folder with IDX files
    images:int=None, # Training images in the rows of an epoch, for a quick try, which the page leaves out
    out:Path=RESULTS, # File that the rows are added to; the page shows the default
):
    "Measure the course beside programs that you might use instead, and print the table of goals."
    rows, name = checked(only, repeats, data, images)
    left_out = [row for row in rows if row.endswith('-gpu') and not gpu()]
    for row in (row for row in rows if row not in left_out):
        record = dict(row=row, **header(), data=name, images=images)
        record['ways'] = run_row(row, repeats, data, images)
        with out.open('a') as f: f.write(json.dumps(record) + '\n')
    report(out, name, left_out)

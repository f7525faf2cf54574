"Many processes at once on one machine: one cache, one results file, nothing lost."
import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from threading import Event
from unittest.mock import patch

import pytest
from conftest import example, idx_files, known_as_kmnist, mirror, send
from test_resume import forkserver

pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no forkserver')
PRELOAD = 'course_steps.cli', 'course_steps.sweep', 'torchvision.datasets', 'sklearn.datasets'


def load(known, cache, answers):
    "Load KMNIST from a cache; hand over its checksum."
    import torchvision.datasets

    from course_steps.images import download_set
    with patch.multiple(torchvision.datasets.KMNIST, **known), redirect_stderr(io.StringIO()): answers.put(download_set('kmnist', cache).checksum)


def in_class(known, root, seed):
    "Run a learner's command in a process that has the packages imported; its exit code is the program's."
    import torch
    import torchvision.datasets

    from course_steps.cli import main
    os.environ.update(COURSE_STEPS_CACHE=str(root/'cache'), COURSE_STEPS_RUNS=str(root/'runs'))
    torch.set_num_threads(1)
    words = ['sweep', '--steps', '3', '--seeds', str(seed), '--epochs', '1', '--data', 'kmnist', '--jobs', '1', '--out', str(root/'results.jsonl')]
    with patch.multiple(torchvision.datasets.KMNIST, **known), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()): code = main(words)
    sys.exit(code)


def start(context, n, target, *args):
    "Start n processes."
    processes = [context.Process(target=target, args=args) for _ in range(n)]
    for p in processes: p.start()
    return processes


def checksums(answers, processes):
    "What the surviving processes put into a queue."
    for p in processes: p.join()
    return [answers.get(timeout=10) for p in processes if p.exitcode == 0]


@pytest.fixture(scope='module')
def digits():
    from course_steps.images import bundled_digits
    return bundled_digits()


@pytest.mark.parametrize('kill', [False, True], ids=['all live', 'the one that downloads is killed'])
def test_one_download_for_all(digits, tmp_path, proof, kill):
    context, files, n, half = forkserver(*PRELOAD), idx_files(digits), proof.times(4, 8), Event()
    answers = context.Queue()

    def slowly(handler, name):
        half.set()
        send(handler, files[name], pause=1 if kill else 0.2)
    with mirror(slowly) as (url, asked):
        args = load, known_as_kmnist(files, [url]), tmp_path/'cache', answers
        if kill:
            first, = start(context, 1, *args)
            assert half.wait(60)
        others = start(context, n, *args)
        if kill:
            first.kill()
            first.join()
            assert first.exitcode == -9
        loaded = checksums(answers, others)
    again = [name for name in files if asked.count(name) != 1]
    wrong = n - sum(c == digits.checksum for c in loaded) + (len(asked) - len(files) - kill) + (len(again) > kill)
    left = {f.name for f in (tmp_path/'cache/kmnist').iterdir()} ^ set(files)
    proof.record(f'{n} processes ask for one data set at once{", the one that downloads is killed" if kill else ""}', n, wrong + len(left))


def test_a_classroom(digits, tmp_path, proof):
    from course_steps.results import read_results
    context, files, n = forkserver(*PRELOAD), idx_files(digits), proof.times(3, 12)
    (tmp_path/'alone').mkdir()
    (tmp_path/'class').mkdir()
    with mirror(lambda handler, name: send(handler, files[name])) as (url, asked):
        known = known_as_kmnist(files, [url])
        for seed in range(n): [p.join() for p in start(context, 1, in_class, known, tmp_path/'alone', seed)]
        asked.clear()
        learners = [p for seed in range(n) for p in start(context, 1, in_class, known, tmp_path/'class', seed)]
        for p in learners: p.join()
    scores = lambda folder: {r.seed: [{**h, 'seconds': 0} for h in r.history] for r in read_results(tmp_path/folder/'results.jsonl')}
    alone, together = scores('alone'), scores('class')
    assert sorted(alone) == list(range(n)) and len(asked) == 4
    lines = (tmp_path/'class/results.jsonl').read_text().count('\n')
    proof.record(f'a classroom: {n} runs at once, one cache, one results file', n, sum(together.get(s) != alone[s] for s in alone) + (lines != n))


def add(path, seed, times, together):
    "Add results to a file, one at a time, once all processes are ready."
    from course_steps.results import add_results
    together.wait()
    for i in range(times):
        add_results([example(1000*seed + i)], path)


def test_writers_at_once(tmp_path, proof):
    from course_steps.results import read_results
    context, n, each = forkserver(*PRELOAD), 4, proof.times(50, 100)
    together = context.Barrier(n)
    writers = [p for seed in range(n) for p in start(context, 1, add, tmp_path/'results.jsonl', seed, each, together)]
    for p in writers: p.join()
    found = {r.seed for r in read_results(tmp_path/'results.jsonl')}
    lines = (tmp_path/'results.jsonl').read_bytes().count(b'\n')
    proof.record(f'{n} processes add results to one file', n*each, n*each - len(found) + abs(lines - n*each))


def test_a_learner_changes_the_recipe(tmp_path):
    "A copy of a lesson with another rate, width and dropout runs to its end, and has a folder of its own; the lesson as it is goes on."
    import nbformat
    from nbclient import NotebookClient
    from course_steps.teach.lessons import copy_lessons
    file = next(f for f, _ in copy_lessons(tmp_path) if f.stem == '05_dropout')
    nb, edits = nbformat.read(file, 4), {'lr_max=4e-2': 'lr_max=1e-2', '(8,3), (8,3)': '(6,3), (8,3)', 'p=0.1': 'p=0.2'}
    for cell in (c for c in nb.cells if c.cell_type == 'code'):
        for old in [old for old in edits if old in cell.source]: cell.source = cell.source.replace(old, edits.pop(old))
    assert not edits, f'{file.name} has no {list(edits)}'
    with patch.dict(os.environ, COURSE_STEPS_EPOCHS='1', COURSE_STEPS_RUNS=str(tmp_path/'runs')):
        NotebookClient(nb, timeout=600, resources={'metadata': {'path': str(tmp_path)}}).execute()
    said = '\n'.join(o.text for c in nb.cells if c.cell_type == 'code' for o in c.outputs if o.output_type == 'stream')
    assert 'you changed network and lr_max (0.01, not 0.04)' in said
    run, = (tmp_path/'runs').iterdir()
    assert (run/'result.json').is_file() and f'This run has a folder of its own: {run}' in said

"A training that is killed at random moments and resumed ends with the same bits."
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout, suppress
from multiprocessing import get_context
from random import Random

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no SIGKILL')


def forkserver(*modules):
    "Processes that start instantly, because these modules are already imported, and that share nothing."
    context = get_context('forkserver')
    context.set_forkserver_preload(list(modules))
    return context


def die(call, nth, share):
    "Kill this process at the nth call of a function of os; of a file being written, only a share of the bytes has reached the disk."
    real, calls = getattr(os, call), itertools.count(1)

    def fatal(*args):
        if next(calls) == nth:
            if call == 'fsync': os.ftruncate(args[0], int(share*os.fstat(args[0]).st_size))
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args)
    setattr(os, call, fatal)


def train(folder, resume=False, fault=None, step=8):
    "Train a step for four epochs on the digits; step 8 has dropout and turns its images."
    import torch

    from course_steps.learner import train_step
    torch.set_num_threads(1)
    if fault: die(*fault)
    with redirect_stdout(io.StringIO()): train_step(step, 'digits', epochs=4, out=folder, resume=resume)


def outcome(folder):
    "Weights, byte for byte, and history without the time it took."
    history = json.loads((folder/'result.json').read_text())['history']
    return (folder/'weights.safetensors').read_bytes(), [{**h, 'seconds': 0} for h in history]


def killed(context, folder, moment=None, fault=None):
    "Start a training and kill it after some seconds, or as it writes; returns whether it was still running."
    process = context.Process(target=train, args=(folder, False, fault))
    process.start()
    process.join(moment)
    if process.is_alive(): process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def kept(folder):
    "Epochs in the newest checkpoint that can be read."
    from course_steps.weights import read_tensors
    from course_steps.core import CourseError
    for name in ('checkpoint', 'checkpoint-before'):
        with suppress(CourseError): return read_tensors(folder/f'{name}.safetensors')[1]['epoch'] + 1
    return 0


def resumed(context, folder):
    "Resume a training; returns its outcome."
    process = context.Process(target=train, args=(folder, True))
    process.start()
    process.join()
    return outcome(folder) if process.exitcode == 0 else None


def test_killed_training_ends_with_the_same_bits(tmp_path, proof):
    context, rng = forkserver('course_steps.learner', 'sklearn.datasets'), Random(0)
    train(tmp_path/'whole')
    whole = outcome(tmp_path/'whole')
    process, start = context.Process(target=train, args=(tmp_path/'timed',)), time.perf_counter()
    process.start()
    process.join()
    seconds, n, lost = time.perf_counter() - start, proof.times(2, 10), 0
    assert outcome(tmp_path/'timed') == whole
    for i in range(n):
        folder = tmp_path/f'moment{i}'
        while not killed(context, folder, moment=rng.uniform(0.05, seconds)): seconds *= 0.8 # It had ended: the machine is faster now
        lost += resumed(context, folder) != whole
    proof.record('SIGKILL at a random moment of a training', n, lost)


def test_killed_while_it_writes_a_checkpoint(tmp_path, proof):
    context, rng = forkserver('course_steps.learner', 'sklearn.datasets'), Random(1)
    train(tmp_path/'whole')
    whole, n, lost, died = outcome(tmp_path/'whole'), proof.times(2, 10), 0, 0
    for i in range(n):                                        # Four checkpoints: four writes, eleven moves of files
        call, nth = ('fsync', rng.randint(2, 4)) if i % 2 == 0 else ('replace', rng.randint(3, 11))
        died += killed(context, tmp_path/f'write{i}', fault=(call, nth, rng.random()))
        finished = nth - 1 if call == 'fsync' else nth//3     # The first checkpoint takes two moves, each other one three
        lost += kept(tmp_path/f'write{i}') != finished or resumed(context, tmp_path/f'write{i}') != whole
    assert died == n
    proof.record('SIGKILL while a checkpoint is written', n, lost)


def test_another_process_goes_on(tmp_path):
    "Step 9 has Adam, averaged weights, and turned and moved images. Unlike forked processes, these share no memory addresses."
    def python(code): return subprocess.run([sys.executable, '-W', 'ignore', '-c', code], cwd=ROOT/'tests', env={**os.environ, 'PYTHONPATH': str(ROOT)}).returncode
    begin, go_on = (f'from test_resume import train; train({str(tmp_path/"killed")!r}, {rest})' for rest in ("fault=('fsync', 3, 0.5), step=9", 'resume=True, step=9'))
    train(tmp_path/'whole', step=9)
    assert python(begin) == -signal.SIGKILL and kept(tmp_path/'killed') == 2
    assert python(go_on) == 0
    assert outcome(tmp_path/'killed') == outcome(tmp_path/'whole')

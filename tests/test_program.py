"The console script as a process: what it prints and where, its exit codes, and what an interruption leaves behind."
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from safetensors.numpy import load_file


def run(program, *args, **kwargs):
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=300, **kwargs)


def test_help_and_list_do_not_import_what_is_slow():
    code = ("import sys; from course_steps.cli import main\n"
            "slow = {'torch', 'fastai', 'torchvision', 'pandas', 'matplotlib', 'scipy', 'sklearn'}\n"
            "for words in (['--help'], ['train', '--help']): assert main(words) == 0\n"
            "assert not slow & set(sys.modules), slow & set(sys.modules)\n"
            "assert main(['list']) == 0\n"
            "assert slow & set(sys.modules) <= {'torch'}, slow & set(sys.modules)") # A step has a network: that needs torch
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_json_is_all_of_standard_output(program, tmp_path):
    done = run(program, 'train', 3, '--epochs', 2, '--out', tmp_path/'run', '--json')
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert done.stdout.count('\n') == 1
    assert (result['step'], result['params'], result['data'], result['epochs']) == (3, 5976, 'digits', 2)
    assert 'train_accuracy' in done.stderr                      # the table of the epochs
    assert 'Warning' not in done.stderr
    assert {f.name for f in (tmp_path/'run').iterdir()} >= {'result.json', 'history.csv', 'weights.safetensors', 'curves.png'}


def test_below_target(program, tmp_path):
    done = run(program, 'train', 3, '--epochs', 1, '--target', 100)
    assert done.returncode == 1
    assert 'below the target' in done.stderr.splitlines()[-1]


def test_wrong_use_is_one_sentence(program):
    done = run(program, 'train', 99)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1 and 'There is no step 99' in done.stderr


def test_interrupted_run_resumes_to_the_same_weights(program, tmp_path):
    whole, broken = tmp_path/'whole', tmp_path/'broken'
    assert run(program, 'train', 5, '--epochs', 4, '--out', whole).returncode == 0
    process = subprocess.Popen([program, 'train', '5', '--epochs', '4', '--out', str(broken)], stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) # A background job would ignore it
    deadline = time.time() + 120
    while not (broken/'checkpoint.safetensors').exists() and time.time() < deadline: time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and '--resume' in said.splitlines()[-1] and 'Traceback' not in said
    assert run(program, 'train', 5, '--epochs', 4, '--out', broken, '--resume').returncode == 0
    a, b = (load_file(folder/'weights.safetensors') for folder in (whole, broken))
    assert a.keys() == b.keys() and all((a[k] == b[k]).all() for k in a)


@pytest.mark.parametrize('then', ['pass', 'raise ImportError("half imported")'])
def test_interrupted_in_an_import(program, tmp_path, then):
    (tmp_path/'fastprogress.py').write_text(f'import os, signal\ntry: os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException: {then}\n')
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    done = run(program, 'train', 3, '--epochs', 1, env={**os.environ, 'PYTHONPATH': path}, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    assert (done.returncode, done.stdout, done.stderr) == (130, '', 'Interrupted. Existing files are unchanged.\n')


def test_a_damaged_file_is_named(program, tmp_path):
    folder = tmp_path/'set'
    folder.mkdir()
    (folder/'train-images-idx3-ubyte').write_bytes(b'<html>')
    for name in ('train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'): (folder/name).write_bytes(b'')
    done = run(program, 'train', 3, '--data', folder, '--epochs', 1)
    assert done.returncode == 1 and done.stderr.count('\n') == 1
    assert 'train-images-idx3-ubyte' in done.stderr and 'expected' in done.stderr and 'found' in done.stderr


def test_data_that_is_not_there(program, tmp_path):
    done = run(program, 'data', tmp_path/'nowhere')
    assert done.returncode == 2 and 'There is no data folder' in done.stderr

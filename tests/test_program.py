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


def shell(program, command, **kwargs):
    "A command line in a shell, in which {} stands for the program."
    return subprocess.run(['bash', '-c', f'set -o pipefail; {command.format(program)}'], capture_output=True, text=True, timeout=300, **kwargs)


def without_home(tmp_path):
    "An environment as in a container whose user has neither a name nor a home folder."
    (tmp_path/'site').mkdir()
    (tmp_path/'site/sitecustomize.py').write_text('import pwd\ndef unknown(uid): raise KeyError(uid)\npwd.getpwuid = unknown\n')
    path = os.pathsep.join([str(tmp_path/'site'), os.environ.get('PYTHONPATH', '')])
    return {**{k: v for k, v in os.environ.items() if k != 'HOME' and not k.startswith('COURSE_STEPS_')}, 'PYTHONPATH': path}


needs_bash = pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no bash')


@needs_bash
def test_a_reader_that_goes_hides_nothing(program, tmp_path, proof):
    with proof.trial():
        done = shell(program, f'{{}} train 3 --epochs 2 --target 99.9 --out {tmp_path}/run | head -1 > /dev/null')
        assert done.returncode == 1 and 'below the target 99.90' in done.stderr and done.stderr.count('\n') == 1, done.stderr
        assert json.loads((tmp_path/'run/result.json').read_text())['epochs'] == 2
    with proof.trial():
        done = shell(program, f'{{}} sweep --steps 3 --seeds 0-1 --epochs 1 --jobs 1 --out {tmp_path}/runs.jsonl 2>&1 | head -1')
        assert done.returncode == 0 and (tmp_path/'runs.jsonl').read_text().count('\n') == 2, done
    proof.record('the reader of the output goes before its end', proof.tried, proof.lost)


STREAMS = {
    'list': ('PYTHONIOENCODING=ascii {} list', 0, ''),
    'table': ('PYTHONIOENCODING=ascii {} table', 0, ''),
    'a name in other letters': ('PYTHONIOENCODING=ascii {} data /nosuch/Zürich-数字', 2, r'There is no data folder /nosuch/Z\xfcrich-\u6570\u5b57'),
    'a full disk': ('{} --help > /dev/full', 1, 'The output could not be written: No space left on device; write it somewhere else.'),
    'no output': ('{} train 3 --epochs 1 --target 100 >&-', 1, 'is below the target 100.00.'),
    'no output, no errors': ('{} train 3 --epochs 1 >&- 2>&-', 0, ''),
    'no user of this name': ("{} data '~nosuchuser/x'", 2, 'There is no home folder for ~nosuchuser/x: write the whole path.'),
    'a deleted folder': ('mkdir gone; cd gone; rmdir ../gone; {} lessons x', 1, 'The current folder has been deleted: change to another one.')}


@needs_bash
@pytest.mark.parametrize('what', STREAMS)
def test_streams_and_folders_as_they_may_be(program, tmp_path, proof, what):
    command, code, words = STREAMS[what]
    with proof.trial():
        done = shell(program, command, cwd=tmp_path)
        assert done.returncode == code and words in done.stderr, done.stderr
        assert done.stderr.count('\n') == bool(words), done.stderr
    proof.record(f'output and folders: {what}', proof.tried, proof.lost, **({'message': done.stderr.strip()} if words else {}))


@needs_bash
def test_no_home(program, tmp_path, proof):
    env = without_home(tmp_path)
    with proof.trial():
        for command in ('progress', 'train 3 --epochs 1 --data digits', 'data digits'):
            done = shell(program, f'{{}} {command}', cwd=tmp_path, env=env)
            assert done.returncode == 0 and 'Traceback' not in done.stderr, done.stderr
    with proof.trial():
        done = shell(program, "{} lessons '~/x'", cwd=tmp_path, env=env)
        assert (done.returncode, done.stderr) == (2, 'There is no home folder for ~/x: write the whole path.\n')
    proof.record('no HOME, and a user without a name', proof.tried, proof.lost)


@needs_bash
def test_an_option_with_a_home_folder(program, tmp_path):
    done = shell(program, '{} train 3 --epochs 1 --out=~/x', cwd=tmp_path, env={**os.environ, 'HOME': str(tmp_path/'home')})
    assert done.returncode == 0 and (tmp_path/'home/x/result.json').exists() and not (tmp_path/'~').exists(), done.stderr


@needs_bash
@pytest.mark.parametrize('name', ['SIGINT', 'SIGTERM', 'SIGHUP'])
def test_a_signal_and_another_one(program, tmp_path, proof, name):
    process = subprocess.Popen([program, 'train', '5', '--epochs', '40', '--out', str(tmp_path/'run')], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    deadline = time.time() + 120
    while not (tmp_path/'run/checkpoint.safetensors').exists() and time.time() < deadline: time.sleep(0.02)
    with proof.trial():
        for _ in range(20):                                       # As an impatient user does
            if process.poll() is None: process.send_signal(getattr(signal, name))
            time.sleep(0.02)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 130 and said == 'Interrupted: the same command with --resume continues after the last finished epoch.\n', said
    proof.record(f'{name} twenty times in a training', proof.tried, proof.lost, message=said.strip())


def test_a_folder_has_one_owner(program, tmp_path, proof):
    words = [program, 'train', '5', '--epochs', '40', '--out', str(tmp_path/'run')]
    first = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not (tmp_path/'run/checkpoint.safetensors').exists() and time.time() < deadline: time.sleep(0.02)
    with proof.trial():
        done = run(*words, '--seed', 1)
        assert first.poll() is None
        first.kill()
        first.wait()
        assert done.returncode == 1 and done.stderr == f'Another process uses the folder {tmp_path}/run: wait for its end, or choose another one.\n', done.stderr
    proof.record('two trainings with one folder', proof.tried, proof.lost, message=done.stderr.strip().replace(f'{tmp_path}/', ''))

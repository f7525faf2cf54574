"A sweep on a cluster of its own, and a sweep that is killed."
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest


def sweep(program, *args, **kwargs):
    words = [program, 'sweep', '--data', 'digits', '--steps', '3', *map(str, args)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, **kwargs)


@pytest.mark.parametrize('backend, module', [('dask', 'distributed'), ('ray', 'ray')])
def test_a_cluster_on_this_machine(program, tmp_path, backend, module):
    pytest.importorskip(module)
    env = {**os.environ, 'RAY_DEDUP_LOGS': '0', 'RAY_USAGE_STATS_ENABLED': '0'}
    done = sweep(program, '--seeds', '0-1', '--epochs', 1, '--jobs', 2, '--backend', backend, '--out', tmp_path/'runs.jsonl', env=env)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in (tmp_path/'runs.jsonl').read_text().splitlines()]
    assert sorted(r['seed'] for r in results) == [0, 1]
    assert 'step 3: ' in done.stdout and '(n=2)' in done.stdout


def test_a_backend_that_is_not_installed(tmp_path):
    code = "import sys; sys.modules['ray'] = None; from course_steps.cli import main; sys.exit(main(['sweep', '--data', 'digits', '--backend', 'ray']))"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 2 and "pip install 'course_steps[ray]'" in done.stderr


def test_a_killed_sweep_goes_on(program, tmp_path):
    words = [program, 'sweep', '--data', 'digits', '--steps', '3', '--seeds', '0-2', '--epochs', '2']
    process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert '1/3' in process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    made = {file: file.stat().st_mtime for file in tmp_path.glob('runs/step3-digits-2epochs-seed*/result.json')}
    assert made
    time.sleep(0.01)
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and '(n=3)' in done.stdout, done.stderr
    assert {file: file.stat().st_mtime for file in made} == made


def workers_of(process):
    "Process ids of the other processes in the session of a process."
    found = [f.parent for f in Path('/proc').glob('[0-9]*/stat')]
    alive = []
    for folder in found:
        with suppress(OSError):
            state, _, _, session = (folder/'stat').read_text().rpartition(')')[2].split()[:4]
            if int(session) == process.pid and int(folder.name) != process.pid and state != 'Z': alive.append(int(folder.name))
    return alive


def started(program, *args):
    "A sweep with two workers in a session of its own, once its first run is finished."
    words = [program, 'sweep', '--data', 'digits', '--steps', '3', *map(str, args), '--jobs', '2']
    process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert '1/' in process.stdout.readline()
    return process, words


needs_proc = pytest.mark.skipif(not Path('/proc/self/stat').exists(), reason='Only Linux lists its processes in a folder')


@needs_proc
def test_a_worker_is_killed(program, tmp_path):
    process, words = started(program, '--seeds', '0-5', '--epochs', 12, '--out', tmp_path/'runs.jsonl')
    busy = [pid for pid in workers_of(process) if Path(f'/proc/{pid}/task').exists() and b'popen_loky' in Path(f'/proc/{pid}/cmdline').read_bytes()]
    os.kill(busy[0], signal.SIGKILL)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 1 and said.count('\n') == 1 and said.startswith('A process of the sweep was killed'), said
    before = (tmp_path/'runs.jsonl').read_text()
    assert 1 <= before.count('\n') == len(list(tmp_path.glob('runs/*/result.json'))) < 6
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    after = (tmp_path/'runs.jsonl').read_text()
    assert done.returncode == 0 and after.startswith(before) and after.count('\n') == 6, done.stderr


@needs_proc
@pytest.mark.parametrize('name', ['SIGTERM', 'SIGHUP'])
def test_a_sweep_ends_with_its_workers(program, tmp_path, name):
    process, _ = started(program, '--seeds', '0-5', '--epochs', 40)
    assert len(workers_of(process)) >= 2
    process.send_signal(getattr(signal, name))
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and said == 'Interrupted: the same command continues after the last finished epoch of each run.\n', said
    deadline = time.time() + 10
    while (left := workers_of(process)) and time.time() < deadline: time.sleep(0.1)
    assert not left


def test_two_identical_sweeps(program, tmp_path):
    words = [program, 'sweep', '--data', 'digits', '--steps', '3', '--seeds', '0-1', '--epochs', '3', '--jobs', '2', '--out', str(tmp_path/'runs.jsonl')]
    both = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [p.communicate(timeout=300)[1] for p in both]
    seeds = [json.loads(line)['seed'] for line in (tmp_path/'runs.jsonl').read_text().splitlines()]
    assert [p.returncode for p in both] == [0, 0] and sorted(seeds) == [0, 1], said

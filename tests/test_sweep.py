"A sweep on a cluster of its own, and a sweep that is killed."
import json
import os
import signal
import subprocess
import sys
import time

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

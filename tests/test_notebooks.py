"The runner of the notebooks: what fails is a failure, is shown, and leaves nothing behind for the next one."
import os
import subprocess
import sys
import time

import nbformat
import pytest
from conftest import ROOT

CELLS = {
    'passes': ['import os, json\njson.leak = os.environ["LEAK"] = "1"', 'assert os.environ["COURSE_STEPS_RUNS"]'],
    'sees_no_other': ['import os, json\nassert not hasattr(json, "leak") and "LEAK" not in os.environ', 'open("log.txt", "a").write("all of it")'],
    'shares_work': ['from joblib import Parallel, delayed', 'assert Parallel(n_jobs=2)(delayed(abs)(i) for i in (-1, -2)) == [1, 2]'],
    'asserts': ['print("said before")', 'assert 1 == 2, "one is not two"', 'open("log.txt", "a").write("never")'],
    'ends': ['import os\nos._exit(0)'],
    'crashes': ['import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)'],
    'leaves': ['import sys\nsys.exit(0)'],
    'is_skipped': ['#| eval: false\nassert False'],
}
FAULTS = {'asserts': 'a cell failed', 'ends': 'the process ended in the middle, with exit code 0', 'crashes': 'killed by SIGSEGV', 'leaves': 'a cell failed'}


@pytest.mark.skipif(sys.platform != 'linux', reason='Elsewhere nbdev_test runs the notebooks')
def test_each_notebook_stands_alone_and_each_fault_counts(tmp_path):
    (tmp_path/'nbs').mkdir()
    (tmp_path/'settings.ini').write_text((ROOT/'settings.ini').read_text(encoding='utf-8'), encoding='utf-8')
    for name, cells in CELLS.items():
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), tmp_path/f'nbs/{name}.ipynb')

    def runner(*paths):
        code = 'import sys; from notebooks import main; main(sys.argv[1:], preload=[])' # These notebooks need nothing that takes long to import
        return subprocess.run([sys.executable, '-c', code, *paths], cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT/'tests')}, capture_output=True, text=True)
    since = time.perf_counter()
    done = runner()
    assert time.perf_counter() - since < 240, 'Joblib keeps idle workers for five minutes: nobody waits for them'
    assert done.returncode == 1 and f'{len(FAULTS)} of {len(CELLS)} notebooks failed' in done.stderr.splitlines()[-1]
    said = {line.split()[2].rstrip(':').removesuffix('.ipynb'): line.partition('FAILED, ')[2] for line in done.stdout.splitlines()}
    assert said == {**dict.fromkeys(CELLS, ''), **FAULTS}
    assert 'one is not two' in done.stderr and 'assert 1 == 2' in done.stderr
    assert (tmp_path/'nbs/log.txt').read_text() == 'all of it'
    done = runner('nbs/passes.ipynb')
    assert done.returncode == 0 and '1 notebooks passed' in done.stdout, done.stderr

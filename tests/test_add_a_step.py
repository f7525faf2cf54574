"A step is added as the guide says: one new notebook, exported, and the program knows it."
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from conftest import ROOT


def test_a_new_notebook_is_a_new_step(tmp_path):
    for name in ('nbs', 'course_steps', 'results'): shutil.copytree(ROOT/name, tmp_path/name, ignore=shutil.ignore_patterns('runs', '__pycache__', '.ipynb_checkpoints'))
    for name in ('settings.ini', 'setup.py', 'README.md'): shutil.copy(ROOT/name, tmp_path)
    guide = [c.source for c in nbformat.read(ROOT/'nbs/guide/add_a_step.ipynb', 4).cells if c.cell_type == 'code']
    record = next(s for s in guide if 'step = Step(20' in s)
    imports = 'from course_steps.layers import conv_net\nfrom course_steps.step import Step'
    cells = ['#| default_exp steps.step20', f'#| exports\n{imports}', f'#| exports\n{record}']
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, tmp_path/'nbs/lessons/20_wide.ipynb')
    env = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    subprocess.run([Path(sys.executable).parent/'nbdev_export'], cwd=tmp_path, env=env, check=True)

    def program(*words):
        code = 'import sys; from course_steps.cli import main; sys.exit(main(sys.argv[1:]))'
        return subprocess.run([sys.executable, '-c', code, *words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert 'A little wider' in program('list').stdout
    done = program('train', '20', '--epochs', '1')
    assert done.returncode == 0 and 'Step 20 on digits' in done.stdout, done.stderr

"Adding a step works as the guide says: once one new notebook is exported, the program knows the step."
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from conftest import ROOT


def test_a_new_notebook_is_a_new_step(tmp_path):
    ignore = shutil.ignore_patterns('runs', '__pycache__', '.ipynb_checkpoints')
    for name in ('nbs', 'course_steps', 'results'): shutil.copytree(ROOT/name, tmp_path/name, ignore=ignore)
    for name in ('settings.ini', 'setup.py', 'README.md'): shutil.copy(ROOT/name, tmp_path)
    guide = nbformat.read(ROOT/'nbs/guide/add_a_step.ipynb', 4).cells
    code = [c.source for c in guide if c.cell_type == 'code']
    record, check = (next(s for s in code if words in s) for words in ('step = Step(20', '@exercise'))
    imports = 'from course_steps.layers import conv_net\nfrom course_steps.step import Step'
    assert any(f'```python\n{imports}\n' in c.source for c in guide)
    cells = [nbformat.v4.new_code_cell(c) for c in [
        '#| default_exp steps.step20', f'#| exports\n{imports}', f'#| exports\n{record}', f'#| export teach.checks\n{check}']]
    cells.insert(-1, nbformat.v4.new_markdown_cell('### Exercise 20.1: Twelve channels'))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path/'nbs/lessons/20_wide.ipynb')
    env = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    subprocess.run([Path(sys.executable).parent/'nbdev_export'], cwd=tmp_path, env=env, check=True)

    def python(code, *words):
        command = [sys.executable, '-c', code, *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)

    def program(*words): return python('import sys; from course_steps.cli import main; sys.exit(main(sys.argv[1:]))', *words)
    assert 'A little wider' in program('list').stdout
    done = program('train', '20', '--epochs', '1')
    assert done.returncode == 0 and 'Step 20 on digits' in done.stdout, done.stderr
    done = python('from course_steps.all import *; check_twelve(144); print(exercises()[-1])')
    assert 'Not yet. A kernel has nine weights.' in done.stdout and "number='20.1', title='Twelve channels'" in done.stdout, done.stderr

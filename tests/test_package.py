"What is installed is what the checkout has: setup.py names every room of the package, and the files that its modules read."
import json
import subprocess
import sys

import pytest
from conftest import ROOT

SOURCE = ROOT/'course_steps'
FILES = [f.relative_to(ROOT).as_posix() for f in SOURCE.rglob('*') if f.suffix in ('.py', '.typed', '.html', '.js', '.css')]
ASKS = '''
import json, setuptools
from distutils.core import run_setup # That of setuptools
found = run_setup('setup.py', stop_after='init')
command = found.get_command_obj('build_py')
command.ensure_finalized()
print(json.dumps([found.packages, [f[len(command.build_lib) + 1:] for f in command.get_outputs(include_bytecode=False)]]))
'''


@pytest.fixture(scope='module')
def asked():
    "The packages of setup.py, and the files that would be installed; nothing is built."
    done = subprocess.run([sys.executable, '-c', ASKS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    packages, files = json.loads(done.stdout.splitlines()[-1])
    return packages, {f.replace('\\', '/') for f in files}


def test_each_folder_of_modules_is_a_package(asked):
    packages, _ = asked
    folders = {f.parent.relative_to(ROOT).as_posix().replace('/', '.') for f in SOURCE.rglob('*.py')}
    assert set(packages) == folders | {'course_steps.published', 'course_steps.notebooks'}


def test_each_file_is_installed(asked):
    _, files = asked
    assert len(FILES) > 30 and 'course_steps/py.typed' in FILES
    missing = [f for f in FILES if f not in files]
    assert not missing, missing


def test_results_and_lessons_are_installed(asked):
    _, files = asked
    published = {f'course_steps/published/{f.name}' for kind in ('*.jsonl', '*.safetensors') for f in (ROOT/'results').glob(kind)}
    lessons = {f'course_steps/notebooks/{f.name}' for kind in ('*.ipynb', '*.quiz.json') for f in (ROOT/'nbs/lessons').glob(kind)}
    assert published and lessons
    missing = sorted((published | lessons) - files)
    assert not missing, missing


def test_what_is_sent_out_can_be_built(tmp_path):
    "The sources that are sent to a registry have all that setup.py reads; it says the same there as here."
    making = f"from distutils.core import run_setup; import setuptools; run_setup('setup.py', ['-q', 'egg_info', '--egg-base', {str(tmp_path)!r}, 'sdist', '--dist-dir', {str(tmp_path)!r}])"
    done = subprocess.run([sys.executable, '-c', making.replace('from distutils', 'import setuptools; from distutils', 1)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    packed, = tmp_path.glob('*.tar.gz')
    subprocess.run(['tar', '-xzf', packed, '-C', tmp_path], check=True)
    there = packed.with_name(packed.name.removesuffix('.tar.gz'))
    here, unpacked = (subprocess.run([sys.executable, '-c', ASKS], cwd=folder, capture_output=True, text=True) for folder in (ROOT, there))
    assert unpacked.returncode == 0, unpacked.stderr
    assert json.loads(unpacked.stdout.splitlines()[-1]) == json.loads(here.stdout.splitlines()[-1])

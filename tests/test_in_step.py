"What is generated is in step with what it is generated from."
import filecmp
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

BIN = Path(sys.executable).parent
NOTEBOOKS = sorted((ROOT/'nbs').rglob('*.ipynb'))
NOTEBOOKS = [n for n in NOTEBOOKS if '.ipynb_checkpoints' not in n.parts]


@pytest.fixture(scope='module')
def copy(tmp_path_factory):
    "A copy of the sources, exported and cleaned again."
    copy = tmp_path_factory.mktemp('copy')
    ignore = shutil.ignore_patterns('runs', '__pycache__', '.ipynb_checkpoints')
    for name in ('nbs', 'course_steps'): shutil.copytree(ROOT/name, copy/name, ignore=ignore)
    for name in ('settings.ini', 'setup.py', 'pyproject.toml'): shutil.copy(ROOT/name, copy)
    for command in ('nbdev_export', 'nbdev_clean'):
        subprocess.run([BIN/command], cwd=copy, check=True, capture_output=True)
    return copy


def test_package_is_what_the_notebooks_export(copy):
    exported, committed = ({f.relative_to(r) for f in (r/'course_steps').rglob('*.py')} for r in (copy, ROOT))
    stale = [f for f in exported if f not in committed or not filecmp.cmp(copy/f, ROOT/f, shallow=False)]
    assert not stale, f'Run nbdev_export and commit: {stale}'
    extra = committed - exported
    assert not extra, f'No notebook exports {extra}'


def test_notebooks_are_clean(copy):
    names = [n.relative_to(ROOT) for n in NOTEBOOKS]
    stale = [n for n in names if json.loads((ROOT/n).read_text()) != json.loads((copy/n).read_text())]
    assert not stale, f'Run nbdev_clean and commit: {stale}'


def test_readme_is_what_the_home_page_says():
    done = subprocess.run([sys.executable, ROOT/'docs/readme.py', '--check'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_files_that_the_readme_links_to_are_there():
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini')
    files = f"{cfg['DEFAULT']['git_url']}/blob/{cfg['DEFAULT']['branch']}/"
    named = re.findall(rf'{re.escape(files)}([^)#]+)', (ROOT/'README.md').read_text())
    assert 'SECURITY.md' in named and all((ROOT/name).is_file() for name in named)


def test_stored_outputs_are_light_and_without_errors_and_warnings():
    for n in NOTEBOOKS:
        outputs = [o for c in nbformat.read(n, 4).cells if c.cell_type == 'code' for o in c.outputs]
        assert not [o for o in outputs if o.output_type == 'error'], n
        assert not [o for o in outputs if 'Warning' in o.get('text', '')], n
        assert len(json.dumps(outputs)) < 100_000, f'{n.name}: {len(json.dumps(outputs)):,} bytes of outputs'


def test_nothing_names_a_folder_of_the_machine_that_wrote_it():
    for n in NOTEBOOKS:
        assert str(ROOT.parent) + '/' not in n.read_text() and str(Path.home()) + '/' not in n.read_text(), n


def test_workflows_run_what_is_tested_here():
    ci, pages = ((ROOT/'.github/workflows'/f'{name}.yml').read_text() for name in ('ci', 'pages'))
    assert 'bash .ci/run' in ci
    assert 'make docs' in pages and '\ndocs:' in (ROOT/'Makefile').read_text()

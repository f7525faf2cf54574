"Generated files are in step with their sources."
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
import yaml
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


def test_the_citation_says_what_the_settings_say():
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini')
    cfg, said = cfg['DEFAULT'], yaml.safe_load((ROOT/'CITATION.cff').read_text(encoding='utf-8'))
    assert {'cff-version', 'message', 'title', 'authors'} <= set(said), 'What the format requires'
    assert (said['version'], said['repository-code']) == (cfg['version'], cfg['git_url']) and said['authors'] == [{'name': cfg['author']}]
    assert said['url'] == cfg['doc_host'] + cfg['doc_baseurl'] and cfg['version'] in (ROOT/'nbs/changes.ipynb').read_text(encoding='utf-8')


def test_issue_forms_have_what_github_needs():
    forms = [yaml.safe_load(f.read_text(encoding='utf-8')) for f in (ROOT/'.github/ISSUE_TEMPLATE').glob('*.yml') if f.stem != 'config']
    assert {f['name'] for f in forms} == {'A sentence I did not understand', 'My open experiment'}
    for form in forms:
        asked = [part for part in form['body'] if part['type'] != 'markdown']
        assert form['description'] and asked and all(part['attributes']['label'] for part in asked)
        assert len({part['id'] for part in asked}) == len(asked)


def test_contributing_names_what_is_there():
    text = (ROOT/'CONTRIBUTING.md').read_text(encoding='utf-8')
    named = re.findall(r'\]\(([^):]+)\)', text) + re.findall(r'`((?:nbs|tests)/[\w/.]+)`', text)
    assert len(named) > 2 and all((ROOT/name).exists() for name in named), named
    targets = re.findall(r'make (\w+)', ''.join(re.findall(r'`+[^`]+`+', text)))
    assert {'train', 'test', 'readme'} == set(targets) and all(f'\n{t}: ' in (ROOT/'Makefile').read_text() for t in targets)
    assert text.count('\n') < 60, 'One page'


def test_stored_outputs_are_light_and_without_errors_and_warnings():
    for n in NOTEBOOKS:
        outputs = [o for c in nbformat.read(n, 4).cells if c.cell_type == 'code' for o in c.outputs]
        assert not [o for o in outputs if o.output_type == 'error'], n
        assert not [o for o in outputs if 'Warning' in o.get('text', '')], n
        most = 300_000 if n.parent.name == 'lessons' else 200_000 if n.stem in ('results', 'whole_way') else 100_000 # Pictures
        assert len(json.dumps(outputs)) < most, f'{n.name}: {len(json.dumps(outputs)):,} bytes of outputs'


def test_nothing_names_a_folder_of_the_machine_that_wrote_it():
    for n in NOTEBOOKS:
        assert str(ROOT.parent) + '/' not in n.read_text() and str(Path.home()) + '/' not in n.read_text(), n


def workflow(name):
    "(steps as one text, values of the matrix) of each job of a workflow."
    jobs = yaml.safe_load((ROOT/f'.github/workflows/{name}.yml').read_text(encoding='utf-8'))['jobs']
    return {job: ('\n'.join(step.get('run', '') for step in todo['steps']), todo.get('strategy', {}).get('matrix', {}), todo) for job, todo in jobs.items()}


def version(text): return tuple(map(int, str(text).split('.')))


def test_workflows_run_what_is_tested_here():
    run, matrix, _ = workflow('ci')['test']
    assert 'bash .ci/run' in run and 'make test' in (ROOT/'.ci/run').read_text()
    oldest = re.search(r"^PYTHON = '(.+?)'", (ROOT/'.ci/lock.py').read_text(), re.M)[1]
    assert len(matrix['python']) > 1 and min(map(version, matrix['python'])) == version(oldest), 'make test needs what .ci/constraints.txt was made for'
    run, _, todo = workflow('pages')['site']
    assert 'make docs' in run and '\ndocs:' in (ROOT/'Makefile').read_text()
    assert all(version(step['with']['python-version']) >= version(oldest) for step in todo['steps'] if 'setup-python' in step.get('uses', ''))


def test_workflows_install_on_each_system_and_the_oldest_python():
    from course_steps.cli import VERBS
    from course_steps.commandline import read_words
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini')
    run, matrix, todo = workflow('ci')['install']
    assert {os.partition('-')[0] for os in matrix['os']} == {'ubuntu', 'macos', 'windows'} and todo['runs-on'] == '${{ matrix.os }}'
    assert len(matrix['python']) > 1 and min(matrix['python'], key=version) == cfg['DEFAULT']['min_python']
    assert 'pip install .\n' in run and not re.search(r'\bmake\b|\.ci/|\[', run), 'A plain install: no make, which Windows lacks, and no extra'
    trains, = re.findall('^course_steps (.+)$', run, re.M)
    verb, *words = trains.split()
    _, values = read_words(verb, VERBS[verb], words)
    assert (verb, values['step'], values['epochs'], values['data']) == ('train', 8, 1, 'digits'), 'One epoch on what needs no network'

"The page of the proofs: each row names an existing test, and nothing was lost."
import ast
import json
import re

import pytest
from conftest import ROOT, Proof, replace_row

ROWS = [json.loads(line) for line in (ROOT/'results/trust.jsonl').read_text(encoding='utf-8').splitlines()]


def names_in(file):
    "Names of the tests in a file."
    return {node.name for node in ast.walk(ast.parse((ROOT/file).read_text(encoding='utf-8'))) if isinstance(node, ast.FunctionDef)}


def test_each_row_has_its_test():
    for row in ROWS:
        file, _, test = row['test'].partition('::')
        assert (ROOT/file).is_file(), row
        assert not test or test in names_in(file), row


def test_each_proof_has_its_row_once():
    names = [row['name'] for row in ROWS]
    assert len(names) == len(set(names))
    proving = {(f'tests/{f.name}', t.name) for f in (ROOT/'tests').glob('test_*.py') for t in ast.walk(ast.parse(f.read_text(encoding='utf-8')))
               if isinstance(t, ast.FunctionDef) and t.name.startswith('test_') and 'proof' in [a.arg for a in t.args.args]}
    assert proving == {tuple(row['test'].split('::')) for row in ROWS if '::' in row['test']}


def test_a_new_proof_takes_the_place_of_the_old_one(tmp_path):
    file = tmp_path/'trust.jsonl'
    file.write_text('{"name": "a", "tried": 1}\n{"name": "b", "tried": 1}\n')
    replace_row(file, {'name': 'a', 'tried': 2})
    replace_row(file, {'name': 'c', 'tried': 3})
    assert [json.loads(line) for line in file.read_text().splitlines()] == [{'name': 'b', 'tried': 1}, {'name': 'a', 'tried': 2}, {'name': 'c', 'tried': 3}]


def test_no_loss_is_typed_in():
    files = [*(ROOT/'tests').glob('*.py')]
    calls = [(f.name, c) for f in files for c in ast.walk(ast.parse(f.read_text(encoding='utf-8'))) if isinstance(c, ast.Call) and ast.unparse(c.func) == 'proof.record']
    assert len(calls) > 20 and not [(name, ast.unparse(c)) for name, c in calls if isinstance(c.args[2], ast.Constant)]


def test_a_trial_that_breaks_off_is_lost():
    proof = Proof(False, 'none')
    with proof.trial(): pass
    with pytest.raises(ZeroDivisionError), proof.trial(): 1/0
    assert (proof.tried, proof.lost) == (2, 1)
    with pytest.raises(AssertionError): proof.record('a trial', proof.tried, proof.lost)


def test_make_proof_runs_each_row_of_atheris():
    recipe = (ROOT/'Makefile').read_text(encoding='utf-8').partition('\nproof:')[2].partition('\n\n')[0]
    names = [row['name'].split(',')[0] for row in ROWS if row['test'] == 'tests/fuzz_atheris.py']
    assert names and 'tests/fuzz_atheris.py' in recipe and all(f"'{name}'" in recipe for name in names)


def test_nothing_was_lost():
    assert all(row['losses'] == 0 < row['tried'] for row in ROWS)
    tried = {row['name']: row['tried'] for row in ROWS}
    assert sum(n for name, n in tried.items() if name.startswith('SIGKILL')) >= 20
    readers = [n for name, n in tried.items() if re.fullmatch('.* reader, bytes of atheris', name)]
    assert len(readers) == 4 and min(readers) >= 100_000


def test_rows_name_no_folder_of_the_machine():
    assert not re.search(r'/(root|home|tmp|work)/', (ROOT/'results/trust.jsonl').read_text(encoding='utf-8'))

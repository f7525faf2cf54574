"Finished runs replace published ones of the same step and seed, and the run in the middle gives the weights."
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import ROOT

from course_steps.results import of_step, read_results
from course_steps.steps import STEPS
from course_steps.weights import middle_run, read_tensors, save_weights


@pytest.fixture
def folders(tmp_path):
    "A copy of the published runs without any weights, and a folder for new runs."
    (tmp_path/'results').mkdir()
    shutil.copy(ROOT/'results/runs.jsonl', tmp_path/'results')
    return tmp_path/'results', tmp_path/'runs'


def finish(folder, run, **other):
    "A folder as a finished run leaves it, perhaps of another recipe."
    save_weights(STEPS[run.step].model(), folder/'weights.safetensors', step=run.step, stats=(0.13, 0.31), classes='0123456789',
                 identity={**STEPS[run.step].recipe, **other})
    (folder/'result.json').write_text(run.to_json())


def publish(runs, out):
    done = subprocess.run([sys.executable, ROOT/'bench/publish.py', runs, '--out', out], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_newer_runs_and_the_weights_of_the_middle_one(folders):
    out, runs = folders
    old = of_step(3, read_results(out/'runs.jsonl'))
    new = [replace(r, test_acc=99 + r.seed/100, wrong=[1, 2], date='2100-01-01T00:00:00+00:00') for r in old]
    for r in new: finish(runs/f'step3-{r.seed}', r)
    said = publish(runs, out)
    assert f'{len(new)} of ' in said and f'Step 3, the middle of {len(new)} runs: seed 2, 99.02 %, now published.' in said
    assert 'weights are not in these folders' in said                  # of step 4, which was not run again
    assert of_step(3, read_results(out/'runs.jsonl')) == new
    assert [(r.step, r.seed) for r in read_results(out/'runs.jsonl')] == [(r.step, r.seed) for r in read_results(ROOT/'results/runs.jsonl')]
    assert read_tensors(out/'step3.safetensors')[1]['seed'] == middle_run(new).seed == 2
    assert [f.name for f in out.glob('*.safetensors')] == ['step3.safetensors']
    before = (out/'step3.safetensors').read_bytes()
    assert '0 of ' in (said := publish(runs, out)) and 'seed 2, as before' in said and (out/'step3.safetensors').read_bytes() == before


def test_runs_that_are_not_comparable_are_left_out(folders):
    out, runs = folders
    good = replace(of_step(3, read_results(out/'runs.jsonl'))[0], wrong=[1], date='2100-01-01T00:00:00+00:00')
    changes = {'not made on MNIST': dict(data='digits'), 'held-out': dict(holdout=10_000), 'made on cuda': dict(device='cuda'), 'there is no step 99': dict(step=99),
               'images it got wrong': dict(wrong=None), 'epochs is not that of the recipe': dict(epochs=2), 'lr_max is not': dict(lr_max=0.5)}
    for i, change in enumerate(changes.values()):
        finish(runs/f'step3-{i}', good)
        (runs/f'step3-{i}/result.json').write_text(replace(good, **change).to_json())
    finish(runs/'step3-rounded', good, bits=6)
    finish(runs/'step3-old', replace(good, date='2000-01-01T00:00:00+00:00'))
    finish(runs/'step3-damaged', good)
    (runs/'step3-damaged/result.json').write_text('{')
    said = publish(runs, out)
    assert all(reason in said for reason in (*changes, 'another recipe')) and 'step3-damaged is left out' in said and '0 of ' in said, said
    assert (out/'runs.jsonl').read_bytes() == (ROOT/'results/runs.jsonl').read_bytes() and not list(out.glob('*.safetensors'))

"""Search for a better small network on held-out training images, with Optuna: pip install 'course_steps[search]'.

First, many short trainings, each with other settings; those that fall behind are stopped early by successive halving
(https://arxiv.org/abs/1810.05934). Each is a line of results/search.jsonl. Then --confirm trains the best of them in
full length, with the same random seeds and on the same held-out images as the recipe of the course, and compares pairs.
The study is kept in a file, so a program that was killed goes on. Let one program at a time work on it.
"""
import json
import warnings
from bisect import bisect_right
from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import mean

import optuna
import torch
from fastai.callback.core import Callback
from fastai.vision.augment import AffineCoordTfm, PadMode, rotate_mat
from fastcore.script import Param, call_parse
from fastprogress import fastprogress
from filelock import FileLock
from joblib import Parallel, delayed
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from torch.nn import functional as F

from course_steps.callbacks import AverageCallback
from course_steps.core import CourseError, append_lines, numbered_lines, runs_dir, writable_folder
from course_steps.data import get_dls
from course_steps.evidence.paired import holm, in_words, paired_difference
from course_steps.images import load_set
from course_steps.layers import conv_net, count_params
from course_steps.learner import step_learner
from course_steps.results import Result, Run, mean_sd
from course_steps.step import Step
from course_steps.steps import STEPS
from course_steps.steps.step9 import shift_mat
from course_steps.sweep import plan_run, runs_at_once, train_runs
from course_steps.tune import tuned
from course_steps.weights import load_weights

RESULTS = Path(__file__).parent.parent/'results/search.jsonl'
RECIPES = {5_016: 13, 3_000: 12, 1_500: 14, 1_000: 14} # Most parameters -> the step of the course to compare with
TEACHER = replace(STEPS[9], n=0, model=STEPS[10].model) # Wide and quick, trained as step 9 is, augmentation and all
START = dict(block='separable', shared=True, average=500, bs=64, degrees=7, shift=0.05, smoothing=0., temperature=0)
STARTS = [{**START, 'widen': 'after', 'first': 10, 'passes': 3, 'lr': 0.02},  # Like step 13
          {**START, 'widen': 'before', 'first': 8, 'passes': 4, 'lr': 0.03},  # Like step 14
          {**START, 'widen': 'before', 'first': 8, 'passes': 4, 'lr': 0.02, 'temperature': 2, 'share': 0.5}]
ROUNDS = (0, 1), (2, 3), (4, 5, 6, 7) # Random seeds to confirm with; after each round the better half goes on


class TeacherCallback(Callback):
    "Learn from the labels and, at a temperature, from what trained networks say about the same augmented images."
    def __init__(self, folders, temperature, share): # Folders in `runs_dir()`; share of the teachers in the loss
        self.folders, self.temperature, self.share = folders, temperature, share

    def before_fit(self):
        load = lambda folder: load_weights(runs_dir()/folder/'weights.safetensors', TEACHER)[0]
        self.teachers = [tuned(load(folder), self.dls.device.type).eval() for folder in self.folders]

    def after_loss(self):
        if not self.training: return
        t = self.temperature
        with torch.no_grad(): said = torch.stack([(net(self.x)/t).softmax(1) for net in self.teachers]).mean(0)
        soft = t*t*F.cross_entropy(self.pred/t, said) # t*t keeps the gradient as large as that of the labels
        self.learn.loss_grad = (1 - self.share)*self.loss_grad + self.share*soft
        self.learn.loss = self.loss_grad.detach()


class ReportCallback(Callback):
    "Tell the study how accurate each epoch is, and stop if it says so."
    order = 60 # After the history

    def __init__(self, trial): self.trial = trial

    def after_epoch(self):
        self.trial.report(self.learn.history[-1]['test_acc'], self.epoch + 1)
        if self.trial.should_prune(): raise optuna.TrialPruned('It falls behind.')


def suggest(trial):
    "The settings that a trial is to have."
    s = dict(widen=trial.suggest_categorical('widen', ['before', 'after']), # The pooling
             block=trial.suggest_categorical('block', ['separable', 'full']),
             first=trial.suggest_int('first', 3, 16), passes=trial.suggest_int('passes', 2, 4),
             shared=trial.suggest_categorical('shared', [True, False]),
             lr=trial.suggest_float('lr', 0.005, 0.06, log=True), bs=trial.suggest_categorical('bs', [32, 64]),
             average=trial.suggest_int('average', 100, 2000, log=True), # Steps
             degrees=trial.suggest_int('degrees', 0, 12), shift=trial.suggest_float('shift', 0, 0.08, step=0.01),
             smoothing=trial.suggest_float('smoothing', 0, 0.1, step=0.02),
             temperature=trial.suggest_categorical('temperature', [0, 2, 3, 4])) # 0: no teacher
    return s | ({'share': trial.suggest_float('share', 0.1, 0.9, step=0.1)} if s['temperature'] else {})


def rows_of(s, width):
    "The rows of the network, for `conv_net`."
    block, first = ('sep', width, 3) if s['block'] == 'separable' else (width, 3), (s['first'], 3)
    front = [first, first, 'pool', block] if s['widen'] == 'after' else [first, block, 'pool']
    return [*front, *([('repeat', s['passes'], block)] if s['shared'] else [block]*s['passes']), 'gap', (10, 1)]


def widest(s, most):
    "How wide the blocks may be under a limit of parameters; 0 if no width is narrow enough."
    return bisect_right(range(1, 257), most, key=lambda width: count_params(conv_net(rows_of(s, width), norm=True)))


def augment_as(degrees, shift):
    "Rotation and shift, as in step 9."
    return [AffineCoordTfm(aff_fs=[partial(rotate_mat, max_deg=degrees, p=1.), partial(shift_mat, max_shift=shift)],
                           pad_mode=PadMode.Zeros)]


def step_of(s, folders):
    "The step that settings describe; folders of teachers."
    def cbs():
        taught = [TeacherCallback(folders, s['temperature'], s['share'])] if s['temperature'] else []
        return [AverageCallback(decay=1 - 1/s['average']), *taught]
    return Step(0, 'Found', partial(conv_net, rows_of(s, s['width']), norm=True), lr_max=s['lr'], bs=s['bs'], cbs=cbs,
                augment=partial(augment_as, s['degrees'], s['shift']), smoothing=s['smoothing'])


def add_line(line, out):
    "Add a line to the results."
    with FileLock(f'{out}.lock'): append_lines([json.dumps(line)], out)


def objective(trial, most, run, folders, out):
    "Held-out accuracy of a short training with the settings of a trial."
    s = suggest(trial)
    s['width'] = widest(s, most)
    if s['width'] < 4: raise optuna.TrialPruned('No width is narrow enough.')
    trial.set_user_attr('settings', s)
    step, images = step_of(s, folders), load_set(run.data)
    dls = get_dls(images, bs=step.bs, tfms=step.tfms, holdout=run.holdout, device='cpu', seed=trial.number)
    learn = step_learner(step, dls, seed=trial.number, cbs=ReportCallback(trial))
    line = {'most': most, 'trial': trial.number, 'stage': 'search', 'settings': s, 'params': step.params,
            'data': images.name, 'checksum': images.checksum, 'holdout': run.holdout, 'epochs': run.epochs,
            'seed': trial.number, 'commit': learn.commit}
    try:
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(run.epochs, step.lr_max)
    finally:
        add_line(line | {'history': [h['test_acc'] for h in getattr(learn, 'history', None) or []]}, out)
    return learn.history[-1]['test_acc']


def open_study(name, file):
    "The study of this name in a journal file; created if missing."
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings('ignore', category=optuna.exceptions.ExperimentalWarning) # Of `group`
    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, constant_liar=True)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=2)
    return optuna.create_study(storage=JournalStorage(JournalFileBackend(str(file))), sampler=sampler, pruner=pruner,
                               study_name=name, direction='maximize', load_if_exists=True)


def work(name, file, trials, *settings):
    "Run trials until the study has enough."
    fastprogress.NO_BAR = True
    torch.set_num_threads(1)
    study = open_study(name, file)
    ended = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    if len(study.get_trials(states=ended)) >= trials: return
    study.optimize(lambda trial: objective(trial, *settings), catch=CourseError, gc_after_trial=True,
                   callbacks=[MaxTrialsCallback(trials, states=ended), say])


def say(study, trial):
    "Print what became of a trial."
    value = 'failed' if trial.value is None else f'{trial.value:.2f} %'
    print(f'{trial.number}: {trial.state.name.lower()}, {value}, {trial.user_attrs.get("settings")}', flush=True)


def train(steps, run, seeds, images, jobs):
    "Train several steps with each seed; yields (name, result), those that are finished first."
    planned = [(name, plan_run(step, replace(run, seed=n), images)) for n in seeds for name, step in steps.items()]
    names = {p.folder: name for name, p in planned}
    finished, left = [p for _, p in planned if p.result], [p for _, p in planned if not p.result]
    for p in chain(finished, train_runs(left, jobs)):
        if p.error: print(f'{names[p.folder]}, seed {p.seed}: {p.error}', flush=True)
        else: yield names[p.folder], p.result


def confirm(study, most, n, images, run, jobs, folders, out):
    "Train the best trials and the recipe in full length, dropping the worse half twice; say what the others gain."
    complete = sorted(study.get_trials(states=(TrialState.COMPLETE,)), key=lambda t: -t.value)
    best = {f'trial {t.number}': t.user_attrs['settings'] for t in complete[:n]}
    recipe = f'step {RECIPES[most]}'
    steps = {name: step_of(s, folders) for name, s in best.items()} | {recipe: replace(STEPS[RECIPES[most]], n=0)}
    have, found = {(l['most'], l['trial'], l['seed']) for l in read_confirmed(out)}, {name: [] for name in steps}
    for i, seeds in enumerate(ROUNDS):
        for name, result in train(steps, run, seeds, images, jobs):
            found[name].append(result)
            print(f'{name}, seed {result.seed}: {result.test_acc:.2f} %', flush=True)
            line = {'most': most, 'trial': name, 'stage': 'confirm', 'settings': best.get(name)} | asdict(result)
            if (most, name, result.seed) not in have: add_line(line, out)
        ranked = sorted(best.keys() & steps.keys(), key=lambda name: -mean([r.test_acc for r in found[name]] or [0]))
        if i < len(ROUNDS) - 1: steps = {name: steps[name] for name in [*ranked[:max(2, (len(ranked) + 1)//2)], recipe]}
    gains = {name: paired_difference(found[recipe], found[name]) for name in ranked if found[name]}
    print(f'{recipe}: {mean_sd(r.test_acc for r in found[recipe])}, {STEPS[RECIPES[most]].params:,} parameters')
    for (name, d), p in zip(gains.items(), holm([d.p for d in gains.values()])):
        print(f'{name}: {mean_sd(r.test_acc for r in found[name])}, {steps[name].params:,} parameters. {in_words(d)} '
              f'p = {p:.3f} after Holm. {json.dumps(best[name])}')


def read_confirmed(out):
    "The lines of the confirmed runs."
    return [l for _, line in numbered_lines(out) if (l := json.loads(line))['stage'] == 'confirm']


@call_parse
def main(
    most:Param('Most parameters of the network', int, choices=list(RECIPES)),
    data:str='mnist', # Name of a data set, or a folder with IDX files
    trials:int=100, # Trials that the study is to have, those of earlier calls among them
    epochs:int=5, # Epochs of a trial
    holdout:int=10_000, # Training images to measure on
    teachers:int=3, # Networks that teach together
    confirm_best:int=0, # Train so many of the best trials in full length instead of searching
    jobs:str='auto', # Trials or runs at a time; auto: one per core
    study_file:Path=None, # The study's journal; default: search.journal in the folder of runs
    out:Path=RESULTS, # File that trials and runs are added to
):
    "Search for a network with at most so many parameters, or confirm the best that were found."
    images, jobs = load_set(data), runs_at_once(jobs, 'cpu')
    file = study_file or writable_folder(runs_dir())/'search.journal'
    name = f'at most {most}, {epochs} epochs, {holdout} of {images.name}'
    full = Run(None, data, None, None, holdout, 'cpu')
    for _, result in train({'a teacher': TEACHER}, full, range(teachers), images, jobs):
        print(f'a teacher, seed {result.seed}: {result.test_acc:.2f} %', flush=True)
    folders = tuple(plan_run(TEACHER, replace(full, seed=seed), images).folder.name for seed in range(teachers))
    study = open_study(name, file)
    if confirm_best: return confirm(study, most, confirm_best, images, full, jobs, folders, out)
    cut_off = study.get_trials(states=(TrialState.RUNNING,)) # By the end of a program
    for t in cut_off: study.tell(t.number, state=TrialState.FAIL)
    for settings in STARTS if not study.get_trials() else [t.params for t in cut_off]: study.enqueue_trial(settings)
    Parallel(n_jobs=jobs)(delayed(work)(name, file, trials, most, replace(full, epochs=epochs), folders, out)
                          for _ in range(jobs))
    best = study.best_trial
    print(f'Best of {len(study.get_trials())}: {best.number}, {best.value:.2f} %, {best.user_attrs["settings"]}')

"""Run every cell of the notebooks, as nbdev_test does, each notebook in a process of its own that has torch and fastai imported already.

    python tests/notebooks.py [notebook or folder ...]

Two run at once. Each has its own folder for runs and progress, so none depends on what another left. Where Linux is not, nbdev_test runs them.
"""
import os
import signal
import sys
import time
from importlib import import_module
from multiprocessing import active_children, get_context
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory

from joblib.externals.loky import get_reusable_executor

AT_ONCE = 2
# What each notebook would import by itself. fastai's callbacks are not here: they change `Learner`, and a module that forgets one must fail.
PRELOAD = 'course_steps', 'torch', 'torchvision.datasets', 'fastai.learner', 'pandas', 'scipy.stats', 'sklearn.datasets', 'matplotlib.pyplot'
LONGEST = '01_setup', 'contest', 'tune', 'step', 'cli', 'sweep', 'export', '02_squeeze', 'isolated' # These begin, so that none runs alone at the end


def notebooks(paths):
    "The notebooks that nbdev_test would run, longest first."
    from nbdev.doclinks import nbglob
    from nbdev.test import _keep_file
    found = sorted({f.absolute() for path in paths or [None] for f in nbglob(path, as_path=True) if _keep_file(f, '.notest')})
    return sorted(found, key=lambda f: LONGEST.index(f.stem) if f.stem in LONGEST else len(LONGEST))


def execute(file, folder, passed):
    "In a process of its own: run a notebook; what it says goes into a file, that it came to its end into a pipe."
    from nbdev.config import get_config
    from nbdev.test import test_nb
    log = os.open(folder/'log', os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2): os.dup2(log, stream)
    os.environ |= dict(COURSE_STEPS_RUNS=str(folder/'runs'), COURSE_STEPS_PROGRESS=str(folder/'progress.jsonl'))
    cfg = get_config()
    os.chdir(cfg.nbs_path)
    ok, _ = test_nb(file, skip_flags=cfg.tst_flags.split(), basepath=cfg.config_path)
    end_workers()
    passed.send(ok)


def end_workers():
    "End joblib's workers, for which a process of multiprocessing waits at its end: idle ones live on for five minutes."
    if active_children(): get_reusable_executor(reuse=True).shutdown(wait=True)


def start(file, folder):
    "A process for a notebook, and the pipe in which it says that all cells passed."
    folder.mkdir()
    context = get_context('fork')
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=execute, args=(file, folder, send))
    process.start()
    send.close()
    return process, receive


def fault(process, receive):
    "What is wrong with a process that has ended, '' if nothing is: it must say that all cells passed, and end well."
    process.join()
    code = process.exitcode
    if code < 0: return f'killed by {signal.Signals(-code).name}'
    try: passed = receive.recv()
    except EOFError: return f'the process ended in the middle, with exit code {code}'
    return '' if passed and code == 0 else 'a cell failed' if not passed else f'exit code {code}'


def run(files, preload):
    "Run notebooks, at most two at once; give those that failed, with what is wrong."
    for name in preload: import_module(name)                  # No OpenMP region may run before the forks: a child would wait for its threads
    waiting, running, failed = list(files), {}, []
    with TemporaryDirectory() as tmp:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                file, folder = waiting.pop(0), Path(tmp)/str(len(waiting))
                process, receive = start(file, folder)
                running[process.sentinel] = file, folder, process, receive, time.perf_counter()
            for sentinel in wait(list(running)):
                file, folder, process, receive, since = running.pop(sentinel)
                wrong = fault(process, receive)
                if wrong: print((folder/'log').read_text(encoding='utf-8', errors='replace'), file=sys.stderr)
                if wrong: failed.append((file, wrong))
                print(f'{time.perf_counter() - since:6.1f} s  {file.name}{": FAILED, " if wrong else ""}{wrong}', flush=True)
    return failed


def main(paths, preload=PRELOAD):
    "Run the notebooks of this project; exit code 0 if all passed."
    files, since = notebooks(paths), time.perf_counter()
    if not files: sys.exit(f'No notebook in {", ".join(paths) or "nbs"}.')
    if sys.platform != 'linux':                               # Forking with torch imported is safe on Linux alone
        from nbdev.test import nbdev_test
        return [nbdev_test(path, n_workers=AT_ONCE) for path in paths or [None]]
    failed = run(files, preload)
    if failed: sys.exit(f'{len(failed)} of {len(files)} notebooks failed: ' + '; '.join(f'{file.name}, {wrong}' for file, wrong in failed))
    print(f'{len(files)} notebooks passed in {time.perf_counter() - since:.0f} s.')


if __name__ == '__main__':
    sys.path.insert(0, os.getcwd())
    main(sys.argv[1:])

import gzip
import hashlib
import json
import shutil
import signal
import socket
import struct
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from threading import Thread

import pytest
from filelock import FileLock

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
DRIVER = shutil.which('chromedriver')
if hasattr(signal, 'SIGHUP'): signal.signal(signal.SIGHUP, signal.SIG_DFL) # Under nohup, what the tests start would not hear it
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='There is no Chromium with its driver here: install both to test the site in a browser')


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    "Each test runs on the bundled digits, with a cache and runs of its own."
    for name, value in dict(DATA='digits', CACHE=tmp_path/'cache', RUNS=tmp_path/'runs', PROGRESS=tmp_path/'progress.jsonl').items():
        monkeypatch.setenv(f'COURSE_STEPS_{name}', str(value))
    monkeypatch.delenv('COURSE_STEPS_EPOCHS', raising=False)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    "Neither a test nor a program that it starts may reach the network."
    def guarded(call, host):
        def local(*args, **kwargs):
            name = host(*args)
            if name in (None, '', 'localhost', '::1') or str(name).startswith('127.'): return call(*args, **kwargs)
            pytest.fail(f'A test reaches for the network: {name}')
        return local
    monkeypatch.setattr(socket, 'getaddrinfo', guarded(socket.getaddrinfo, lambda host, *args: host))
    monkeypatch.setattr(socket.socket, 'connect', guarded(socket.socket.connect, lambda self, to: to[0] if isinstance(to, tuple) else None))
    for name in ('http_proxy', 'https_proxy'): monkeypatch.setenv(name, 'http://127.0.0.1:9')
    monkeypatch.setenv('no_proxy', 'localhost,127.0.0.1')


def pytest_addoption(parser):
    parser.addoption('--proof', action='store_true', help='the long versions of the proofs; their figures go into results/trust.jsonl')


def replace_row(file, line):
    "Add a line of JSON to a file, replacing one of the same name; several programs may do so at the same time."
    with FileLock(f'{file}.lock'):
        rows = [json.loads(row) for row in file.read_text(encoding='utf-8').splitlines()]
        file.write_text(''.join(json.dumps(row) + '\n' for row in [*(r for r in rows if r['name'] != line['name']), line]), encoding='utf-8')


class Proof:
    "What a test tried and lost. With --proof it tries more, and its figures are recorded."
    def __init__(self, long, test):
        self.long, self.test = long, test
        self.begin()

    def begin(self): self.tried, self.lost, self.start = 0, 0, time.perf_counter()

    def times(self, short, long): return long if self.long else short

    @contextmanager
    def trial(self):
        "Count something that is tried; it counts as lost unless it reaches its end."
        self.tried, self.lost = self.tried + 1, self.lost + 1
        yield
        self.lost -= 1

    def record(self, name, tried, losses, **more):
        "Record the figures with --proof, then fail if something was lost."
        packages = {p: version(p) for p in ('course_steps', 'fastai', 'torch', 'safetensors', 'pillow', 'hypothesis')}
        line = dict(name=name, test=self.test, tried=tried, losses=losses, **more, seconds=round(time.perf_counter() - self.start, 1),
                    versions={'python': python_version(), **packages}, date=datetime.now(timezone.utc).isoformat(timespec='seconds'))
        if self.long: replace_row(ROOT/'results/trust.jsonl', line)
        assert losses == 0, line
        self.begin()


@pytest.fixture
def proof(request):
    return Proof(request.config.getoption('--proof'), f'tests/{request.path.name}::{request.function.__name__}')


@pytest.fixture
def program():
    "The installed console script."
    return str(Path(sys.executable).parent/'course_steps')


@contextmanager
def serve(folder):
    "Serve a folder on a local server; yields its address."
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args): pass
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()


@contextmanager
def mirror(answer):
    "A local server that answers GET by calling a function with the handler and the file's name; yields its address and the names asked for."
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self): self.send_response(200), self.end_headers()
        def do_GET(self):
            if self.headers.get('Method') == 'HEAD': return self.do_HEAD() # This is how torchvision asks where an address leads
            asked.append(name := self.path.split('/')[-1])
            try: answer(self, name)
            except ConnectionError: pass                      # The process that asked was killed
        def log_message(self, *args): pass
    asked, server = [], ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/', asked
    server.shutdown()
    server.server_close()


def send(handler, body, share=1, pause=0):
    "Answer with the given share of the bytes, pausing in the middle, and close."
    handler.send_response(200)
    handler.send_header('Content-Length', str(len(body)))
    handler.end_headers()
    middle = int(len(body)*share)//2
    handler.wfile.write(body[:middle])
    time.sleep(pause)
    handler.wfile.write(body[middle:int(len(body)*share)])


def idx_files(images):
    "Name -> content of the four compressed files of an `ImageSet`."
    def idx(t): return gzip.compress(bytes((0, 0, 8, t.ndim)) + struct.pack(f'>{t.ndim}I', *t.shape) + t.numpy().tobytes(), mtime=0)
    parts = zip(('train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'), (*images.train, *images.test))
    return {f'{name}-ubyte.gz': idx(t) for name, t in parts}


def known_as_kmnist(files, mirrors):
    "What torchvision should know about KMNIST."
    return dict(resources=[(name, hashlib.md5(body).hexdigest()) for name, body in files.items()], mirrors=mirrors)


def example(seed):
    "A result of a run that never was."
    from course_steps.results import Result
    return Result(step=3, data='digits', epochs=1, seed=seed, holdout=0, device='cpu', lr_max=0.01, bs=128, params=5976, checksum='ab',
                  train_acc_running=97., train_acc=97., test_acc=97., seconds=1.)


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    "Headless Chromium that logs its console and its requests."
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ('headless', 'no-sandbox', 'disable-gpu', 'disable-quic', 'no-first-run', 'disable-background-networking', 'disable-component-update',
                 'disable-sync', 'disable-dev-shm-usage', f'user-data-dir={tmp_path_factory.mktemp("profile")}'): options.add_argument(f'--{flag}')
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def requests(browser, address):
    "(address, status or error) of each request of our pages since the last call; Chromium makes some of its own."
    ours = {}
    for entry in browser.get_log('performance'):
        message = json.loads(entry['message'])['message']
        params, method = message['params'], message['method']
        if method == 'Network.requestWillBeSent' and params['documentURL'].startswith(address): ours[params['requestId']] = params['request']['url']
        if params.get('requestId') not in ours: continue
        if method == 'Network.responseReceived': yield ours[params['requestId']], params['response']['status']
        if method == 'Network.loadingFailed' and not params.get('canceled'): yield ours[params['requestId']], params['errorText']

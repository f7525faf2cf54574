import json
import os
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
DRIVER = shutil.which('chromedriver')
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='No Chromium with its driver here: install them to test the site in a browser')


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    "Each test runs on the bundled digits, with a cache and runs of its own."
    for name, value in dict(DATA='digits', CACHE=tmp_path/'cache', RUNS=tmp_path/'runs', PROGRESS=tmp_path/'progress.jsonl').items():
        monkeypatch.setenv(f'COURSE_STEPS_{name}', str(value))
    monkeypatch.delenv('COURSE_STEPS_EPOCHS', raising=False)


@pytest.fixture
def program():
    "The installed console script."
    return str(Path(sys.executable).parent/'course_steps')


@contextmanager
def serve(folder):
    "A folder on a local server; gives its address."
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args): pass
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()


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

"Inject each fault, check what the program says about it, and that nothing is lost."
import ast
import errno
import gzip
import json
import re
import socket
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager, nullcontext
from functools import partial
from unittest.mock import patch

import numpy as np
import pytest
import torch
from conftest import ROOT, example, idx_files, known_as_kmnist, mirror, send

from course_steps.weights import load_weights, save_weights
from course_steps.cli import main
from course_steps.core import CourseError
from course_steps.data import get_dls
from course_steps.images import ImageSet, _fetch, bundled_digits, download_set
from course_steps.learner import step_learner, train_step
from course_steps.results import add_results, read_results
from course_steps.steps import get_step

FILES = idx_files(bundled_digits())
GOOD = lambda handler, name: send(handler, FILES[name])


@pytest.fixture
def said(capsys, tmp_path):
    "The sentence with which a command ends, without the folder of this test."
    def run(*words, code=1):
        capsys.readouterr()
        found = main([str(w) for w in words])
        err = capsys.readouterr().err
        assert found == code and 'Traceback' not in err, err
        return err.strip().splitlines()[-1].replace(f'{tmp_path}/', '')
    return run


def unsaid(message, *words):
    "How many of these words a message lacks."
    return sum(w not in message for w in words)


@contextmanager
def mirrors(*urls):
    "Let torchvision find the digits, as KMNIST, at these addresses; a silent mirror counts as failed after a second."
    import torchvision.datasets
    with patch.multiple(torchvision.datasets.KMNIST, **known_as_kmnist(FILES, list(urls))), patch('course_steps.images._fetch', partial(_fetch, timeout=1)): yield


def page(handler, name): send(handler, b'<html>Please log in.</html>')
def half(handler, name): send(handler, FILES[name], share=0.5)
def silent(handler, name): send(handler, FILES[name], pause=4)
def missing(handler, name): handler.send_error(404)
def rude(handler, name): handler.wfile.write(b'no HTTP at all\r\n\r\n')
def another(handler, name): send(handler, FILES['t10k-labels-idx1-ubyte.gz'])


def full_disk(): return patch('torchvision.datasets.utils._urlretrieve', side_effect=OSError(errno.ENOSPC, 'No space left on device'))
def read_only(): return patch('course_steps.images.locked', side_effect=OSError(errno.EROFS, 'Read-only file system'))


DOWNLOADS = {
    'a mirror answers with an HTML page': (page, nullcontext, 'No mirror gave'),
    'a mirror sends half of the file and closes': (half, nullcontext, 'No mirror gave'),
    'a mirror hangs': (silent, nullcontext, 'timed out'),
    'a mirror does not have the file': (missing, nullcontext, '404'),
    'a mirror does not speak HTTP': (rude, nullcontext, '/ (no HTTP at all);'),
    'a mirror sends another file': (another, nullcontext, '(File not found or corrupted);'),
    'the disk is full': (GOOD, full_disk, 'cannot be written: No space left'),
    'the cache is read-only': (GOOD, read_only, 'cannot be written: Read-only'),
}


@pytest.mark.parametrize('fault', DOWNLOADS)
def test_download(fault, said, tmp_path, proof):
    answer, broken, words = DOWNLOADS[fault]
    with mirror(answer) as (url, _), mirrors(url), broken(): message = said('data', 'kmnist')
    assert words in message and message.count('COURSE_STEPS_CACHE') + message.count('check the network') == 1
    left = [f.name for f in (tmp_path/'cache').rglob('*') if f.is_file() and f.suffix != '.lock']
    with mirror(GOOD) as (url, _), mirrors(url): now = download_set('kmnist').checksum
    proof.record(fault, 1, len(left) + (now != bundled_digits().checksum), message=re.sub(r':\d+/', '/', message))


def fill_cache(folder):
    "Fill a folder with a complete cache of KMNIST."
    (folder/'kmnist').mkdir(parents=True)
    for name, body in FILES.items(): (folder/'kmnist'/name).write_bytes(body)
    return folder/'kmnist'


def test_a_whole_cache_is_only_read(tmp_path, proof):
    folder = fill_cache(tmp_path/'cache')
    before = {f: f.stat().st_mtime_ns for f in tmp_path.rglob('*')}
    with mirrors('http://127.0.0.1:9/'), read_only(): found = download_set('kmnist').checksum
    changed = before != {f: f.stat().st_mtime_ns for f in tmp_path.rglob('*')}
    proof.record('a whole cache is read-only', 1, changed + (found != bundled_digits().checksum))


def test_a_damaged_cache_heals(said, tmp_path, capsys, proof):
    folder = fill_cache(tmp_path/'cache')
    hurt = folder/'train-images-idx3-ubyte.gz'
    hurts = {'cut': lambda b: b[:1000], 'a bit flipped': lambda b: b[:500] + bytes([b[500] ^ 1]) + b[501:], 'an HTML page': lambda b: b'<html>', 'empty': lambda b: b''}
    lost = 0
    for hurt_it in hurts.values():
        hurt.write_bytes(hurt_it(FILES[hurt.name]))
        with mirror(GOOD) as (url, asked), mirrors(url): lost += download_set('kmnist').checksum != bundled_digits().checksum
        healed = next(l for l in capsys.readouterr().err.splitlines() if 'is damaged and fetched again' in l).replace(f'{tmp_path}/', '')
        assert asked == [hurt.name]
    hurt.unlink()
    with mirrors('http://127.0.0.1:9/'): message = said('data', 'kmnist')
    assert 'No mirror gave train-images' in message
    proof.record('a damaged file in the cache', len(hurts), lost, message=healed)


def test_a_mirror_that_fails_gives_way_to_the_next(proof):
    with mirror(page) as (bad, _), mirror(GOOD) as (good, _), mirrors(bad, 'http://127.0.0.1:9/', good): found = download_set('kmnist').checksum
    proof.record('two of three mirrors fail', 1, int(found != bundled_digits().checksum))


def test_no_network_is_reached():
    with pytest.raises(pytest.fail.Exception, match='reaches for the network'): socket.create_connection(('192.0.2.1', 80), 1)
    with pytest.raises(pytest.fail.Exception, match='reaches for the network'): socket.socket().connect(('192.0.2.1', 80))


def imported_and_called(tree):
    "Names that a module imports, and names that it calls."
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)): yield from (*(a.name for a in node.names), getattr(node, 'module', None))
        if isinstance(node, ast.Call): yield ast.unparse(node.func)


def test_nothing_is_unpickled_and_no_archive_is_unpacked(proof):
    forbidden = re.compile(r'(^|\.)(pickle|cPickle|dill|cloudpickle|marshal|shelve|load_learner|tarfile|zipfile|unpack_archive|extractall|extract_archive|download_and_extract_archive)$'
                           r'|^(torch|np|numpy|joblib|learn|learner)\.load$|^(eval|exec|os\.system)$')
    modules = sorted((ROOT/'course_steps').rglob('*.py'))
    found = [(m.name, name) for m in modules for name in imported_and_called(ast.parse(m.read_text(encoding='utf-8'))) if name and forbidden.search(name)]
    assert forbidden.search('torch.load') and forbidden.search('pickle') and modules
    proof.record('modules that unpickle a file or unpack an archive', len(modules), len(found))


def flipped(whole, rng):
    "The bytes with one bit changed."
    at = rng.integers(len(whole))
    return whole[:at] + bytes([whole[at] ^ 1 << rng.integers(8)]) + whole[at + 1:]


def test_a_flipped_bit_in_weights(tmp_path, proof):
    rng, believed, n = np.random.default_rng(0), 0, proof.times(100, 2000)
    save_weights(get_step(3).model(), tmp_path/'w', step=3, stats=(0.1, 0.3), classes=list('0123456789'))
    whole, right = (tmp_path/'w').read_bytes(), load_weights(tmp_path/'w')
    for _ in range(n):
        (tmp_path/'w').write_bytes(flipped(whole, rng))
        try: model, meta = load_weights(tmp_path/'w')
        except CourseError as e:
            message = str(e).replace(f'{tmp_path}/', '')
            continue
        believed += meta != right[1] or not all(map(torch.equal, model.state_dict().values(), right[0].state_dict().values()))
    proof.record('weights with one bit flipped', n, believed, message=message)


def test_weights_that_do_not_fit(said, tmp_path, proof):
    scan = tmp_path/'scan.png'
    from PIL import Image, ImageDraw
    page = Image.new('L', (40, 40), 255)
    ImageDraw.Draw(page).line([(20, 5), (20, 35)], fill=0, width=5)
    page.save(scan)
    save_weights(get_step(4).model(), tmp_path/'w', step=3)
    message = said('predict', scan, '--weights', tmp_path/'w')
    proof.record('weights of another network', 1, unsaid(message, 'does not fit the network of step 3', 'expected'), message=message)
    with pytest.raises(CourseError, match='weights of step 3, not of step 4'): load_weights(tmp_path/'w', 4)
    (tmp_path/'w').write_bytes((tmp_path/'w').read_bytes()[:-10])
    message = said('predict', scan, '--weights', tmp_path/'w')
    proof.record('weights cut short', 1, unsaid(message, 'is damaged'), message=message)


def test_a_damaged_line_of_results(tmp_path, capsys, proof):
    path, lost = tmp_path/'runs.jsonl', 0
    hurts = [b'{"step": 3', b'\xff\xfe', b'[' * 100_000, json.dumps({'step': 3}).encode(), example(0).to_json().encode()[:-20], b'null', b'{}']
    for hurt in hurts:
        path.write_bytes(b'')
        add_results([example(1)], path)
        with path.open('ab') as f: f.write(hurt)               # As left by a writer that was killed
        add_results([example(2)], path)
        lost += [r.seed for r in read_results(path)] != [1, 2]
        message = capsys.readouterr().err.splitlines()[-1].replace(f'{tmp_path}/', '')
        assert message == 'Line 2 of runs.jsonl is damaged and left out.'
    proof.record('a damaged line in a results file', len(hurts), lost, message=message)


def write_set(folder, train, test):
    "Four IDX files."
    folder.mkdir()
    for name, body in idx_files(ImageSet('mine', train, test)).items(): (folder/name).write_bytes(body)
    return folder


def test_numbers(said, tmp_path, monkeypatch, proof):
    images = bundled_digits()
    (x, y), few = images.train, tuple(t[:20] for t in images.test)
    written = lambda: len(list((tmp_path/'runs').rglob('*.safetensors')))
    message = said('train', 3, '--epochs', 1, '--lr-max', 1000)
    proof.record('the loss is not finite', 1, unsaid(message, 'The loss became') + written(), message=message)
    message = said('train', 3, '--epochs', 0, code=2)
    proof.record('no epochs', 1, unsaid(message, 'epochs must be') + written(), message=message)
    message = said('train', 3, '--data', write_set(tmp_path/'one', (x[:1], y[:1]), few), code=2)
    proof.record('one training image', 1, unsaid(message, 'batch size') + written(), message=message)
    message = said('train', 3, '--data', write_set(tmp_path/'black', (x[:200]*0, y[:200]), few))
    proof.record('all pixels are the same', 1, unsaid(message, 'nothing to learn') + written(), message=message)
    without = write_set(tmp_path/'without', (x[y != 9], y[y != 9]), tuple(t[images.test[1] != 9] for t in images.test))
    result = train_step(3, without, epochs=1, out=tmp_path/'run')
    assert main(['plot', '3', '--run', str(tmp_path/'run')]) == 1   # The data set is not available under its name
    monkeypatch.setenv('COURSE_STEPS_DATA', str(without))
    proof.record('a class without images', 1, main(['plot', '3', '--run', str(tmp_path/'run')]) + (not 0 < result.test_acc <= 100))


@pytest.mark.parametrize('value', [float('inf'), float('-inf'), float('nan')])
@pytest.mark.parametrize('where, words', [(True, 'The loss became'), (False, 'loss on the test images is not finite')], ids=['training', 'testing'])
def test_a_loss_that_is_no_number(value, where, words):
    learn = step_learner(3, get_dls('digits', device='cpu'))
    right = learn.loss_func
    learn.loss_func = lambda pred, y: right(pred, y)*(value if learn.model.training == where else 1)
    with learn.no_bar(), learn.no_logging(), pytest.raises(CourseError, match=words): learn.fit_one_cycle(1, 1e-2)


@pytest.mark.parametrize('n', [1, 20])
def test_batches_of_one(n):
    images = bundled_digits()
    tiny = ImageSet('tiny', *2*[tuple(t[:n] for t in images.train)])
    for step in (3, 5, 8):
        learn = step_learner(step, get_dls(tiny, bs=1, device='cpu'))
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(1, 1e-3)
        assert len(learn.history) == 1 and np.isfinite(learn.history[0]['test_loss'])


MEMORY = '''
import resource, sys
from course_steps.core import CourseError
from course_steps.images import read_folder
from course_steps.pictures import read_digit
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try: (read_digit if sys.argv[1].endswith('.png') else read_folder)(sys.argv[1])
except CourseError as e: print(e)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)//1024)
'''


def png(width, height):
    "A small file that claims many black pixels."
    def chunk(name, data): return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    head = struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b'')


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no resource module')
def test_small_files_that_claim_much(tmp_path, proof):
    (tmp_path/'set').mkdir()
    big = 900_000_000//784
    with gzip.open(tmp_path/'set/train-images-idx3-ubyte.gz', 'wb', 1) as f:
        f.write(struct.pack('>4I', 0x803, big, 28, 28))
        for _ in range(100): f.write(bytes(9_000_000))
    for name in ('train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'): (tmp_path/'set'/name).write_bytes(b'')
    sizes = (1, 99_999_999), (99_999_999, 1), (1_000, 99_999), (65_535, 1_525)
    for w, h in sizes: (tmp_path/f'{w}.png').write_bytes(png(w, h))
    for name in ['set', *(f'{w}.png' for w, _ in sizes)]:
        with proof.trial():
            done = subprocess.run([sys.executable, '-c', MEMORY, tmp_path/name], capture_output=True, text=True)
            assert done.returncode == 0 and int(done.stdout.splitlines()[-1]) < 1000, (name, done.stdout, done.stderr) # MB
    proof.record('small files that claim gigabytes', proof.tried, proof.lost, message='A side of the picture has more than 65,535 pixels: cut it.')

"Whatever bytes and words come in, the outcome is a result or the package's own error, one sentence long."
import gzip
import io
import json
import os
import struct
import zlib
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from safetensors.numpy import save

from course_steps.weights import load_weights
from course_steps.cli import VERBS, main
from course_steps.core import CourseError
from course_steps.export import load_packed, pack
from course_steps.images import read_idx
from course_steps.pictures import read_digit
from course_steps.predict import default_weights
from course_steps.quantize import quantize
from course_steps.core import published_dir
from course_steps.results import read_results
from course_steps.steps import STEPS


def idx_wholes():
    body = b'\0\0\x08\x03' + struct.pack('>3I', 2, 28, 28) + bytes(2*28*28)
    return [body, gzip.compress(body), b'\0\0\x08\x03' + struct.pack('>3I', 2**32 - 1, 28, 28)]


def results_wholes():
    lines = (published_dir()/'holdout.jsonl').read_bytes().splitlines(True)[:2]
    return [b''.join(lines), b'{"step": ' + b'['*5000, b'\xff\xfe{}\n']


def weights_wholes():
    small = save({'conv1.0.weight': np.zeros((2, 2), np.float32)}, {'json': json.dumps({'step': 3})})
    return [default_weights().read_bytes(), small, struct.pack('<Q', 2**62) + b'{}']


def packed_wholes():
    named = pack(quantize(STEPS[3].model(), 2), (0.1, 0.3), ['Bär', *'abcdefghi'])
    return [pack(quantize(STEPS[n].model().eval(), bits), (0.1, 0.3), '0123456789') for n, bits in ((9, 8), (14, 3))] + [named]


def read_sealed(path):
    "Read a packed file as it is, then with the checksum that fits what is in it."
    try: load_packed(path)
    except CourseError as e: assert sentence(e), e
    data = path.read_bytes()
    path.write_bytes(data[:4] + struct.pack('<I', zlib.crc32(data[8:])) + data[8:])
    load_packed(path)


def image_wholes():
    page = Image.new('L', (40, 40), 250)
    ImageDraw.Draw(page).line([(10, 5), (30, 35)], fill=0, width=4)
    wholes = []
    for kind in ('PNG', 'JPEG', 'GIF', 'BMP', 'TIFF', 'WEBP', 'PPM', 'ICO'):
        page.save(file := io.BytesIO(), kind)
        wholes.append(file.getvalue())
    return wholes


READERS = {
    'IDX reader': (lambda path: read_idx(path, (28, 28)), idx_wholes),
    'results reader': (read_results, results_wholes),
    'weights reader': (load_weights, weights_wholes),
    'packed reader': (read_sealed, packed_wholes),
    'image reader': (read_digit, image_wholes),
}


def sentence(error):
    "Whether an error is one line for a reader."
    return str(error).strip() != '' and '\n' not in str(error) and 'Traceback' not in str(error)


def try_reader(name, data, path):
    "Read a file with these bytes; anything but a result or a sentence is an exception here."
    path.write_bytes(data)
    with redirect_stderr(io.StringIO()):
        try: READERS[name][0](path)
        except CourseError as e: assert sentence(e), e


@st.composite
def damaged(draw, wholes):
    "The bytes of an intact file, changed in some places and perhaps cut short."
    data = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, 80) | st.integers(0, len(data)))
        data[at:at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(data[:draw(st.none() | st.integers(0, len(data)))])


def often(n):
    "Settings of hypothesis for n examples that are not kept."
    return settings(max_examples=n, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink])


@pytest.mark.parametrize('name', READERS)
def test_reader(name, tmp_path, proof):
    @often(proof.times(300, 3_000))
    @given(damaged(READERS[name][1]()) | st.binary(max_size=300))
    def any_bytes(data):
        with proof.trial(): try_reader(name, data, tmp_path/'file')

    try: any_bytes()
    finally: proof.record(f'{name}, bytes of hypothesis', proof.tried, proof.lost)


WORDS = ['--epochs', '--seed', '--data', '--device', '--out', '--resume', '--lr-max', '--target', '--json', '--help', '--steps', '--seeds', '--jobs', '--weights',
         '--run', '--limit', '--minutes', '-1', '0', '3', '99', '1e999', 'nan', 'cpu', 'cuda', 'digits', 'mnist', '0-9', '0-99999999', '']


def try_words(verb, words):
    "Give words to the command line; anything but silence or a sentence is an exception here."
    err = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(err): code = main([verb, *words])
    assert code in (0, 1, 2)
    most = 1 + len(words) if verb == 'predict' else 1          # A sentence for each picture, and their number
    assert (code == 0) == (err.getvalue() == '') and err.getvalue().count('\n') <= most, err.getvalue()


def test_command_line(tmp_path, monkeypatch, proof):
    monkeypatch.chdir(tmp_path)
    stop = CourseError('Here the work would begin.')
    # No system can pass on a NUL
    word = st.sampled_from(WORDS) | st.text(st.characters(exclude_characters='/\\.~\0', exclude_categories=['Cs']), max_size=8)

    @often(proof.times(200, 2_000))
    @given(st.sampled_from([*VERBS, 'train', 'predict']) | word, st.lists(word, max_size=6))
    def any_words(verb, words):
        with proof.trial(): try_words(verb, words)

    with patch('course_steps.learner.get_dls', side_effect=stop), patch('course_steps.sweep.load_set', side_effect=stop), \
         patch('course_steps.images.load_set', side_effect=stop), patch('course_steps.teach.lessons.copy_lessons', side_effect=stop):
        try: any_words()
        finally: proof.record('command line, words of hypothesis', proof.tried, proof.lost)


def black_png(side):
    "A PNG of side x side black pixels, one bit each, made row by row."
    def chunk(kind, body): return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    rows, row = zlib.compressobj(1), bytes(1 + side//8)
    pixels = b''.join([*(rows.compress(row) for _ in range(side)), rows.flush()])
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', side, side, 1, 0, 0, 0, 0)) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')


def test_memory_stays_bounded(tmp_path, proof):
    resource = pytest.importorskip('resource')
    (tmp_path/'bomb.png').write_bytes(black_png(60_000))
    (tmp_path/'claims.idx').write_bytes(b'\0\0\x08\x03' + struct.pack('>3I', *3*[2**20]))    # 2^60 values
    (tmp_path/'many.idx').write_bytes(b'\0\0\x08\x03' + struct.pack('>3I', 2**32 - 1, 28, 28))
    with gzip.open(tmp_path/'bomb.gz', 'wb', 1) as f:
        f.write(b'\0\0\x08\x03' + struct.pack('>3I', 2, 28, 28))
        for _ in range(256): f.write(bytes(2**20))
    (tmp_path/'header.safetensors').write_bytes(struct.pack('<Q', 2**62) + b'{}')
    bombs = {'claims.idx': 'IDX reader', 'many.idx': 'IDX reader', 'bomb.gz': 'IDX reader', 'header.safetensors': 'weights reader', 'bomb.png': 'image reader'}
    grown = []
    for file, name in bombs.items():
        child = os.fork()                                     # A separate process, so that its peak is that of this reader
        if not child:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try: READERS[name][0](tmp_path/file)
            except CourseError: os._exit(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > 50_000)
            os._exit(2)
        grown.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    proof.record('files that claim to be huge: 2^60 values, 60,000 x 60,000 pixels', len(bombs), sum(g != 0 for g in grown))

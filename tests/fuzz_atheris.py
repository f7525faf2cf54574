"""Try the readers with atheris, which looks for bytes that reach new code: `python tests/fuzz_atheris.py 'IDX reader' 100000`.

atheris is not a requirement, as it lacks wheels for some Pythons and systems. `make proof` installs it where it can.
"""
import sys
from tempfile import mkdtemp
from pathlib import Path

import atheris

with atheris.instrument_imports(include=['course_steps', 'gzip', 'json', 'PIL']):
    from conftest import Proof
    from test_fuzz import READERS, try_reader

name, runs = sys.argv[1], int(sys.argv[2])
folder, proof = Path(mkdtemp()), Proof(True, 'tests/fuzz_atheris.py')


def one(data):
    "Try one input; the last one, or one that is lost, records the figures."
    try:
        with proof.trial(): try_reader(name, data, folder/'file')
    finally:
        if proof.lost or proof.tried == runs: proof.record(f'{name}, bytes of atheris', proof.tried, proof.lost)


(folder/'seeds').mkdir()
for i, whole in enumerate(READERS[name][1]()): (folder/f'seeds/{i}').write_bytes(whole)
atheris.Setup([sys.argv[0], f'-runs={runs + 10}', '-max_len=40000', str(folder/'seeds')], one)
atheris.Fuzz()

"Write .ci/constraints.txt: the exact versions of everything that `make test` installs, direct and indirect, for every Python and system."
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON = '3.11' # The oldest that the docs extra supports
EXTRAS = '', 'dev_', 'docs_', 'ray_', 'dask_', 'onnx_'


def main():
    ini = ConfigParser(delimiters=['='])
    ini.read(ROOT/'settings.ini', encoding='utf-8')
    cfg = ini['DEFAULT']
    wanted = '\n'.join(r for extra in EXTRAS for r in cfg[f'{extra}requirements'].split())
    uv = [Path(sys.executable).parent/'uv', 'pip', 'compile', '-', '--universal', '--python-version', PYTHON, '--no-annotate', '--no-header',
          '--no-emit-index-url', '--no-emit-find-links', '--quiet']
    done = subprocess.run(uv, input=wanted, capture_output=True, text=True)
    if done.returncode: sys.exit(done.stderr)
    (ROOT/'.ci/constraints.txt').write_text(f'# Written by `make lock`.\n{done.stdout}')


if __name__ == '__main__': main()

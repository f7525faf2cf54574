"Write README.md from nbs/index.ipynb, run afresh so that its figures match results/. --check: fail if stale."
import re
import sys
from pathlib import Path

from cells import alternative, directives, pictures
from nbconvert import MarkdownExporter
from store import execute

ROOT = Path(__file__).parent.parent
README, IMAGES = ROOT/'README.md', 'docs/images'
NOTE = '<!-- Written by docs/readme.py from nbs/index.ipynb: edit that file, then run `make readme`. -->\n\n'
SILENT = '# only the output is shown'


def show(cell):
    "A cell as README shows it: without directives; hidden code is marked by a line, for `plain` to remove."
    lines = [SILENT] if directives(cell).get('echo') == 'false' else []
    cell.source = '\n'.join(lines + [l for l in cell.source.splitlines() if not l.startswith('#|')])
    return cell


def plain(text, texts):
    "nbconvert's Markdown turned into README's; `texts` are those of its pictures, in order."
    texts = iter(texts)
    text = re.sub(rf'```python\n{SILENT}\n.*?```\n', '', text, flags=re.S)
    text = re.sub(r'<style scoped>.*?</style>\n', '', text, flags=re.S)
    text = re.sub(r'\]\(([\w/]+\.ipynb)', r'](nbs/\1', text)
    text = re.sub(r'!\[png\]', lambda _: f'![{next(texts)}]', text)
    return NOTE + re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'


def render():
    "The text of README.md and its images, as name -> bytes."
    nb = execute(ROOT/'nbs/index.ipynb')
    nb.cells = [c for c in nb.cells if 'hide' not in directives(c)]
    texts = [alternative(c, 'nbs/index.ipynb') for c in nb.cells for _ in pictures(c)]
    nb.cells = [show(c) for c in nb.cells]
    options = {'output_files_dir': IMAGES, 'unique_key': 'index'}
    text, resources = MarkdownExporter().from_notebook_node(nb, options)
    return plain(text, texts), resources['outputs']


def check(text, images):
    "End the program if README.md is stale, or if an image that it shows is missing."
    if README.read_text(encoding='utf-8') != text: sys.exit('README.md is stale: run `make readme` and commit it.')
    missing = [name for name in images if not (ROOT/name).is_file()]
    if missing: sys.exit(f'README.md shows {", ".join(missing)}, which is missing: run `make readme` and commit it.')


def write(text, images):
    "Write README.md and its images."
    README.write_text(text, encoding='utf-8')
    for name, data in images.items():
        (ROOT/name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT/name).write_bytes(data)


if __name__ == '__main__': (check if '--check' in sys.argv else write)(*render())

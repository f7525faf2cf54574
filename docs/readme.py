"Write README.md from nbs/index.ipynb, executed anew so that its figures are those of results/. With --check: fail if it is stale."
import re
import sys
from pathlib import Path

from nbconvert import MarkdownExporter
from store import execute

ROOT = Path(__file__).parent.parent
README, IMAGES = ROOT/'README.md', 'docs/images'
SILENT = '# only the output is shown'


def visible(cells):
    "Cells without nbdev's directives, hidden ones left out."
    for cell in cells:
        lines = cell.source.splitlines()
        if any(re.match(r'#\|\s*hide\s*$', l) for l in lines): continue
        cell.source = '\n'.join(SILENT if re.match(r'#\|\s*echo:\s*false', l) else l for l in lines if not re.match(r'#\|(?!\s*echo)', l))
        yield cell


def render():
    "The text of README.md and its images, as name -> bytes."
    nb = execute(ROOT/'nbs/index.ipynb')
    nb.cells = list(visible(nb.cells))
    text, resources = MarkdownExporter().from_notebook_node(nb, {'output_files_dir': IMAGES, 'unique_key': 'index'})
    text = re.sub(rf'```python\n{SILENT}\n.*?```\n', '', text, flags=re.S)
    text = re.sub(r'<style scoped>.*?</style>\n', '', text, flags=re.S)
    text = re.sub(r'\]\((lessons/|api/|glossary|results|whole_way|speed|trust)', r'](nbs/\1', text)
    text = re.sub(r'!\[png\]', '![Test accuracy against parameters of the steps]', text)
    note = '<!-- Written by docs/readme.py from nbs/index.ipynb: edit that file, then run `make readme`. -->\n\n'
    return note + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", resources["outputs"]


if __name__ == '__main__':
    text, images = render()
    if '--check' in sys.argv:
        if README.read_text(encoding='utf-8') != text: sys.exit('README.md is stale: run `make readme` and commit it.')
        missing = [name for name in images if not (ROOT/name).is_file()]
        if missing: sys.exit(f'README.md shows {", ".join(missing)}, which is not there: run `make readme` and commit it.')
    else:
        README.write_text(text, encoding='utf-8')
        for name, data in images.items():
            (ROOT/name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT/name).write_bytes(data)

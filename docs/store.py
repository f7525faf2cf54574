"Run notebooks and store their outputs: light images, and tables of epochs without their progress bars."
import os
import re
import sys
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import nbformat
from nbconvert.preprocessors import ExecutePreprocessor
from live import stored
from PIL import Image

COLORS = 48
# Solutions that run here must not count as anyone's progress
os.environ.setdefault('COURSE_STEPS_PROGRESS', f'{mkdtemp()}/progress.jsonl')


def shrink(png):
    "A PNG (base64 text) with fewer colors."
    out = BytesIO()
    image = Image.open(BytesIO(b64decode(png))).convert('RGB')
    image.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(out, 'PNG', optimize=True)
    return min(png, b64encode(out.getvalue()).decode(), key=len)


def without_bars(outputs):
    "Outputs of a cell: of fastprogress only the epoch table, and nothing of the log of torch's profiler."
    for output in outputs:
        data = output.get('data', {})
        html = re.sub(r'<div>\s*<progress.*?</div>', '', data.get('text/html', ''), flags=re.S)
        if 'text/html' in data: data['text/html'] = html
        if 'fastprogress' in html: data.pop('text/markdown', None) # The same table again
        empty = html == '<div></div>' or 'progress::-webkit' in html
        if not empty and 'profiler_st' not in output.get('text', ''): yield output


def execute(path):
    "The notebook in a file, with all cells run in its own folder; an error in a cell ends the program."
    nb = nbformat.read(path, as_version=4)
    ExecutePreprocessor(timeout=None, resources={'metadata': {'path': str(Path(path).parent)}}).preprocess(nb)
    for cell in (c for c in nb.cells if c.cell_type == 'code'):
        cell.outputs = list(without_bars(cell.outputs))
        for data in (o.get('data', {}) for o in cell.outputs):
            if 'image/png' in data: data['image/png'] = shrink(data['image/png'])
            if 'text/html' in data: data['text/html'] = stored(data['text/html'])
    return nb


if __name__ == '__main__':
    for path in sys.argv[1:]:
        print(path, flush=True)
        nbformat.write(execute(path), path)

"""Turn the lessons into slides: one reveal.js deck per notebook, in _slides/, which run without a network.

Reads nbs/lessons/ and changes nothing there. Solutions are left out.
"""
import ast
import os
import re
import shutil
import sys
from base64 import b64decode
from copy import deepcopy
from html import escape
from pathlib import Path

import nbformat
from cells import alternative, code, directives, is_solution, markdown, pictures
from live import FIGURE, enliven_cell
from nbconvert import SlidesExporter
from stage import ROOT, settings
from traitlets.config import Config

OUT = ROOT/'_slides'
REVEAL = Path(os.environ.get('REVEAL', ROOT/'.venv/reveal.js')) # What `make slides` fetches
NO_REVEAL = 'There is no reveal.js here (make slides fetches it with npm)'
CELLS, HEIGHT = 3, 600 # What one slide holds: cells, and pixels as `height` counts them
SPLIT = 1.25*HEIGHT # What is higher is taken apart; the rest is fitted by the page
REMARK, PICTURE = 70, 380 # Pixels: a shorter text needs no slide of its own; a plot is never taller
LINE = dict(markdown=34, code=27, text=25, table=33) # Pixels of one line
WIDTH = dict(markdown=95, code=200) # Characters of one line
HIDDEN = {'hide', 'default_exp', 'export'} # Directives of cells that are not for the class


def only(cell, *kinds):
    "Whether a code cell has no outputs and only statements of these kinds."
    try: body = ast.parse(code(cell)).body
    except SyntaxError: return False # A magic
    return not cell.outputs and all(isinstance(s, kinds) for s in body)


def is_hidden(cell):
    "Whether a code cell is not for the class: hidden, a solution, exported without being shown, or only imports."
    folded = directives(cell).get('code-fold') == 'true' and (is_solution(cell) or not pictures(cell))
    hidden = HIDDEN & directives(cell).keys() or folded
    return cell.cell_type == 'code' and bool(hidden or only(cell, ast.Import, ast.ImportFrom))


def is_check(cell):
    "Whether a code cell asserts and shows nothing."
    if cell.cell_type != 'code' or cell.outputs: return False
    return only(cell, ast.Assert) or code(cell).splitlines()[-1].startswith('assert')


def sections(cells):
    "Cells in lists, each beginning with a heading of level 1 or 2."
    found = []
    for cell in cells:
        if cell.cell_type == 'markdown' and re.match(r'##? ', cell.source): found.append([])
        found[-1].append(cell)
    return found


def without_checks(cells):
    "A section without the cells that only assert, unless it has nothing else."
    rest = [c for c in cells if not is_check(c)]
    return rest if len(rest) > 1 else cells


def link(found):
    "A link to a lesson, turned into a link to its deck."
    return f'({found[1]}.html)'


def prepare(cell, notebook, out):
    "A cell of a lesson as the slides show it: links lead to decks, code has no directives, pictures have a text."
    if cell.cell_type == 'markdown':
        cell.source = re.sub(r'\((\d\d_\w+)\.ipynb\)', link, cell.source).strip()
        cell.source = re.sub(r'\((\.\./[\w/]+)\.ipynb', r'(\1.html', cell.source) # The site has the slides in a folder
        return cell
    bare = {('echo', 'false'), ('code-fold', 'true')} & directives(cell).items()
    cell.metadata['tags'] = ['remove-input'] if bare else []
    for output in pictures(cell): output.metadata['alt'] = alternative(cell, notebook)
    enliven_cell(cell, out/'live', 'live')
    cell.source = code(cell)
    return cell


def picture_height(data):
    "Pixels of a PNG in base64."
    return int.from_bytes(b64decode(data[:64])[20:24], 'big')


def output_height(output):
    "Pixels of an output."
    data = output.get('data', {})
    if 'image/png' in data: return min(picture_height(data['image/png']), PICTURE)
    if FIGURE.search(data.get('text/html', '')): return PICTURE
    if 'text/html' in data: return LINE['table']*data['text/html'].count('<tr')
    return LINE['text']*str(output.get('text', data.get('text/plain', ''))).count('\n')


def height(cell):
    "Pixels that a cell takes on a slide, roughly."
    lines = sum(1 + len(l)//WIDTH[cell.cell_type] for l in cell.source.splitlines() if l.strip())
    if 'remove-input' in cell.metadata.get('tags', []): lines = 0
    return 20 + LINE[cell.cell_type]*lines + sum(map(output_height, cell.get('outputs', [])))


def questions(cell):
    "A quiz as one text for each question, with its choices; any other cell as it is."
    shown = [o['data']['text/html'] for o in cell.get('outputs', []) if 'class="quiz"' in str(o.get('data', {}).get('text/html'))]
    if not shown: return [cell]
    return [markdown(f'<div class="question">\n{text.strip()}\n</div>') for text in re.split(r'(?=<p><strong>\d+\. )', shown[0]) if text.strip()]


def halves(cell):
    "A code cell that is too high for a slide as its code and its outputs; any other cell as it is."
    if cell.cell_type != 'code' or not cell.outputs or height(cell) < SPLIT or 'remove-input' in cell.metadata.get('tags', []): return [cell]
    code, outputs = deepcopy(cell), deepcopy(cell)
    code.outputs, outputs.metadata['tags'], outputs.id = [], ['remove-input'], f'{cell.id}-out'
    return [code, outputs]


def taken_apart(unit):
    "A unit that no slide can hold as units of one cell, its heading with the first; any other unit as it is."
    if sum(map(height, unit)) < SPLIT: return [unit]
    parts = [[c] for cell in unit for c in halves(cell)]
    if len(parts) > 1 and parts[0][0].source.startswith('#') and '\n' not in parts[0][0].source: parts[:2] = [parts[0] + parts[1]]
    return parts


def units(cells):
    "Lists of cells that stay together: a text or a heading, with what it introduces."
    found = []
    for cell in (c for cell in cells for c in questions(cell)):
        text = found and all(c.cell_type == 'markdown' for c in found[-1])
        heading = found and found[-1][-1].source.startswith('#')
        follows = found and (heading or text and cell.cell_type == 'code')
        if follows: found[-1].append(cell)
        else: found.append([cell])
    return [part for unit in found for part in taken_apart(unit)]


def slides(cells):
    "Lists of cells, one per slide: a `###` begins a new one, and so does anything that no longer fits."
    found = [[]]
    for unit in units(cells):
        both = found[-1] + unit
        full = sum(not c.source.startswith('#') for c in both) > CELLS or sum(map(height, both)) > HEIGHT
        remark = len(unit) == 1 and unit[0].cell_type == 'markdown' and height(unit[0]) < REMARK
        question = unit[0].source.startswith('<div class="question">') and any(c.source.startswith('<div') for c in found[-1])
        if found[-1] and (full and not remark or question or unit[0].source.startswith('### ')): found.append([])
        found[-1] += unit
    return found


def html_code(text):
    "A title as HTML: what stands between backticks is code."
    return re.sub('`([^`]+)`', r'<code>\1</code>', escape(text, quote=False))


def mark(section):
    "The cells of a section with the slide types of nbconvert; a slide without a heading repeats that of its section."
    title = html_code(re.match(r'#+ (.+)', section[0].source)[1])
    for i, cells in enumerate(slides(section)):
        if i: cells.insert(0, markdown(f'<p class="section">{title}</p>'))
        cells[0].metadata['slideshow'] = {'slide_type': 'subslide' if i else 'slide'}
        yield from cells


def deck(path, out=OUT):
    "The notebook of a deck; pages that run in a frame go into a folder of `out`."
    nb = nbformat.read(path, as_version=4)
    shown = [c for c in nb.cells if not is_hidden(c)]
    parts = [[prepare(c, path.relative_to(ROOT), out) for c in without_checks(s)] for s in sections(shown)]
    nb.cells = [c for part in parts for c in mark(part)]
    nb.metadata['title'] = title(nb)[0]
    return nb


def title(nb):
    "Title of a lesson, and the line that says what it buys."
    return re.match(r'# (.+)\n\n> (.+)', nb.cells[0].source).groups()


def exporter(reveal):
    "nbconvert's slides with the template beside this file; `reveal` is where reveal.js is, None for nbconvert's own."
    config = Config(TagRemovePreprocessor=dict(enabled=True, remove_input_tags={'remove-input'}))
    where = dict(reveal_url_prefix=reveal) if reveal else {}
    return SlidesExporter(
        config=config, template_file=str(Path(__file__).parent/'slides.html.j2'), mathjax_url='tex-svg.js',
        reveal_theme='white', reveal_transition='none', reveal_width='1280', reveal_height='720', reveal_number='c/t',
        exclude_input_prompt=True, exclude_output_prompt=True, **where)


def index(decks):
    "The page that lists the decks: (file name, title, what it buys)."
    rows = '\n'.join(f'<li><a href="{name}.html">{html_code(what)}</a><br>{html_code(buys)}</li>' for name, what, buys in decks)
    name = settings()['title']
    return f'''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}: slides</title>
<link rel="icon" href="favicon.png"><link rel="stylesheet" href="slides.css"></head>
<body class="index"><main><h1>{name}: slides</h1>
<p>Right or Space: next slide. Down: the rest of a section. Esc: all slides. F: full screen.</p>
<ul>
{rows}
</ul></main></body></html>
'''


def copy_files(out):
    "Copy the files that the decks refer to; returns whether reveal.js was there."
    static = Path(__file__).parent/'_static'
    for file in (static/'mathjax/tex-svg.js', static/'favicon.png', ROOT/'docs/slides.css'): shutil.copy(file, out)
    if REVEAL.is_dir(): shutil.copytree(REVEAL, out/'reveal.js')
    return REVEAL.is_dir()


def main(out=OUT):
    "Write all decks and their index."
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    offline, decks = copy_files(out), []
    if not offline: print(f'{NO_REVEAL}: the slides will load it from the network.', file=sys.stderr)
    export = exporter('reveal.js' if offline else None)
    for path in sorted((ROOT/'nbs/lessons').glob('*.ipynb')):
        nb = deck(path, out)
        (out/f'{path.stem}.html').write_text(export.from_notebook_node(nb)[0], encoding='utf-8')
        decks.append((path.stem, *title(nb)))
    (out/'index.html').write_text(index(decks), encoding='utf-8')


if __name__ == '__main__': main()

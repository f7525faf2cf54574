"""What a lesson still lacks of the standard that the guide *Add a step* describes.

    python tests/standard.py nbs/lessons/05_dropout.ipynb ...
"""
import ast
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT/'docs'))
from cells import code, directives

ARC = ['The question', 'See it fail', 'The idea', 'The same in the library', 'The step', 'Train it', 'Look inside', 'Does it work?', 'You may object',
       'In three sentences', 'Quiz', 'Exercises', 'Go deeper', 'What next']
OF_A_STEP = {'The step', 'Train it'}   # A lesson that exports no step may leave these out
WORDS, CODE_CELLS = (1500, 2500), (20, 35)
PICTURES, ALT_WORDS = 5, 8             # At least, besides `USUAL`; an alternative text is at least so long
SCREEN = dict(words=150, cells=3)      # At most before the first picture: words, and code cells that are shown
COLUMNS, KILOBYTES = 5, 300            # At most: of a table beside its index, of stored outputs
USUAL = r'\b(plot_curves|plot_mistakes|plot_confusion|plot_confusion_matrix|plot_top_losses|lr_find|show_batch|show_results)\('
STARS = '★', '★★', '★★★'
ONE_IMPORT = 'from course_steps.all import *'
AVOID = r'in the place of|\bis no (?:image|digit|number|network|layer)\b|\banew\b|the way of|breaks? out\b|\bthings? who\b'
MARKUP = re.compile(r'```.*?```|<[^>]+>|^#+ [^\n]*|^\|[^\n]*|^\s*>', re.S | re.M)


def prose(cell):
    "The running text of a Markdown cell: no code blocks, tables, headings and tags, a link only as its text."
    text = re.sub(r'!?\[([^\]]*)\]\([^)]*\)', r'\1', MARKUP.sub(' ', cell.source))
    return re.sub(r'\$\$?.+?\$\$?', ' formula ', text, flags=re.S)


def sentences(cell):
    "The sentences of a Markdown cell, each as a list of words."
    found = re.split(r'(?<=[.!?:])\s+|\n\s*\n|\n\s*[-*\d]+[.)]?\s', prose(cell)) if cell.cell_type == 'markdown' else []
    return [words for s in found if (words := re.findall(r"[^\W_][\w'’.,-]*", s))]


def key(words):
    "By which the same sentence is known in another lesson, whatever its numbers."
    return re.sub(r'\d[\d.,]*', '0', ' '.join(words).lower())


def is_shown(cell):
    "Whether the code of a cell can be read on the page."
    d = directives(cell)
    hidden = {'hide', 'default_exp', 'export'} & d.keys() or d.get('echo') == 'false' or d.get('code-fold') == 'true'
    return cell.cell_type == 'code' and not hidden and bool(code(cell))


def is_picture(cell):
    "Whether a code cell draws: it has an alternative text, or stored a picture."
    if cell.cell_type != 'code' or 'hide' in directives(cell): return False
    kept = [o.get('data', {}) for o in cell.outputs]
    return 'fig-alt' in directives(cell) or any('image/png' in d or '<figure' in d.get('text/html', '') for d in kept)


def imports(cell):
    "Whether a cell that the course does not export imports anything."
    if cell.cell_type != 'code' or {'hide', 'export', 'exports'} & directives(cell).keys(): return False
    try: return any(isinstance(n, (ast.Import, ast.ImportFrom)) for n in ast.walk(ast.parse(code(cell))))
    except SyntaxError: return False


def columns(cell):
    "The most columns of a table that a cell stored, without its index; a table of the epochs does not count."
    tables = [o.get('data', {}).get('text/html', '') for o in cell.get('outputs', [])]
    rows = [row for t in tables if 'fastprogress' not in t for row in re.findall(r'<tr.*?</tr>', t, re.S)]
    return max((len(re.findall('<t[dh]', row)) - 1 for row in rows), default=0)


@cache
def read(path): return nbformat.read(path, 4).cells


@cache
def others(path):
    "How often sentences, and alternative texts, occur in the other lessons."
    cells = [c for p in sorted((ROOT/'nbs/lessons').glob('[0-9]*.ipynb')) if p.resolve() != path for c in read(p)]
    said = Counter(key(words) for c in cells for words in sentences(c))
    return said, Counter(key(directives(c)['fig-alt'].split()) for c in cells if c.cell_type == 'code' and 'fig-alt' in directives(c))


def section(cells, name):
    "The cells below a heading of level 2."
    titles = [m[1] if c.cell_type == 'markdown' and (m := re.match(r'## (.+)', c.source)) else None for c in cells]
    if name not in titles: return []
    first = titles.index(name)
    return cells[first:next((i for i, t in enumerate(titles[first+1:], first + 1) if t), len(cells))]


def lesson_report(path):
    "(what, found, wanted, whether it is so) for each point of the standard, of the lesson in a notebook."
    path = Path(path).resolve()
    cells, (said, described) = read(path), others(path)
    return [*_words(cells, said), *_sections(cells), *_pictures(cells, described), *_cells(cells), *_exercises(cells)]


def _words(cells, said):
    "How much of the text is the lesson's own."
    found = [words for c in cells for words in sentences(c)]
    repeated = [words for words in found if len(words) > 3 and said[key(words)]]
    own = sum(map(len, found)) - sum(map(len, repeated))
    bad = re.findall(AVOID, ' '.join(prose(c) for c in cells if c.cell_type == 'markdown'), re.I)
    yield 'words of its own', own, '{} to {}'.format(*WORDS), WORDS[0] <= own <= WORDS[1]
    yield 'words that other lessons repeat', sum(map(len, repeated)), 'for your eyes', True
    yield 'phrases to avoid', bad, 'none', not bad


def _sections(cells):
    "Whether the arc is there, in its order."
    text = '\n'.join(c.source for c in cells if c.cell_type == 'markdown')
    step = any(c.cell_type == 'code' and directives(c).get('default_exp', '').startswith('steps.') for c in cells)
    found = re.findall(r'^## (.+)$', text, re.M)
    missing = [s for s in ARC if s not in found and (step or s not in OF_A_STEP)]
    strange, ordered = [s for s in found if s not in ARC], [s for s in ARC if s in found] == [s for s in found if s in ARC]
    yield 'missing sections', missing, 'none', not missing
    yield 'sections that the arc has not', strange, 'none (use ###)', not strange
    yield 'sections in the order of the arc', ordered, True, ordered
    question = '\n'.join(c.source for c in section(cells, 'The question') if c.cell_type == 'markdown')
    promises = len(re.findall(r'^[-*] ', question, re.M))
    yield 'lines of "After this lesson you can"', promises, '3, as a list', promises == 3 and 'you can' in question.lower()
    deeper = sum(len(re.findall(r'^[-*] .*\]\(http', c.source, re.M)) for c in section(cells, 'Go deeper') if c.cell_type == 'markdown')
    yield 'sources to go deeper', deeper, '2 or more, as a list', deeper >= 2
    checked = any(c.source.startswith('### Check it') for c in section(cells, 'The step'))
    if step: yield '### Check it in The step', checked, True, checked


def _pictures(cells, described):
    "How many pictures there are, how soon, and whether each has a text of its own."
    drawn = [c for c in cells if is_picture(c)]
    own = [c for c in drawn if not re.search(USUAL, c.source)]
    yield 'pictures besides curves and mistakes', len(own), f'{PICTURES} or more', len(own) >= PICTURES
    before = cells[:cells.index(drawn[0])] if drawn else cells
    words, shown = sum(len(s) for c in before for s in sentences(c)), sum(map(is_shown, before))
    soon = bool(drawn) and words <= SCREEN['words'] and shown <= SCREEN['cells']
    yield 'before the first picture', f'{words} words, {shown} code cells', '{words} words, {cells} code cells at most'.format(**SCREEN), soon
    texts = [directives(c)['fig-alt'] for c in drawn if 'fig-alt' in directives(c)]
    twice = [t for t in texts if texts.count(t) > 1 or described[key(t.split())]]
    short = [t for t in texts if len(t.split()) < ALT_WORDS]
    yield 'alternative texts that are not their own', [t[:50] for t in twice], 'none, here and in other lessons', not twice
    yield 'alternative texts that are too short', [t[:50] for t in short], f'none below {ALT_WORDS} words', not short


def _cells(cells):
    "Code cells, imports, and what is stored."
    shown, kB = sum(map(is_shown, cells)), sum(len(str(o)) for c in cells for o in c.get('outputs', []))//1000
    found = [code(c) for c in cells if imports(c)]
    wide = [f'{c.id}: {columns(c)}' for c in cells if columns(c) > COLUMNS]
    yield 'code cells that are shown', shown, '{} to {}'.format(*CODE_CELLS), CODE_CELLS[0] <= shown <= CODE_CELLS[1]
    yield 'import cells', len(found), f'1, with {ONE_IMPORT}', found == [ONE_IMPORT]
    yield 'kilobytes of stored outputs', kB, f'{KILOBYTES} at most', kB <= KILOBYTES
    yield 'cells with wide tables', wide, f'none of more than {COLUMNS} columns', not wide


def _exercises(cells):
    "Whether there are exercises of each kind, with their stars."
    text = '\n'.join(c.source for c in cells if c.cell_type == 'markdown')
    stars = dict(re.findall(r'^### Exercise (\d+\.\d+): .+\n+(★*)', text, re.M))
    bare, kinds = [n for n, s in stars.items() if s not in STARS], [s for s in STARS if s not in stars.values()]
    yield 'exercises without stars', bare, 'none; the text below ### Exercise 5.1: Title begins with ★, ★★ or ★★★', not bare
    yield 'kinds of exercises that are missing', kinds, 'none', not kinds


def missing(path):
    "The points of the standard that a lesson lacks, as lines."
    return [f'{what}: {found}, not {wanted}' for what, found, wanted, good in lesson_report(path) if not good]


if __name__ == '__main__':
    if not sys.argv[1:]: sys.exit(__doc__)
    for path in sys.argv[1:]:
        print(path)
        for what, found, wanted, good in lesson_report(path): print(f'  {"ok     " if good else "MISSING"} {what}: {found} ({wanted})')
    sys.exit(any(missing(path) for path in sys.argv[1:]))

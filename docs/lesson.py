"The page of a lesson: its facts in one line, terms with links, and what a reader may skip folded."
import ast
import json
import re
from dataclasses import dataclass
from html import escape
from statistics import mean

from cells import code

WORDS_A_MINUTE = 150 # Technical prose with code beside it
NOT_PROSE = re.compile(r'(```.*?```|`[^`]*`|\[[^]]*\]\([^)]*\)|<a .*?</a>|<[^>]+>|^#.*$)', re.S | re.M)
QUIZ = re.compile(r'show_quiz\((\d+)\)')


@dataclass(frozen=True)
class Lesson:
    "What other pages say about a lesson."
    n: int
    stem: str # Name of the file, without its suffix
    title: str
    minutes: int # To read
    training: int|None # Minutes on two cores; None for a lesson that trains no published step
    params: int|None # Of its step
    questions: int # Of its quiz

    @property
    def page(self): return f'lessons/{self.stem}.html'


def statements(cell, *kinds):
    "How many statements a cell has, if all of them are of these kinds; else 0."
    try: body = ast.parse(code(cell)).body
    except SyntaxError: return 0 # A magic
    return len(body) if body and all(isinstance(s, kinds) for s in body) else 0


def folded(cell):
    "The line behind which a cell of a lesson is hidden; empty for a cell that is shown."
    if statements(cell, ast.Import, ast.ImportFrom): return 'Setup'
    checks = 0 if cell.outputs else statements(cell, ast.Assert)
    return f'Checks passed: {checks}' if checks else ''


def is_quiz(cell):
    "Whether a cell only shows the quiz."
    return bool(QUIZ.fullmatch(code(cell)))


def fold_epochs(html):
    "fastprogress's table of epochs, behind a line that says how the training ended."
    if 'fastprogress' not in html or '<details' in html: return html
    names = re.findall(r'<th>(.*?)</th>', html)
    rows = [re.findall(r'<td>(.*?)</td>', row) for row in re.findall(r'<tr>(.*?)</tr>', html, re.S)]
    n = sum(map(bool, rows))
    told = [f'{n} epoch{"s" if n > 1 else ""}']
    told += [f'{name} {value} at the end' for name, value in zip(names, rows[-1]) if name == 'accuracy']
    return f'<details class="epochs"><summary>Epoch by epoch: {", ".join(told)}</summary>{html}</details>'


def words(cells):
    "How many words and pieces of code a reader of these staged cells sees."
    hidden = {'remove-input', 'hide-cell', 'hide-input'}
    return sum(len(c.source.split()) for c in cells if not hidden & {*c.metadata.get('tags', [])})


def training_minutes(n):
    "Mean minutes of the published runs of a step on two cores, at least one; None where there are none."
    from course_steps.results import of_step
    took = [r.seconds/60 for r in of_step(n) if r.device == 'cpu']
    return max(1, round(mean(took))) if took else None


def about(page, title, cells):
    "The facts of a lesson, from its staged cells."
    from course_steps.steps import STEPS
    n = int(page.stem[:2])
    quiz = page.with_suffix('.quiz.json').name
    return Lesson(n, page.stem, title.split(': ', 1)[-1], max(1, round(words(cells)/WORDS_A_MINUTE)), training_minutes(n),
                  STEPS[n].params if n in STEPS else None, quiz_length(quiz))


def quiz_length(name):
    "The number of questions in a file of a quiz."
    from course_steps.core import lessons_dir
    path = lessons_dir()/name
    return len(json.loads(path.read_text(encoding='utf-8'))) if path.is_file() else 0


def duration(minutes):
    "Minutes as a person says them."
    return f'{minutes} min' if minutes < 60 else f'{minutes//60} h {minutes % 60} min'


def colab(stem, cfg):
    "Address of a lesson on Colab."
    repo = cfg['git_url'].removeprefix('https://github.com/')
    return f'https://colab.research.google.com/github/{repo}/blob/{cfg["branch"]}/nbs/lessons/{stem}.ipynb'


def bar(lesson, cfg):
    "The facts of a lesson in one line, as HTML."
    facts = [f'{lesson.minutes} min read']
    if lesson.training: facts.append(f'{duration(lesson.training)} on two cores')
    if lesson.params: facts.append(f'{lesson.params:,} parameters')
    links = {'Colab': colab(lesson.stem, cfg), 'Slides': f'../slides/{lesson.stem}.html', 'Download': f'../_sources/{lesson.page[:-5]}.ipynb'}
    facts += [f'<a href="{escape(url)}">{name}</a>' for name, url in links.items()]
    return '<ul class="facts">' + ''.join(f'<li>{f}</li>' for f in facts) + '</ul>'


def link_term(cells, name):
    "Link the first use of a term of the course in the prose of a lesson to the glossary."
    def link(found): return f'<a href="../glossary.html#{name.replace(" ", "-")}">{found[0]}</a>'
    for cell in (c for c in cells if c.cell_type == 'markdown'):
        parts = NOT_PROSE.split(cell.source)
        for i in range(0, len(parts), 2):
            parts[i], found = re.subn(rf'\b{re.escape(name)}\b', link, parts[i], count=1, flags=re.I)
            if not found: continue
            cell.source = ''.join(parts)
            return


def link_terms(cells):
    "Link the course's terms in a lesson."
    from course_steps.teach.lessons import glossary
    for name in sorted((t.name for t in glossary()), key=len, reverse=True): link_term(cells, name)

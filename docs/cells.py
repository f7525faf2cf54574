"What the site, the slides and the README read from a notebook cell."
import re
import sys

from nbformat.v4 import new_markdown_cell


def directives(cell):
    "The nbdev and Quarto directives in a code cell, by name: {'export': 'teach.checks', 'echo': 'false'}."
    return dict(re.findall(r'(?m)^#\|[ \t]*([\w-]+):?[ \t]*(.*?)[ \t]*$', cell.source))


def code(cell):
    "The source of a code cell without directives and without Colab's forms."
    return '\n'.join(l for l in cell.source.splitlines() if not l.startswith(('#|', '#@'))).strip()


def pictures(cell):
    "The outputs of a cell that are pictures."
    return [o for o in cell.get('outputs', []) if any(kind.startswith('image/') for kind in o.get('data', {}))]


def is_solution(cell):
    "Whether a cell is a solution, which is folded with all that it shows; of other folded cells only the code is."
    return '#@title Solution' in cell.source


def alternative(cell, notebook):
    "The text for a cell's pictures, for people who cannot see them: the line `#| fig-alt:` in the code."
    text = directives(cell).get('fig-alt')
    if not text:
        sys.exit(f'{notebook}: the picture that cell {cell.id} draws has no text. '
                 'Say what it shows in a line of that cell that begins with #| fig-alt:')
    return text


def markdown(text):
    "A markdown cell."
    return new_markdown_cell(text)


def raw(html):
    "A markdown cell whose HTML is not read as Markdown."
    return markdown(f'```{{raw}} html\n{html}\n```')

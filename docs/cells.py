"What the site, the slides and the README read from the cell of a notebook."
import re
import sys


def directives(cell):
    "The directives of nbdev and Quarto in a code cell, by name: {'export': 'teach.checks', 'echo': 'false'}."
    return dict(re.findall(r'(?m)^#\|[ \t]*([\w-]+):?[ \t]*(.*?)[ \t]*$', cell.source))


def code(cell):
    "The source of a code cell without directives and without Colab's forms."
    return '\n'.join(l for l in cell.source.splitlines() if not l.startswith(('#|', '#@'))).strip()


def pictures(cell):
    "The outputs of a cell that are pictures."
    return [o for o in cell.get('outputs', []) if any(kind.startswith('image/') for kind in o.get('data', {}))]


def alternative(cell, notebook):
    "What the pictures of a cell show, for those who do not see them: the line `#| fig-alt:` beside the code."
    text = directives(cell).get('fig-alt')
    if not text:
        sys.exit(f'{notebook}: the picture that cell {cell.id} draws has no text. '
                 'Write what it shows into a line of that cell that begins with #| fig-alt:')
    return text

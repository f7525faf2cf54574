"Formulas as MathML, which browsers draw themselves: MathJax would be 2 MB on each page with a formula."
import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

SAME = {'dots': r'\ldots', 'dotsc': r'\ldots', 'dotsb': r'\cdots', # Commands that docutils knows by another name, or that MathML does not need
        **{f'{size}{side}': '' for size in ('big', 'Big', 'bigg', 'Bigg') for side in ('', 'l', 'r')}}


def mathml(node, block):
    "The MathML of a formula; LaTeX that docutils does not know is a warning, and stands there as it is."
    latex = re.sub(r'\\([a-zA-Z]+)', lambda m: SAME.get(m[1], m[0]), node.astext())
    try: return tex2mathml(latex, as_block=block)
    except MathError as e:
        logging.getLogger(__name__).warning('%s in the formula %s: write it in another way', e, latex, location=node)
        return f'<code>{latex}</code>'


def visit_math(self, node):
    "A formula in a line."
    self.body.append(mathml(node, False))
    raise nodes.SkipNode


def visit_math_block(self, node):
    "A formula on a line of its own, which scrolls on a phone."
    self.body.append(f'<div class="formula" tabindex="0">{mathml(node, True)}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer('mathml', (visit_math, None), (visit_math_block, None))
    return dict(parallel_read_safe=True)

"The style sheets of the themes without what no page uses: most of 400 kB are for icons and parts that are not here."
import re
from importlib.resources import files

RULE = re.compile(r'([^{}]*)\{((?:[^{}]|\{[^{}]*\})*)\}') # A selector or an at-rule, and its block, which may hold blocks
CLASS = re.compile(r'\.(-?[A-Za-z_](?:[\w-]|\\.)*)')
CONDITION = re.compile(r':(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)') # What stands inside need not be there
BETWEEN = re.compile(r',(?![^(\[]*[)\]])') # Selectors of a list
SHEETS = ('pydata_sphinx_theme', 'pydata-sphinx-theme.css'), ('sphinx_book_theme', 'sphinx-book-theme.css')


def words_of(site):
    "Every word of the pages and scripts of a site: among them are all names of classes that it uses."
    found = set()
    for path in [*site.rglob('*.html'), *(site/'_static').rglob('*.js')]:
        if {'slides', 'live', 'mathjax'} & {*path.relative_to(site).parts} or path.name == 'fontawesome.js': continue
        found.update(re.findall(r'[\w-]+', path.read_text(encoding='utf-8')))
    return found


def is_used(selector, words):
    "Whether all classes that a selector asks for are among the words."
    return all(name.replace('\\', '') in words for name in CLASS.findall(CONDITION.sub('', selector)))


def lean(css, words):
    "A style sheet without the rules for classes that are not among the words."
    def kept(found):
        head, body = found[1], found[2]
        if head.strip().startswith(('@media', '@supports')):
            inside = lean(body, words)
            return f'{head}{{{inside}}}' if inside.strip() else ''
        if 'Font Awesome' in body: return '' # Its fonts and signs: the icons are masks
        if head.strip().startswith('@'): return found[0]
        some = [s for s in BETWEEN.split(head) if is_used(s, words)]
        return f'{",".join(some)}{{{body}}}' if some else ''
    return RULE.sub(kept, css)


def slim(site):
    "Write the lean style sheets of the themes into a built site; they are made of those that the themes bring."
    words = words_of(site)
    for package, name in SHEETS:
        css = (files(package)/'theme'/package/'static/styles'/name).read_text(encoding='utf-8')
        css = lean(re.sub(r'/\*.*?\*/', '', css, flags=re.S), words)
        (site/'_static/styles'/name).write_text(css, encoding='utf-8')

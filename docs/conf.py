"Sphinx settings. Names and addresses come from settings.ini."
import re
import shutil
import sys
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from lean import slim
from polish import polish
from stage import ROOT, settings

cfg = settings()
project, author, release = cfg['title'], cfg['author'], cfg['version']
copyright = cfg['copyright'].replace('%(author)s', author)

extensions = ['myst_nb', 'sphinx_copybutton', 'sphinx.ext.githubpages', 'formulas']
nb_execution_mode = 'off'
nb_merge_streams = True
nb_code_prompt_show, nb_code_prompt_hide = 'Show the solution', 'Hide the solution'
nb_render_markdown_format = 'myst'
myst_enable_extensions = ['dollarmath', 'attrs_inline']
myst_heading_anchors = 3
nitpicky = True
suppress_warnings = ['myst.header'] # A small module's exports come right below its title

html_title = f'{project}: {cfg["description"]}'
html_theme = 'sphinx_book_theme'
html_theme_options = dict(
    repository_url=cfg['git_url'], repository_branch=cfg['branch'], path_to_docs=cfg['nbs_path'],
    use_repository_button=True, use_issues_button=True, use_download_button=True,
    home_page_in_toc=True, show_toc_level=2,
    launch_buttons=dict(colab_url='https://colab.research.google.com'), navbar_persistent=[],
    logo=dict(text=project, alt_text='', image_light='_static/logo.svg', image_dark='_static/logo.svg'),
    secondary_sidebar_items={'index': [], '**': ['page-toc']},
)
html_baseurl = f"{cfg['doc_host']}{cfg['doc_baseurl']}/"
html_extra_path = [str(ROOT/'_site_src/extra')] # Pages that run in a frame
html_static_path, html_css_files = ['_static'], ['course.css', 'icons.css', 'pages.css']
html_favicon = '_static/favicon.png'
html_context = dict(default_mode='auto')
html_math_renderer = 'mathml'


def title_id(title):
    "The anchor that nbdev's links use for a heading."
    return re.sub(r'^[^a-z]+', '', re.sub(r'[^\w.\- ]', '', title.lower()).replace(' ', '-'))


def add_nbdev_ids(app, doctree):
    "Give each section nbdev's anchor besides that of docutils."
    from docutils import nodes
    for section in doctree.findall(nodes.section):
        name = title_id(section.next_node(nodes.title).astext())
        if name and name not in section['ids']: section['ids'].append(name)


def serve_own_notebooks(app, exception):
    "Make the download button give the repository's notebook, which runs, instead of the staged one."
    if exception: return
    for path in (ROOT/'nbs').rglob('*.ipynb'):
        target = Path(app.outdir)/'_sources'/path.relative_to(ROOT/'nbs')
        if target.exists(): shutil.copy(path, target)


def describe(app, pagename, templatename, context, doctree):
    "Use the first paragraph as the description of a page, and add tags from which other sites draw a preview."
    if doctree is None: return
    from docutils import nodes
    paragraph = doctree.next_node(nodes.paragraph)
    description = escape(paragraph.astext() if paragraph else cfg['description'])
    tags = dict(description=description, title=context.get('title', project), type='article',
                image=f'{html_baseurl}_static/card.png', url=f'{html_baseurl}{pagename}.html')
    lines = [f'<meta name="description" content="{description}">']
    lines += [f'<meta property="og:{k}" content="{re.sub("<.*?>", "", v)}">' for k, v in tags.items()]
    context['metatags'] = context.get('metatags', '') + '\n'.join(lines) + '\n'


def add_scripts(app, pagename, templatename, context, doctree):
    "What only some pages run."
    if pagename == 'index': app.add_js_file('home.js', loading_method='defer')
    if pagename.startswith('lessons/'): app.add_js_file('quiz.js', loading_method='defer')


def mend(app, exception):
    "Mend what the theme wrote, and leave out what no page uses."
    if exception: return
    polish(Path(app.outdir))
    slim(Path(app.outdir))


def setup(app):
    app.connect('html-page-context', add_scripts)
    app.connect('build-finished', mend)
    app.connect('doctree-read', add_nbdev_ids)
    app.connect('build-finished', serve_own_notebooks)
    app.connect('html-page-context', describe)

"The built site in headless Chromium: no errors, no failing or outside requests, search, themes, phones, accessibility."
import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, needs_browser, requests, serve

SITE = ROOT/'_site'
sys.path.insert(0, str(ROOT/'docs'))
AXE = ROOT/'.venv/axe.min.js' if not os.environ.get('AXE') else Path(os.environ['AXE'])
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.rglob('*.html') if not {'_static', 'slides'} & {*p.parts}) # test_slides.py tests the slides
NOTEBOOKS = [p.relative_to(ROOT/'nbs') for p in (ROOT/'nbs').rglob('*.ipynb') if '.ipynb_checkpoints' not in p.parts]
TESTED = [ # Pages of each kind
    'index.html', 'results.html', 'lessons/01_setup.html', 'lessons/05_dropout.html', 'api/data.html',
    'api/evidence/plots.html', 'guide/use.html',
]


def test_the_site_is_there():
    assert len(PAGES) > 20, 'Run make docs first'


def test_each_notebook_has_a_page_and_a_line_in_the_sidebar():
    pages = [str(n.with_suffix('.html')) for n in NOTEBOOKS]
    sidebar = re.search(r'<nav class="bd-links.*?</nav>', (SITE/'index.html').read_text(), re.S)[0]
    linked = re.findall(r'href="([^"#]+\.html)"', sidebar)
    assert not set(pages) - set(PAGES)
    assert sorted(linked) == sorted(set(pages) - {'index.html'})


@pytest.fixture(scope='module')
def address():
    "The site on a local server."
    with serve(SITE) as address: yield address


def wait(browser, script, what):
    "Wait until a script returns something true."
    from selenium.webdriver.support.ui import WebDriverWait
    return WebDriverWait(browser, 20).until(lambda b: b.execute_script(script), what)


@needs_browser
@pytest.mark.parametrize('page', PAGES)
def test_page_loads_without_errors_and_without_the_network(browser, address, page):
    browser.get(address + page)
    console = [e for e in browser.get_log('browser') if e['level'] == 'SEVERE']
    assert not console
    browser.execute_script("[...document.images].forEach(i => { i.loading = 'eager' })") # Those that wait for their turn, too
    wait(browser, "return [...document.images].every(i => i.complete && i.naturalWidth > 0)", 'every picture is there')
    seen = [(url, status) for url, status in requests(browser, address) if not url.startswith(('data:', 'blob:'))]
    assert seen and all(url.startswith(address) and status in (200, 304) for url, status in seen), seen
    assert browser.title


@needs_browser
@pytest.mark.parametrize('page', PAGES)
def test_nothing_scrolls_sideways_on_a_phone(browser, address, page):
    phone = dict(width=390, height=844, deviceScaleFactor=1, mobile=True)
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', phone)
    try:
        browser.get(address + page)
        assert browser.execute_script('return document.documentElement.scrollWidth') <= 390
    finally: browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


@needs_browser
@pytest.mark.parametrize('word, expected', [('get_dls', 'api/data.html'), ('overfit', 'lessons/')])
def test_search_finds(browser, address, word, expected):
    browser.get(f'{address}search.html?q={word}')
    links = "[...document.querySelectorAll('#search-results a')]"
    wait(browser, f"return {links}.some(a => a.href.includes('{expected}'))", f'{word} finds no {expected}')


@needs_browser
def test_theme_switch(browser, address):
    browser.get(address + 'index.html')
    for mode in ('dark', 'light'):
        browser.find_element('css selector', '.theme-switch-button').click()
        button = f"document.querySelector('.theme-change-button[data-mode={mode}]')"
        wait(browser, f"let b = {button}; return b.offsetParent && (b.click(), true)", 'no menu of themes')
        assert browser.execute_script('return document.documentElement.dataset.theme') == mode


@needs_browser
def test_math_is_drawn(browser, address):
    browser.get(address + 'lessons/02_squeeze.html')
    wait(browser, "return [...document.querySelectorAll('math')].some(m => m.getBoundingClientRect().width > 5)", 'No formula is drawn')


@needs_browser
@pytest.mark.skipif(not AXE.exists(), reason='axe-core is not here: npm pack axe-core')
@pytest.mark.parametrize('page', TESTED)
@pytest.mark.parametrize('theme', ['light', 'dark'])
def test_accessibility(browser, address, page, theme):
    browser.get(address + page)
    browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    browser.execute_script(AXE.read_text())
    found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")['violations']
    serious = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v['impact'] in ('serious', 'critical')]
    assert not serious


def click(browser, selector):
    "Click what a selector finds, in the middle of the window."
    found = browser.find_element('css selector', selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
    found.click()


WEIGHT = """const done = arguments[0]
for (const image of document.images) image.loading = 'eager'
Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => done([...performance.getEntriesByType('navigation'),
  ...performance.getEntriesByType('resource').filter(e => e.initiatorType !== 'iframe')].map(e => [e.decodedBodySize, e.name])))"""


@needs_browser
@pytest.mark.parametrize('page', [p for p in PAGES if p == 'index.html' or p.startswith('lessons/')])
def test_a_page_is_light(browser, address, page):
    "Text, scripts, styles, fonts and all pictures, before compression."
    browser.execute_cdp_cmd('Network.setCacheDisabled', {'cacheDisabled': True})
    try:
        browser.get(address + page)
        loaded = browser.execute_async_script(WEIGHT)
    finally: browser.execute_cdp_cmd('Network.setCacheDisabled', {'cacheDisabled': False})
    assert sum(size for size, _ in loaded) < (700_000 if page == 'index.html' else 900_000), sorted(loaded)[::-1][:5]


@needs_browser
def test_the_home_page_reads_what_one_draws(browser, address):
    from selenium.webdriver import ActionChains
    browser.get(address + 'index.html')
    says = "return document.getElementById('reader-says').textContent"
    wait(browser, f"{says}.startsWith('It reads a 3')", 'the example is not read')
    pad = browser.find_element('css selector', '#pad')
    side = pad.size['height']
    move = ActionChains(browser, duration=50).move_to_element_with_offset(pad, 0, round(-0.3*side)).click_and_hold()
    for _ in range(6): move = move.move_by_offset(0, round(0.1*side))
    move.release().perform()
    wait(browser, f"{says}.startsWith('It reads a 1')", 'a stroke is not read as a 1')
    click(browser, '#reader button')
    wait(browser, f"{says}.includes('waiting for a digit')", 'a cleared pad is not said to be empty')


@needs_browser
def test_the_staircase_tells_what_a_step_changed(browser, address):
    from course_steps.results import of_step
    from course_steps.steps import STEPS
    browser.get(address + 'index.html')
    stairs = browser.find_elements('css selector', '.staircase.wide .stair')
    assert len(stairs) == len([n for n in STEPS if of_step(n)])
    for n, stair in enumerate(stairs, 1):
        browser.execute_script('arguments[0].focus()', stair)
        told = browser.execute_script("return document.querySelector('.told').textContent")
        assert told == stair.get_attribute('aria-label') and f'{STEPS[n].params:,} parameters' in told
    assert stairs[3].get_dom_attribute('href') == browser.execute_script('return document.querySelector(".lesson-card[href*=\'/04_\']").getAttribute("href")')


@needs_browser
def test_the_quiz_remembers(browser, address):
    lesson = next(p for p in PAGES if p.startswith('lessons/04_'))
    browser.get(address + lesson)
    browser.execute_script('localStorage.clear()')
    browser.get(address + lesson)
    right = browser.execute_script("""return [...document.querySelectorAll('.question')].map(q => q.querySelectorAll('input').length)""")
    for k in range(right[0]): # Until the right one is found; each wrong one gives its reason
        click(browser, f'.question:first-child label:nth-of-type({k + 1})')
        click(browser, '.question:first-child > button')
        reason = browser.find_element('css selector', '.question:first-child .reason').text
        assert reason.startswith(('Right.', 'Wrong.')) and len(reason.split()) > 4
        if reason.startswith('Right.'): break
    score = "return document.querySelector('.score').textContent"
    assert browser.execute_script(score) == f'1 of {len(right)} right'
    browser.get(address + lesson)
    assert browser.execute_script(score) == f'1 of {len(right)} right'
    browser.get(address + 'index.html')
    assert browser.find_element('css selector', '.way.first').text == 'Continue lesson 4'
    assert browser.execute_script("return document.querySelector('.ring[data-lesson=\"4\"]').previousElementSibling.textContent") == f'quiz 1 of {len(right)}'
    browser.get(address + lesson)
    click(browser, '.quiz-cards .sum button')
    assert browser.execute_script(score) == f'0 of {len(right)} right'
    browser.execute_script('localStorage.clear()')


@needs_browser
def test_the_first_tab_skips_the_header(browser, address):
    from selenium.webdriver import Keys
    browser.get(address + 'lessons/01_setup.html')
    browser.find_element('css selector', 'body').send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait(browser, "return document.activeElement.matches('article')", 'the skip link does not lead to the text')


@needs_browser
@pytest.mark.parametrize('theme', ['light', 'dark'])
def test_found_words_can_be_read(browser, address, theme):
    browser.get(f'{address}lessons/01_setup.html?highlight=training')
    browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    colors = wait(browser, """const s = document.querySelector('.highlighted') && getComputedStyle(document.querySelector('.highlighted'))
        return s && [s.color, s.backgroundColor].map(c => c.match(/[\\d.]+/g).slice(0, 3).map(Number))""", 'nothing is highlighted')
    def light(c): return sum(share*((v/255 + 0.055)/1.055)**2.4 for share, v in zip((0.2126, 0.7152, 0.0722), c))
    low, high = sorted(map(light, colors))
    assert (high + 0.05)/(low + 0.05) > 4.5


@pytest.mark.parametrize('page', PAGES)
def test_tables_have_no_empty_headers(page):
    assert not re.search(r'<th[^>]*>\s*(<p>\s*</p>)?\s*</th>', (SITE/page).read_text())


@pytest.mark.parametrize('page', [p for p in PAGES if p.startswith('lessons/')])
def test_without_scripts_a_quiz_has_choices_to_open_and_no_code(page):
    html = (SITE/page).read_text()
    assert html.count('<details class="quiz">') >= 6
    assert not re.search(r'show_quiz</span><span class="p">\(</span><span class="mi">\d+</span><span class="p">\)</span>\s*</pre>', html)


@pytest.mark.parametrize('page', [p for p in PAGES if p.startswith('lessons/')])
def test_a_lesson_says_its_facts(page):
    facts = re.search(r'<ul class="facts">.*?</ul>', (SITE/page).read_text())[0]
    assert re.search(r'<li>\d+ min read</li>', facts) and all(f'>{name}</a>' in facts for name in ('Colab', 'Slides', 'Download'))


def test_cells_that_a_reader_may_skip_are_folded():
    from lesson import fold_epochs, folded
    def cell(source): return nbformat.v4.new_code_cell(source)
    assert folded(cell('from course_steps.all import *')) == 'Setup'
    assert folded(cell('assert a == 1\nassert b')) == 'Checks passed: 2'
    assert not any(map(folded, (cell('x = 1\nassert x'), cell('%matplotlib inline'), cell(''))))
    table = '<table class="fastprogress"><tr><th>epoch</th><th>accuracy</th></tr>' + '<tr><td>0</td><td>0.97</td></tr>'*2 + '</table>'
    assert '<summary>Epoch by epoch: 2 epochs, accuracy 0.97 at the end</summary>' in fold_epochs(table)
    assert fold_epochs('<table></table>') == '<table></table>'


def test_rules_that_no_page_uses_are_left_out():
    from lean import lean
    css = '.a .b{x:1}.a,.c{y:2}@media print{.c{z:3}}p:not(.c){w:4}@font-face{f:5}.fa-x{v:6}'
    assert lean(css, {'a', 'b'}) == '.a .b{x:1}.a{y:2}p:not(.c){w:4}@font-face{f:5}'


def test_links_lead_somewhere():
    from check_links import broken
    assert not list(broken(SITE))


def test_a_broken_link_is_found(tmp_path):
    from check_links import broken
    (tmp_path/'a.html').write_text('<a href="b.html">b</a><a href="#c">c</a><a id="d" href="#d">d</a>')
    assert [link for _, link in broken(tmp_path)] == ['b.html', '#c']


@pytest.mark.parametrize('page', [p for p in PAGES if p.startswith('lessons/')])
def test_lesson_offers_colab_and_download(page):
    from stage import settings
    cfg, html = settings(), (SITE/page).read_text()
    colab = re.search(r'https://colab\.research\.google\.com/github/([^"]+)', html)[1]
    user, repo, _, branch, path = colab.split('/', 4)
    assert cfg['git_url'] == f'https://github.com/{user}/{repo}' and branch == cfg['branch']
    assert (ROOT/path).is_file()
    assert f"pip install -q git+{cfg['git_url']}" in (ROOT/path).read_text()
    assert (SITE/'_sources'/page).with_suffix('.ipynb').read_bytes() == (ROOT/path).read_bytes()


@pytest.mark.parametrize('page', PAGES)
def test_plots_have_a_text(page):
    plots = re.findall(r'<img[^>]+_images/[^>]+>', (SITE/page).read_text())
    wordless = [img for img in plots if len((re.search('alt="([^"]*)"', img) or ['', ''])[1].split()) < 4]
    assert not wordless


def test_a_picture_without_a_text_ends_the_build():
    from cells import alternative
    picture = nbformat.v4.new_output('display_data', {'image/png': ''})
    cell = nbformat.v4.new_code_cell('draw()', outputs=[picture], id='drawn001')
    with pytest.raises(SystemExit, match='nbs/index.ipynb: the picture that cell drawn001 draws has no text'):
        alternative(cell, 'nbs/index.ipynb')
    cell.source = '#| echo: false\n#| fig-alt: Two points and a line\ndraw()'
    assert alternative(cell, 'nbs/index.ipynb') == 'Two points and a line'


@pytest.mark.parametrize('page', [p for p in PAGES if p.startswith('api/')])
def test_signatures_are_plain(page):
    "There is no Markdown inside code, and none of the events that fastai gives to each callback."
    blocks = [unescape(re.sub(r'<[^>]+>', '', b)) for b in re.findall(r'<pre>.*?</pre>', (SITE/page).read_text(), re.S)]
    assert not [b for b in blocks if re.search(r'`\]\(|\b(after|before)_\w+:NoneType', b)]


def test_prose_has_a_description_and_no_leftovers():
    for page in PAGES:
        html = (SITE/page).read_text()
        if page in ('genindex.html', 'search.html') or page.startswith('live/'): continue # A piece in the frame of a page is not a page of its own
        assert '<meta name="description"' in html, page
        assert not re.search(r'(?m)^#\| ', re.sub(r'<[^>]+>', '', html)), f'{page} shows a directive of nbdev'
        assert 'style="float:right' not in html, page


def test_a_changed_result_changes_the_page(tmp_path):
    "The results page is made from results/, not from what was stored in the notebook."
    for name in ('nbs', 'course_steps', 'results', 'docs'):
        shutil.copytree(ROOT/name, tmp_path/name, ignore=shutil.ignore_patterns('runs', '__pycache__', 'mathjax'))
    shutil.copy(ROOT/'settings.ini', tmp_path)
    runs = [json.loads(l) for l in (tmp_path/'results/runs.jsonl').read_text().splitlines()]
    runs[0]['test_acc'] = runs[0]['history'][-1]['test_acc'] = 97.31
    (tmp_path/'results/runs.jsonl').write_text('\n'.join(map(json.dumps, runs)))
    code = """
import sys
sys.path.insert(0, 'docs')
import nbformat
from store import execute
nbformat.write(execute('nbs/results.ipynb'), 'out.ipynb')
"""
    env = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, check=True, env=env, capture_output=True)
    assert '97.31' in (tmp_path/'out.ipynb').read_text() and '97.31' not in (ROOT/'nbs/results.ipynb').read_text()

"The built site in headless Chromium: no errors, no requests that fail or leave the machine, search, theme, small screens, accessibility."
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, needs_browser, requests, serve

SITE = ROOT/'_site'
sys.path.insert(0, str(ROOT/'docs'))
AXE = ROOT/'.venv/axe.min.js' if not os.environ.get('AXE') else Path(os.environ['AXE'])
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.rglob('*.html') if '_static' not in p.parts)


def test_the_site_is_there():
    assert len(PAGES) > 20, 'Run make docs first'


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
    seen = [(url, status) for url, status in requests(browser, address) if not url.startswith(('data:', 'blob:'))]
    assert seen and all(url.startswith(address) and status in (200, 304) for url, status in seen), seen
    assert browser.title
    assert browser.execute_script("return [...document.images].every(i => i.complete && i.naturalWidth > 0)")


@needs_browser
@pytest.mark.parametrize('page', PAGES)
def test_nothing_scrolls_sideways_on_a_phone(browser, address, page):
    browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', dict(width=390, height=844, deviceScaleFactor=1, mobile=True))
    try:
        browser.get(address + page)
        assert browser.execute_script('return document.documentElement.scrollWidth') <= 390
    finally: browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


@needs_browser
@pytest.mark.parametrize('word, expected', [('get_dls', 'api/data.html'), ('overfit', 'lessons/')])
def test_search_finds(browser, address, word, expected):
    browser.get(f'{address}search.html?q={word}')
    wait(browser, f"return [...document.querySelectorAll('#search-results a')].some(a => a.href.includes('{expected}'))", f'{word} finds no {expected}')


@needs_browser
def test_theme_switch(browser, address):
    browser.get(address + 'index.html')
    for mode in ('dark', 'light'):
        browser.find_element('css selector', '.theme-switch-button').click()
        wait(browser, f"let b = document.querySelector('.theme-change-button[data-mode={mode}]'); return b.offsetParent && (b.click(), true)", 'no menu of themes')
        assert browser.execute_script('return document.documentElement.dataset.theme') == mode


@needs_browser
def test_math_is_drawn(browser, address):
    browser.get(address + 'lessons/02_squeeze.html')
    wait(browser, "return document.querySelectorAll('mjx-container svg').length > 0", 'MathJax drew nothing')


@needs_browser
@pytest.mark.skipif(not AXE.exists(), reason='axe-core is not here: npm pack axe-core')
@pytest.mark.parametrize('page', ['index.html', 'results.html', 'lessons/01_setup.html', 'lessons/05_dropout.html', 'api/data.html', 'guide/use.html'])
@pytest.mark.parametrize('theme', ['light', 'dark'])
def test_accessibility(browser, address, page, theme):
    browser.get(address + page)
    browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    browser.execute_script(AXE.read_text())
    found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")['violations']
    serious = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found if v['impact'] in ('serious', 'critical')]
    assert not serious


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


def test_prose_has_a_description_and_no_leftovers():
    for page in PAGES:
        html = (SITE/page).read_text()
        if page in ('genindex.html', 'search.html'): continue
        assert '<meta name="description"' in html, page
        assert not re.search(r'(?m)^#\| ', re.sub(r'<[^>]+>', '', html)), f'{page} shows a directive of nbdev'
        assert 'style="float:right' not in html, page


def test_a_changed_result_changes_the_page(tmp_path):
    "The page of results is made from results/, not from what was stored in the notebook."
    for name in ('nbs', 'course_steps', 'results', 'docs'):
        shutil.copytree(ROOT/name, tmp_path/name, ignore=shutil.ignore_patterns('runs', '__pycache__', 'mathjax'))
    shutil.copy(ROOT/'settings.ini', tmp_path)
    runs = [json.loads(l) for l in (tmp_path/'results/runs.jsonl').read_text().splitlines()]
    runs[0]['test_acc'] = runs[0]['history'][-1]['test_acc'] = 97.31
    (tmp_path/'results/runs.jsonl').write_text('\n'.join(map(json.dumps, runs)))
    code = "import sys; sys.path.insert(0, 'docs'); from store import execute; import nbformat; nbformat.write(execute('nbs/results.ipynb'), 'out.ipynb')"
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, check=True, env={**os.environ, 'PYTHONPATH': str(tmp_path)}, capture_output=True)
    assert '97.31' in (tmp_path/'out.ipynb').read_text() and '97.31' not in (ROOT/'nbs/results.ipynb').read_text()

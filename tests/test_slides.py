"The slides in headless Chromium: they load without errors or the network, and lead through the lesson."
import json
import re

import nbformat
import pytest
from conftest import ROOT, needs_browser, requests, serve

SLIDES = ROOT/'_slides'
DECKS = sorted(p.stem for p in (ROOT/'nbs/lessons').glob('*.ipynb'))
ALL = "return Reveal.getSlides().map(s => s.innerText)"
TEXTS = "return [...document.querySelectorAll('.slides img')].map(i => i.alt)"
RAW = """return [...Reveal.getCurrentSlide().querySelectorAll('*')].filter(e => !e.closest('pre, code, script, style') && [...e.childNodes].some(
  n => n.nodeType == 3 && n.data.includes('`'))).map(e => e.innerText)"""
OVER = """let s = Reveal.getCurrentSlide();
return [s.scrollWidth > s.clientWidth || s.scrollHeight > s.clientHeight, s.clientHeight <= 720, +s.style.getPropertyValue('--size')]"""
SMALLEST = 0.6 # Of the usual size of text, at which a slide can still be read from the last row
CUT = """let s = Reveal.getCurrentSlide();
return s.scrollHeight > s.clientHeight + 2 && !['auto', 'scroll'].includes(getComputedStyle(s).overflowY)"""


@pytest.fixture(scope='module')
def address():
    "The slides on a local server."
    with serve(SLIDES) as address: yield address


@needs_browser
@pytest.mark.parametrize('name', DECKS)
def test_deck(browser, address, name):
    if not (SLIDES/'reveal.js').is_dir(): pytest.skip('npm could not fetch reveal.js')
    browser.set_window_size(1280, 860)
    browser.get(f'{address}{name}.html')
    assert not [e for e in browser.get_log('browser') if e['level'] == 'SEVERE']
    seen = [(url, status) for url, status in requests(browser, address) if not url.startswith(('data:', 'blob:'))]
    assert seen and all(url.startswith(address) and status in (200, 304) for url, status in seen), seen
    slides = browser.execute_script(ALL)
    cells = nbformat.read(ROOT/f'nbs/lessons/{name}.ipynb', 4).cells
    headings = re.findall(r'^## (.+)$', '\n'.join(c.source for c in cells if c.cell_type == 'markdown'), re.M)
    assert len(headings) >= 9 and all(any(s.strip().startswith(h) for s in slides) for h in headings)
    assert not any('#|' in s or 'Solution of' in s for s in slides)
    assert all(len(text.split()) > 3 for text in browser.execute_script(TEXTS))
    places = set()
    for _ in slides:
        at = browser.execute_script("let i = Reveal.getIndices(); return [i.h, i.v || 0]")
        assert not browser.execute_script(CUT), f'slide {at} of {name} is cut off'
        over, low, size = browser.execute_script(OVER)
        assert low and not over, f'slide {at} of {name} is larger than 1280 x 720 pixels'
        assert size >= SMALLEST - 1e-9, f'slide {at} of {name} shows its content at {size:.0%}: divide its cell or its text'
        assert not browser.execute_script(RAW), f'slide {at} of {name} shows backticks'
        places.add(tuple(at))
        browser.find_element('tag name', 'body').send_keys('\ue014') # The key Right
    assert len(places) == len(slides)


@needs_browser
@pytest.mark.parametrize('name', DECKS)
def test_quiz(browser, address, name):
    "Each question has a slide of its own, on which an opened choice fits, too."
    browser.set_window_size(1280, 860)
    browser.get(f'{address}{name}.html')
    n = browser.execute_script("return document.querySelectorAll('.question').length")
    assert n == len(json.loads((ROOT/f'nbs/lessons/{name}.quiz.json').read_text()))
    for i in range(n):
        browser.execute_script("""let q = document.querySelectorAll('.question')[arguments[0]], s = q.closest('.slides section section');
let at = Reveal.getIndices(s); Reveal.slide(at.h, at.v); q.querySelectorAll('details').forEach(d => d.open = true); fit()""", i)
        assert browser.execute_script("return Reveal.getCurrentSlide().querySelectorAll('.question').length") == 1
        assert not browser.execute_script(OVER)[0], f'question {i + 1} of {name} does not fit'


@needs_browser
def test_index(browser, address):
    browser.get(address)
    links = [a.get_attribute('href') for a in browser.find_elements('css selector', 'li a')]
    assert [link.rsplit('/')[-1] for link in links] == [f'{name}.html' for name in DECKS]

"The slides in headless Chromium: they load without errors or the network, and lead through the lesson."
import re

import nbformat
import pytest
from conftest import ROOT, needs_browser, requests, serve

SLIDES = ROOT/'_slides'
DECKS = sorted(p.stem for p in (ROOT/'nbs/lessons').glob('*.ipynb'))
ALL = "return Reveal.getSlides().map(s => s.innerText)"
TEXTS = "return [...document.querySelectorAll('.slides img')].map(i => i.alt)"
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
        places.add(tuple(at))
        browser.find_element('tag name', 'body').send_keys('\ue014') # The key Right
    assert len(places) == len(slides)


@needs_browser
def test_index(browser, address):
    browser.get(address)
    links = [a.get_attribute('href') for a in browser.find_elements('css selector', 'li a')]
    assert [link.rsplit('/')[-1] for link in links] == [f'{name}.html' for name in DECKS]

"The page that shows a network, in headless Chromium: its arithmetic against torch, its pictures against Pillow, and all that a learner can do."
import base64
import json
import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT, needs_browser, requests, serve

from course_steps.cli import main
from course_steps.images import bundled_digits
from course_steps.layers import count_params
from course_steps.look.drawn import drawn_accuracy, drawn_images
from course_steps.look.graph import activations, graph_of
from course_steps.look.network import find_network
from course_steps.look.page import assemble, look
from course_steps.look.pieces import drag_kernel, explore_field, round_weights, show_passes, turn_digit
from course_steps.look.samples import sample_images
from course_steps.look.sure import logits_of, not_sure, published_figures, weights_key
from course_steps.look.trace import run_layers, trace
from course_steps.pictures import center, clean_strokes, read_digit
from course_steps.steps import get_step
from course_steps.weights import load_weights, save_weights

LOOK = ROOT/'course_steps/look'
sys.path.insert(0, str(ROOT/'docs'))
PUBLISHED = [f for f in sorted((ROOT/'results').glob('*.safetensors')) if count_params(load_weights(f)[0]) <= 60_000]


@pytest.fixture # Loaded again for each test: those between them open other pages
def engine(browser, tmp_path_factory):
    "The arithmetic of the page, its names open to a test."
    page = tmp_path_factory.mktemp('engine')/'engine.html'
    scripts = ''.join((LOOK/f'{name}.js').read_text() for name in ('engine', 'prepare'))
    page.write_text(f'<!doctype html><title>engine</title><script>{scripts}</script>')
    browser.get(page.as_uri())
    return browser


def bytes64(array): return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def floats(text): return np.frombuffer(base64.b64decode(text), '<f4')


TEXT = "const text = a => { const b = new Uint8Array(a.buffer, a.byteOffset, a.byteLength); let s = ''; for (const c of b) s += String.fromCharCode(c); return btoa(s) };"


@needs_browser
@pytest.mark.parametrize('file', PUBLISHED, ids=lambda f: f.stem)
def test_every_layer_is_that_of_torch(engine, file):
    model, meta = load_weights(file)
    found = find_network(file, bundled_digits())
    x = bundled_digits().test[0][:300]
    xb = (x[:, None]/255 - meta['stats'][0])/meta['stats'][1]
    given, layers = activations(graph_of(model), xb), trace(model)
    said = engine.execute_script(TEXT + '''
        const net = new Network(arguments[0]), x = bytesOf(arguments[1]), images = [...Array(300).keys()].map(i => x.subarray(784*i, 784*i + 784))
        const few = images.slice(0, 5).map(im => net.run(im).map(text))
        return [few, images.map(im => net.predict(im))]''', found.packed, bytes64(x.numpy()))
    for i,outs in enumerate(said[0]):
        for l,out in zip(layers, outs):
            np.testing.assert_allclose(floats(out), given[l.node][i].flatten().numpy(), atol=1e-4, rtol=1e-5, err_msg=l.name)
    probs, torch_probs = np.array(said[1]), model(xb).detach().softmax(1).numpy()
    assert (probs.argmax(1) == torch_probs.argmax(1)).all()
    assert np.abs(probs - torch_probs).max() < 1e-3


def grouped():
    "Kernels of all kinds."
    from torch import nn
    return nn.Sequential(
        nn.Conv2d(1, 6, (2, 3), stride=(2, 1), dilation=(1, 2)), nn.ReLU(), nn.BatchNorm2d(6), nn.Conv2d(6, 12, 3, padding=1, stride=2, groups=3, bias=False),
        nn.BatchNorm2d(12), nn.Conv2d(12, 8, 4, padding='same'), nn.AvgPool2d(3, 2, 1), nn.MaxPool2d(3, 1, 1), nn.ReLU(), nn.Conv2d(8, 8, 1, stride=2), nn.Flatten(),
        nn.Linear(48, 10)).eval()


@needs_browser
def test_kernels_of_all_kinds(engine):
    torch.manual_seed(0)
    model, digits = grouped(), bundled_digits()
    for m in model:
        if hasattr(m, 'running_var'): m.running_mean.normal_(), m.running_var.uniform_(0.5, 2)
    x = digits.test[0][:3]
    given = activations(graph_of(model), (x[:, None]/255 - digits.stats[0])/digits.stats[1])
    said = engine.execute_script(TEXT + '''
        const net = new Network(arguments[0]), x = bytesOf(arguments[1])
        return [0, 1, 2].map(i => net.run(x.subarray(784*i, 784*i + 784)).map(text))''', find_network(model, digits).packed, bytes64(x.numpy()))
    for i,outs in enumerate(said):
        for l,out in zip(trace(model), outs):
            np.testing.assert_allclose(floats(out), given[l.node][i].flatten().numpy(), atol=1e-4, err_msg=l.name)


def strokes(points, width, side=280):
    "A drawing, light on black."
    from course_steps.look.drawn import draw_lines
    return draw_lines(points, width, side)


CASES = {
    'four': ([[(0.5, 0.1), (0.2, 0.6), (0.8, 0.6)], [(0.6, 0.3), (0.55, 0.9)]], 0.08),
    'thin': ([[(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]], 0.012),
    'hair': ([[(0.2, 0.1), (0.75, 0.15), (0.4, 0.9)], [(0.35, 0.5), (0.7, 0.52)]], 0.02),
    'thick': ([[(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)]], 0.2),
    'tiny': ([[(0.1, 0.1), (0.14, 0.1), (0.12, 0.17)]], 0.015),
    'wide': ([[(0.05, 0.5), (0.95, 0.52)]], 0.06),
    'point': ([[(0.5, 0.5)]], 0.08),
    'corner': ([[(0.9, 0.02), (0.98, 0.3)]], 0.07),
    'speck': ([[(0.3, 0.2), (0.7, 0.8)], [(0.9, 0.1)]], 0.05),
}


@needs_browser
@pytest.mark.parametrize('case', CASES)
def test_a_drawing_becomes_what_predict_sees(engine, case):
    lines, width = CASES[case]
    drawn = strokes(lines, width)
    said = engine.execute_script(TEXT + '''
        const im = drawLines(arguments[0], arguments[1], 280)
        return [text(Float32Array.from(im.v)), text(center(cleanStrokes(im)))]''', lines, width)
    np.testing.assert_allclose(floats(said[0]).reshape(280, 280), drawn, atol=1e-3)
    mine, ours = np.frombuffer(base64.b64decode(said[1]), np.uint8).reshape(28, 28).astype(int), center(clean_strokes(drawn)).astype(int)
    assert np.abs(mine - ours).max() <= 1 and (mine != ours).mean() < 0.01


def photo(name):
    "A 4 as a phone, a scan and a screen show it; greys, at most 512 pixels."
    from PIL import Image, ImageDraw, ImageFilter
    page = Image.new('L', (300, 400), 225)
    draw = ImageDraw.Draw(page)
    draw.line([(160, 100), (100, 233), (213, 230)], fill=50, width=8, joint='curve')
    draw.line([(181, 160), (173, 320)], fill=50, width=8)
    grey = np.asarray(page.filter(ImageFilter.GaussianBlur(1)), dtype=float)
    if name == 'shadow': grey *= np.linspace(1, 0.55, 300)*np.linspace(0.8, 1, 400)[:, None]
    if name == 'noise': grey += np.random.default_rng(0).normal(0, 6, grey.shape)
    if name == 'screen': grey = 255 - grey
    if name == 'small': grey = grey[80:340:4, 80:240:4]
    return np.clip(grey, 0, 255).astype(np.uint8)


@needs_browser
@pytest.mark.parametrize('name', ['scan', 'shadow', 'noise', 'screen', 'small'])
def test_a_picture_becomes_what_predict_sees(engine, name):
    from PIL import Image
    grey = photo(name)
    said = engine.execute_script(TEXT + 'return text(center(ink({h: arguments[0], w: arguments[1], v: Float64Array.from(bytesOf(arguments[2]))})))', *grey.shape, bytes64(grey))
    mine, ours = np.frombuffer(base64.b64decode(said), np.uint8).reshape(28, 28).astype(int), read_digit(Image.fromarray(grey)).astype(int)
    assert np.abs(mine - ours).max() <= 1 and (mine != ours).mean() < 0.01


@needs_browser
def test_nothing_drawn(engine):
    assert 'nothing written' in engine.execute_script('try { cleanStrokes(image(280, 280)) } catch (e) { return e.message }')


AXE = Path(os.environ.get('AXE') or ROOT/'.venv/axe.min.js')
STEP13 = ROOT/'results/step13.safetensors'


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp('page')/'net.html'
    look(STEP13, ROOT/'results/step3.safetensors', out=path, images=bundled_digits())
    return path.as_uri()


def go(browser, address, hash=''):
    "Open the page as a reader does who follows a link."
    browser.get('about:blank')
    browser.get(address + hash)
    until(browser, 'return document.documentElement.dataset.ready')


def until(browser, script, seconds=240):
    "Wait until a script returns something true."
    from selenium.webdriver.support.ui import WebDriverWait
    return WebDriverWait(browser, seconds, poll_frequency=0.05).until(lambda b: b.execute_script(script), script)


def scores(browser):
    "Percent of each network, once all images are counted."
    until(browser, "return [...document.querySelectorAll('#scores > div')].every(d => d.textContent.includes('as trained'))")
    time.sleep(0.3)
    until(browser, "return [...document.querySelectorAll('#scores > div')].every(d => /of 300 test images/.test(d.textContent))")
    return [float(n.text.split()[0]) for n in browser.find_elements('css selector', '.number')]


def said(browser): return browser.find_element('id', 'verdict').text


def errors(browser): return [e['message'] for e in browser.get_log('browser') if e['level'] == 'SEVERE']


def dial(browser, name, value):
    browser.execute_script("const d = document.getElementById(arguments[0]); d.value = arguments[1]; d.dispatchEvent(new Event('input'))", f'dial-{name}', value)


@needs_browser
def test_one_file_without_a_network(browser, tmp_path):
    out = tmp_path/'net.html'
    page = look(STEP13, out=out, images=bundled_digits())
    assert out.stat().st_size < 300_000 and page.html == out.read_text()
    browser.get_log('performance')
    go(browser, out.as_uri())
    asked = [url for url,_ in requests(browser, out.as_uri()) if not url.startswith(('data:', 'blob:'))]
    assert asked == [out.as_uri()] and not errors(browser)


@needs_browser
def test_draw_with_the_mouse(browser, address):
    from selenium.webdriver import ActionChains
    go(browser, address, '#draw=')
    browser.find_element('id', 'clear').click()
    until(browser, "return document.getElementById('verdict').textContent.startsWith('Nothing is drawn yet')")
    pad = browser.find_element('id', 'pad')
    drag = ActionChains(browser, duration=20).move_to_element_with_offset(pad, -60, -90).click_and_hold()
    for dx, dy in [(60, 0), (60, 0), (-30, 70), (-30, 70), (-20, 40)]: drag.move_by_offset(dx, dy)
    drag.release().perform()
    until(browser, "return document.getElementById('verdict').textContent.startsWith('7,')")
    assert browser.execute_script('return window.courseSteps.milliseconds') < 200      # 7 ms alone; a machine that is busy takes longer
    browser.find_element('id', 'undo').click()
    until(browser, "return document.getElementById('verdict').textContent.startsWith('Nothing is drawn yet')")


@needs_browser
def test_draw_with_the_keyboard(browser, address):
    from selenium.webdriver import Keys
    go(browser, address)
    browser.find_element('id', 'clear').click()
    pad = browser.find_element('id', 'pad')
    pad.send_keys(*[Keys.UP]*13, Keys.SPACE, *[Keys.DOWN]*26, Keys.SPACE)
    until(browser, "return document.getElementById('verdict').textContent.startsWith('1,')")
    assert browser.find_element('id', 'live').get_attribute('textContent') == 'Pen up'
    pad.send_keys(Keys.BACKSPACE)
    until(browser, "return document.getElementById('verdict').textContent.startsWith('Nothing')")


@needs_browser
def test_samples_and_pictures(browser, address, tmp_path):
    from PIL import Image
    go(browser, address)
    for name in ('0', '8'):
        browser.execute_script("document.querySelector(`.thumb[aria-label='${arguments[0]}']`).click()", name)
        until(browser, f"return document.getElementById('verdict').textContent.startsWith('{name}')")
    Image.fromarray(photo('shadow')).save(tmp_path/'four.png')
    browser.find_element('id', 'file').send_keys(str(tmp_path/'four.png'))
    until(browser, "return document.getElementById('verdict').textContent.startsWith('4')")
    (tmp_path/'text.png').write_text('no picture')
    browser.find_element('id', 'file').send_keys(str(tmp_path/'text.png'))
    until(browser, "return document.getElementById('verdict').textContent === 'text.png is not a picture that can be read: choose a PNG or JPEG file.'")


@needs_browser
def test_break_it_and_mend_it(browser, address):
    go(browser, address)
    whole, = scores(browser)
    dial(browser, 'bits', 2)
    coarse, = scores(browser)
    dial(browser, 'bits', 9), dial(browser, 'angle', 90)
    turned, = scores(browser)
    assert coarse < whole and turned < 60 < whole
    browser.find_element('id', 'reset').click()
    assert scores(browser) == [whole]
    browser.execute_script("document.querySelectorAll('.layer')[1].querySelectorAll('.map').forEach(m => m.click())")
    mute, = scores(browser)
    assert mute < 30
    browser.find_element('id', 'reset').click()
    assert scores(browser) == [whole] and not errors(browser)


@needs_browser
def test_muted_channels_are_those_of_torch(browser, address):
    go(browser, address, '#sample=17&mute=0.2,4.7,4.8&bits=4')
    model, meta = load_weights(STEP13)
    layers = trace(model)
    for l in layers:
        if l.weight is None: continue
        w = l.weight if l.scale is None else l.weight*l.scale.reshape(-1, *[1]*(l.weight.ndim - 1))
        step = np.abs(w).reshape(len(w), -1).max(1).reshape(-1, *[1]*(w.ndim - 1))/7
        l.weight, l.scale = (np.floor(w/step + 0.5)*step).astype('float32'), None
    shown = browser.execute_script("return [...document.querySelectorAll('.map[aria-pressed=true]')].length")
    assert shown == 3
    place = browser.execute_script('return location.hash')
    assert '0.2' in place and 'bits=4' in place
    first = int(re.search(r'sample=(\d+)', place)[1])
    page_probs = [float(b.text.replace('> ', '').split()[0]) for b in browser.find_elements('css selector', '.bar span:last-child')]
    i = sample_images(bundled_digits())['places'][first]
    np.testing.assert_allclose(page_probs, 100*run_at(layers, i, meta), atol=0.11)


def run_at(layers, i, meta):
    "Probabilities of one test image with the channels of the test above muted."
    out = (bundled_digits().test[0][i][None, None]/255 - meta['stats'][0])/meta['stats'][1]
    for k,l in enumerate(layers):
        out, = run_layers([l], out)
        for layer, channel in ((0, 2), (4, 7), (4, 8)):
            if layer == k: out[:, channel] = 0
    return out.softmax(1)[0].numpy()


@needs_browser
def test_inspect_by_mouse_and_keyboard(browser, address):
    from selenium.webdriver import ActionChains, Keys
    go(browser, address)
    browser.execute_script("document.querySelectorAll('.map')[14].scrollIntoView({block: 'center'})")
    ActionChains(browser).move_to_element(browser.find_elements('css selector', '.map')[14]).perform()
    text = until(browser, "const t = document.getElementById('inspect').innerText; return t.includes('Layer 2') && t")
    total, bias, value = map(float, re.search(r'parts (-?[\d.]+) \+ bias (-?[\d.]+) = (-?[\d.]+)', text).groups())
    assert abs(total + bias - value) < 0.02 and 'kernel' in text and 'rows' in text
    first = browser.execute_script("const m = document.querySelector('.map'); m.focus({focusVisible: true}); return m")
    first.send_keys(Keys.RIGHT, Keys.SHIFT, Keys.DOWN)
    until(browser, "return document.getElementById('inspect').innerText.includes('Layer 1, map 2, row 15, column 14')")
    browser.switch_to.active_element.send_keys(Keys.SPACE)
    until(browser, "return document.querySelectorAll('.map')[1].getAttribute('aria-pressed') === 'true'")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(browser, "return document.getElementById('inspect').innerText.startsWith('Point at a pixel')")


@needs_browser
def test_two_networks(browser, address):
    go(browser, address, '#net=0&beside=1&drawing=43&noise=0.2')
    assert len(scores(browser)) == 2
    assert len(browser.find_elements('css selector', '#bars .bars')) == 2 and 'Step 13: ' in said(browser) and 'Step 3: ' in said(browser)
    browser.execute_script("const s = document.getElementById('second'); s.value = ''; s.dispatchEvent(new Event('change'))")
    until(browser, "return document.querySelectorAll('#bars .bars').length === 1 && !location.hash.includes('beside')")


@needs_browser
def test_a_link_holds_the_experiment(browser, address):
    go(browser, address, '#sample=17&mute=1.2,3.4&bits=4&angle=-30&right=2')
    until(browser, "return location.hash.includes('angle')")
    assert browser.execute_script("return document.getElementById('dial-angle').value") == '-30'
    before, probs = browser.execute_script('return location.hash'), said(browser)
    go(browser, address, before)
    until(browser, f"return document.getElementById('verdict').textContent === {json.dumps(probs)}")
    go(browser, address, '#net=9&mute=99.1,<b>&bits=zz&angle=1e9&draw=%00zz__&sample=-4&noise=NaN')
    until(browser, "return document.getElementById('verdict').textContent")
    assert not errors(browser)


@needs_browser
def test_predict_for_scripts(browser, address):
    go(browser, address)
    model, meta = load_weights(STEP13)
    x = bundled_digits().test[0][:20]
    probs = model((x[:, None]/255 - meta['stats'][0])/meta['stats'][1]).softmax(1).detach().numpy()
    said = browser.execute_script('return arguments[0].map(im => window.courseSteps.predict(im))', x.flatten(1).tolist())
    np.testing.assert_allclose(said, probs, atol=1e-3)
    for bad in ([], [0]*783, [256]*784, ['a']*784, None):
        assert '784 numbers' in browser.execute_script('try { window.courseSteps.predict(arguments[0]) } catch (e) { return e.message }', bad)


EVIL = '</script><script>window.evil = 1</script><img src=x onerror="window.evil = 1">@@JS@@'


@needs_browser
def test_names_are_text(browser, tmp_path):
    found = find_network(STEP13, bundled_digits())
    for name in ('title', 'about'): found.packed[name] = EVIL
    found.packed['classes'] = [EVIL]*10
    for l in found.packed['layers']: l['name'] = EVIL
    samples = {**sample_images(bundled_digits(), n=20), 'name': EVIL, 'classes': [EVIL]*10}
    out = tmp_path/'evil.html'
    out.write_text(assemble('page.html', EVIL, dict(networks=[found.packed]*2, drawings=[], strange=[], samples=samples)))
    go(browser, out.as_uri())
    assert browser.execute_script("return [window.evil, document.querySelectorAll('img').length]") == [None, 0]
    assert EVIL in browser.find_element('id', 'title').text and browser.title.strip() == f'{EVIL}'
    browser.execute_script("const s = document.createElement('div'); s.innerHTML = '<img src=x onerror=\"window.evil = 1\">'; document.body.append(s)")
    time.sleep(0.5)
    assert browser.execute_script('return window.evil') is None   # Not even then: the page allows no script but its own
    assert any('Content Security Policy' in e for e in errors(browser))


@needs_browser
@pytest.mark.parametrize('theme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1440, 390])
@pytest.mark.skipif(not AXE.exists(), reason='axe-core is not here: npm pack axe-core')
def test_access(browser, address, theme, width):
    emulate = browser.execute_cdp_cmd
    emulate('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': theme}]})
    emulate('Emulation.setDeviceMetricsOverride', dict(width=width, height=900, deviceScaleFactor=1, mobile=width < 500))
    try:
        go(browser, address, '#beside=1&mute=1.1&drawing=3')
        scores(browser)
        browser.execute_script("document.getElementById('evidence').click(); document.querySelector('.map').focus({focusVisible: true})")
        assert browser.execute_script('return document.documentElement.scrollWidth') <= width
        browser.execute_script(AXE.read_text())
        found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")['violations']
        assert not [f"{v['id']}: {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary'][:200]}" for v in found]
    finally:
        emulate('Emulation.clearDeviceMetricsOverride', {})
        emulate('Emulation.setEmulatedMedia', {'features': []})


PIECES = {'drag_kernel': drag_kernel, 'explore_field': explore_field, 'turn_digit': turn_digit, 'show_passes': show_passes, 'round_weights': round_weights}


@pytest.fixture(scope='module')
def lesson(tmp_path_factory):
    "A page with all pieces, as a lesson shows them."
    path = tmp_path_factory.mktemp('pieces')/'lesson.html'
    html = ''.join(piece()._repr_html_() for piece in PIECES.values())
    path.write_text(f'<!doctype html><html lang="en" data-theme="dark"><meta charset="utf-8"><title>lesson</title><body><main><h1>Lesson</h1>{html}</main>')
    return path


@needs_browser
@pytest.mark.parametrize('number, name', list(enumerate(PIECES)))
def test_pieces_run_in_a_lesson(browser, lesson, number, name):
    from selenium.webdriver import Keys
    browser.get(lesson.as_uri())
    frame = until(browser, f"const f = document.querySelectorAll('figure iframe')[{number}]; return f?.contentDocument?.documentElement.dataset.ready && f")
    assert frame.get_attribute('title') and not browser.find_elements('css selector', 'figure img')
    until(browser, f"const f = document.querySelectorAll('figure iframe')[{number}]; return Math.abs(f.offsetHeight - f.contentDocument.documentElement.offsetHeight) < 10")
    browser.switch_to.frame(frame)
    try:
        assert browser.execute_script('return document.documentElement.dataset.theme') == 'dark'
        before = browser.execute_script("return document.body.innerText")
        if name in ('drag_kernel', 'explore_field'): browser.find_element('css selector', '[role=application]').send_keys(Keys.DOWN, Keys.DOWN)
        else: browser.find_element('css selector', 'input[type=range]').send_keys(*[Keys.LEFT if name == 'round_weights' else Keys.RIGHT]*3)
        until(browser, f"return document.body.innerText !== {json.dumps(before)}")
        if AXE.exists():
            browser.execute_script(AXE.read_text())
            found = browser.execute_async_script("axe.run({resultTypes: ['violations']}).then(arguments[0])")['violations']
            assert not [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]
    finally: browser.switch_to.default_content()
    assert not errors(browser)


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    "Stored outputs as the site and the slides show them: the folder, with a page one folder down."
    from live import enliven, stored
    folder = tmp_path_factory.mktemp('site')
    kept = [stored(page._repr_html_()) for page in (explore_field(2), drag_kernel({'one': [0, 0, 0, 0, 1, 0, 0, 0, 0]}), drag_kernel(), look(13))]
    assert all(len(html) < 40_000 and '<script' not in html for html in kept)
    html = ''.join(enliven(html, folder/'live', '../live') for html in kept)
    (folder/'lessons').mkdir()
    (folder/'lessons/a.html').write_text(f'<!doctype html><html lang="en" data-theme="dark"><meta charset="utf-8"><link rel="icon" href="data:,"><title>lesson</title><body><main><h1>Lesson</h1>{html}</main>')
    return folder


@needs_browser
@pytest.mark.parametrize('served', [True, False])
def test_a_stored_output_runs_on_the_site(browser, site, served):
    assert len(list((site/'live').iterdir())) == 4
    with serve(site) as server:
        browser.get(f'{server}lessons/a.html' if served else (site/'lessons/a.html').as_uri())
        for i in range(4):
            frame = until(browser, f"const f = document.querySelectorAll('figure iframe')[{i}]; f?.scrollIntoView(); return f")
            if i < 3: until(browser, f"return document.querySelectorAll('figure iframe')[{i}].style.height !== '360px'")
            browser.switch_to.frame(frame)
            until(browser, "return document.documentElement.dataset.ready && document.documentElement.dataset.theme === 'dark'")
            browser.switch_to.default_content()
        browser.execute_script("document.documentElement.dataset.theme = 'light'")
        browser.switch_to.frame(frame)
        until(browser, "return document.documentElement.dataset.theme === 'light'")
        browser.switch_to.default_content()
        assert not errors(browser) and not browser.find_elements('css selector', 'figure img')


def test_what_cannot_be_made_again_is_stored_whole():
    from live import stored
    page = turn_digit(load_weights(STEP13)[0])._repr_html_()
    assert stored(page) == page and 'srcdoc' in page
    assert stored('<b>other</b>') == '<b>other</b>'


def test_pieces_stand_still_without_scripts(lesson):
    html = lesson.read_text()
    assert html.count('<img alt="') == html.count('<figcaption>') == len(PIECES)


def test_a_submission(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('COURSE_STEPS_EPOCHS', '1')
    file, out = tmp_path/'mine.py', tmp_path/'net.html'
    file.write_text("from course_steps.layers import conv_net\ndef model(): return conv_net([(6,3), 'pool', (8,3), 'pool', 'gap', (10,1)], norm=True)\n")
    assert main(['look', str(file), '--out', str(out)]) == 0 and 'mine.py' in out.read_text()
    file.write_text('def model(): return 1/0')
    capsys.readouterr()
    assert main(['look', str(file), '--out', str(tmp_path/'never.html')]) == 1
    assert capsys.readouterr().err.count('\n') == 1 and not (tmp_path/'never.html').exists()
    assert main(['look', str(STEP13), '--out', str(file/'net.html')]) == 1 and 'cannot be written' in capsys.readouterr().err


FRAME = 1000/60 # Milliseconds until the next picture on the screen


def work(browser, script, times):
    "The median of the milliseconds for which a script, done several times, keeps the main thread of the page busy: those that other programs take do not count."
    def busy(): return next(m['value'] for m in browser.execute_cdp_cmd('Performance.getMetrics', {})['metrics'] if m['name'] == 'ThreadTime')
    browser.execute_cdp_cmd('Performance.enable', {})
    found = []
    for k in range(times):
        began = busy()
        browser.execute_async_script(script, k)
        found.append(1000*(busy() - began))
    assert all(ms > 0 for ms in found)
    return sorted(found)[times//2]


@pytest.fixture(scope='module')
def large(tmp_path_factory):
    "The page of step 13 with 500 images to count."
    from dataclasses import replace
    digits, path = bundled_digits(), tmp_path_factory.mktemp('large')/'net.html'
    look(STEP13, out=path, images=replace(digits, test=tuple(t[:500] for t in digits.train)))
    return path.as_uri()


@needs_browser
def test_maps_follow_a_stroke_at_once(browser, large):
    "From an event of the pointer until every map is painted, and one frame to show it: 50 ms."
    go(browser, large)
    until(browser, "return /drawn for this test/.test(document.getElementById('scores').textContent)")
    send = "const pad = document.getElementById('pad'), r = pad.getBoundingClientRect(), send = (type, at) => pad.dispatchEvent(new PointerEvent(type, {pointerId: 1, clientX: r.left + r.width*0.5, clientY: r.top + r.height*at}));"
    picture = "return [...document.querySelectorAll('.map canvas')].map(c => c.toDataURL()).join()"
    browser.execute_script(send + "try { send('pointerdown', 0.1) } catch { /* Nothing can be captured */ }")
    before = browser.execute_script(picture)
    took = work(browser, send + "const [k, done] = arguments; send('pointermove', 0.1 + 0.02*(k + 1)); requestAnimationFrame(() => done())", 40)
    assert browser.execute_script(picture) != before
    until(browser, "return location.hash.includes('draw=')")
    asking = work(browser, 'arguments[1]()', 40)                                    # What a script of a test itself takes
    assert took - asking + FRAME < 50, (took, asking)


@needs_browser
def test_accuracy_follows_a_slider(browser, large):
    "From the slider until 500 digits are counted: one second."
    go(browser, large)
    until(browser, "return /drawn for this test/.test(document.getElementById('scores').textContent)")
    script = '''const [k, done] = arguments, dial = document.getElementById('dial-angle')
        window.courseSteps.measured = null
        dial.value = 5*(k + 1); dial.dispatchEvent(new Event('input'))
        const look = () => window.courseSteps.measured ? done() : setTimeout(look, 20)
        look()'''
    took = work(browser, script, 7)
    assert 'of 500 test images' in browser.find_element('id', 'scores').text
    assert took + FRAME < 1000


@needs_browser
def test_not_sure_as_measured(browser, address):
    "The page says that it is not sure exactly where the rule that was measured says so."
    found, row = find_network(STEP13, bundled_digits()), published_figures()[weights_key(find_network(STEP13, bundled_digits()))]
    unsure = not_sure(logits_of(found, drawn_images('strange')[::11]), row['floor']).tolist()
    go(browser, address)
    thumbs = "[...document.querySelectorAll('#samples .row')].at(-1).querySelectorAll('.thumb')"
    assert browser.execute_script(f'return {thumbs}.length') == len(unsure) and 2 < sum(unsure)
    seen = []
    for i in range(len(unsure)):
        browser.execute_script(f'{thumbs}[{i}].click()')
        until(browser, f"return location.hash.includes('drawing={360 + i}')")
        seen.append(said(browser).startswith('Not sure'))
    assert seen == unsure
    assert f"{row['unsure_strange']:.1f} % of letters" in browser.find_element('id', 'trust').get_attribute('textContent')


def test_figures_are_those_of_the_published_weights():
    "Each published network has its row: how many drawn digits it reads, with the interval, and how often it is not sure."
    rows = published_figures()
    for file in PUBLISHED: assert weights_key(find_network(file, bundled_digits())) in rows, f'{file.name} is new: run python bench/look.py FOLDER_OF_MNIST'
    fresh, row = drawn_accuracy(13), next(r for r in rows.values() if r['step'] == 13)
    assert fresh['n'] == 360 and fresh['right'] == row['right'] and fresh['accuracy'] >= 95


@needs_browser
def test_draw_with_a_finger(browser, address):
    emulate, touch = browser.execute_cdp_cmd, lambda kind, *points: browser.execute_cdp_cmd('Input.dispatchTouchEvent', dict(type=kind, touchPoints=[dict(x=x, y=y) for x,y in points]))
    emulate('Emulation.setDeviceMetricsOverride', dict(width=390, height=844, deviceScaleFactor=2, mobile=True))
    emulate('Emulation.setTouchEmulationEnabled', dict(enabled=True))
    try:
        go(browser, address, '#sample=17')
        place = lambda css: browser.execute_script("const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]", css)
        left, top, width, height = place('#pad')
        scrolled = browser.execute_script('return scrollY')
        touch('touchStart', (left + width/2, top + 0.1*height))
        for k in range(1, 11): touch('touchMove', (left + width/2, top + (0.1 + 0.08*k)*height))
        touch('touchEnd')
        until(browser, "return document.getElementById('verdict').textContent.startsWith('1,')")
        assert browser.execute_script('return scrollY') == scrolled                 # A stroke does not move the page
        left, top, width, height = place('.map')
        touch('touchStart', (left + width/2, top + height/2)), touch('touchEnd')
        until(browser, "return document.getElementById('inspect').innerText.includes('Layer 1, map 1')")
        assert browser.execute_script("return document.querySelector('.map').getAttribute('aria-pressed')") == 'false'
        browser.execute_script("[...document.querySelectorAll('#inspect button')][0].click()")
        until(browser, "return document.querySelector('.map').getAttribute('aria-pressed') === 'true'")
    finally:
        emulate('Emulation.setTouchEmulationEnabled', dict(enabled=False))
        emulate('Emulation.clearDeviceMetricsOverride', {})


@needs_browser
def test_an_example_gives_way(browser, address):
    from selenium.webdriver import Keys
    go(browser, address)
    assert said(browser).startswith('7,')
    browser.find_element('id', 'pad').send_keys(*[Keys.UP]*13, Keys.SPACE, *[Keys.DOWN]*26, Keys.SPACE)
    until(browser, "return document.getElementById('verdict').textContent.startsWith('1,')")


@needs_browser
def test_all_by_keyboard(browser, address):
    "Tab leads through the page and out of it again, each stop has a name and is seen."
    from selenium.webdriver import ActionChains, Keys
    go(browser, address)
    browser.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    stops = []
    for _ in range(140):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        stop = browser.execute_script('''const e = document.activeElement, s = getComputedStyle(e.closest('.file') ?? e)
            if (e === document.body) return null
            return [e.id || e.className || e.tagName, e.getAttribute('aria-label') || e.labels?.[0]?.innerText || e.innerText || '', s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]''')
        if stop is None: break
        stops.append(stop)
    names = [s[0] for s in stops]
    assert names[:2] == ['first', 'second'] and {'pad', 'pen', 'undo', 'clear', 'file', 'evidence', 'dial-bits', 'dial-down', 'reset'} <= set(names), names
    assert sum(n.startswith('map') for n in names) == 14 and all(name.strip() and seen for _, name, seen in stops), [s for s in stops if not (s[1].strip() and s[2])]


@needs_browser
def test_reduced_motion(browser, address):
    browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-reduced-motion', 'value': 'reduce'}]})
    try:
        go(browser, address)
        moving = browser.execute_script("return [...document.querySelectorAll('*')].filter(e => !/^(0s|all 0s)/.test(getComputedStyle(e).transitionDuration) || getComputedStyle(e).animationName !== 'none').length")
        assert moving == 0
    finally: browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})


@needs_browser
def test_a_submission_gives_the_same_answers(engine, tmp_path, monkeypatch):
    monkeypatch.setenv('COURSE_STEPS_EPOCHS', '1')
    file = tmp_path/'mine.py'
    file.write_text("from course_steps.layers import conv_net\ndef model(): return conv_net([(6,3), 'pool', (8,3), 'pool', 'gap', (10,1)], norm=True)\n")
    found = find_network(file, bundled_digits())
    x, (mean, std) = bundled_digits().test[0][:300], found.packed['stats']
    probs = found.model((x[:, None]/255 - mean)/std).detach().flatten(1).softmax(1).numpy()
    said = engine.execute_script('''const net = new Network(arguments[0]), x = bytesOf(arguments[1])
        return [...Array(300).keys()].map(i => net.predict(x.subarray(784*i, 784*i + 784)))''', found.packed, bytes64(x.numpy()))
    assert (np.argmax(said, 1) == probs.argmax(1)).all() and np.abs(np.array(said) - probs).max() < 1e-3


@needs_browser
def test_hostile_files(browser, tmp_path, monkeypatch):
    "Names in a file of weights and the name of a submission are text on the page that the command writes."
    monkeypatch.setenv('COURSE_STEPS_EPOCHS', '1')
    digits, weights = bundled_digits(), tmp_path/'evil.safetensors'
    save_weights(get_step(3).model(), weights, step=3, stats=digits.stats, classes=[f'{EVIL}{i}' for i in range(10)], data=EVIL)
    file = tmp_path/"<img src=x onerror='window.evil = 1'>.py"
    file.write_text("from course_steps.layers import conv_net\ndef model(): return conv_net([(4,3), 'pool', 'gap', (10,1)], norm=True)\n")
    for what in (weights, file):
        out = tmp_path/'net.html'
        assert main(['look', str(what), '--out', str(out)]) == 0
        go(browser, out.as_uri())
        time.sleep(0.3)
        assert browser.execute_script("return [window.evil, document.querySelectorAll('img').length]") == [None, 0] and not errors(browser)
    html = turn_digit(weights)._repr_html_()
    (tmp_path/'piece.html').write_text(f'<!doctype html><meta charset="utf-8"><title>x</title><body>{html}')
    browser.get((tmp_path/'piece.html').as_uri())
    until(browser, "return document.querySelector('figure iframe')?.contentDocument?.documentElement.dataset.ready")
    assert browser.execute_script("return [window.evil, document.querySelector('figure iframe').contentWindow.evil, document.querySelectorAll('img').length]") == [None, None, 0]


BAD = {
    'fails': ('def model(): return 1/0', 'ZeroDivisionError'),
    'defines nothing': ('x = 1', 'defines no function model()'),
    'too large': ('import torch\ndef model(): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1300), torch.nn.Linear(1300, 10))', 'at most 1,000,000'),
    'another layer': ('import torch\ndef model(): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10), torch.nn.Tanh())', 'is Tanh, which the page cannot show'),
    'ends the program': ('import sys; sys.exit(0)', 'sys.exit'),
}


@pytest.mark.parametrize('name', BAD)
def test_a_bad_submission_gets_one_sentence(name, tmp_path, capsys):
    code, message = BAD[name]
    (tmp_path/'bad.py').write_text(code)
    assert main(['look', str(tmp_path/'bad.py'), '--out', str(tmp_path/'never.html')]) == 1
    err = capsys.readouterr().err
    assert message in err and err.count('\n') == 1 and 'Traceback' not in err
    assert not (tmp_path/'never.html').exists() and not list((tmp_path/'runs').rglob('*.safetensors'))


def test_bad_weights_get_one_sentence(tmp_path, capsys):
    digits, model = bundled_digits(), get_step(3).model()
    (tmp_path/'empty').mkdir()
    (tmp_path/'text.txt').write_text('no weights')
    save_weights(model, tmp_path/'other', step=4, stats=digits.stats, classes=digits.classes)
    with torch.no_grad(): next(model.parameters()).fill_(float('nan'))
    save_weights(model, tmp_path/'nan', step=3, stats=digits.stats, classes=digits.classes)
    for what, message in {'empty': 'has no weights', 'none': 'There is no', 'text.txt': 'damaged', 'other': 'does not fit', 'nan': 'not finite'}.items():
        assert main(['look', str(tmp_path/what), '--out', str(tmp_path/'never.html')]) in (1, 2)
        err = capsys.readouterr().err
        assert message in err and err.count('\n') == 1 and not (tmp_path/'never.html').exists(), (what, err)

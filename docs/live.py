"Pages that run inside of a page: a stored notebook keeps a still picture and its text, the site and the slides run them."
import json
import re
from hashlib import sha256
from html import unescape

FIGURE = re.compile(r'<figure data-key="\w+" data-page="([^"]*)">.*?</figure>', re.S)


def stored(html):
    "An output as a notebook stores it: what can be made again is only a still picture."
    found = FIGURE.search(html)
    return found[0] if found else html


def enliven(html, folder, where):
    "An output as it runs: the page goes into a file of a folder, which the output's page finds at the address `where`."
    found = FIGURE.search(html)
    if not found: return html
    from course_steps.look.pieces import make_again # torch, only where there is something to run
    name, args = json.loads(unescape(found[1]))
    page, file = make_again(name, args), f'{name}-{sha256(found[1].encode()).hexdigest()[:8]}.html'
    page.save(folder/file)
    return page.figure(f'{where}/{file}')


def enliven_cell(cell, folder, where):
    "Make the outputs of a code cell run."
    for data in (o.get('data', {}) for o in cell.get('outputs', [])):
        if 'text/html' in data: data['text/html'] = enliven(data['text/html'], folder, where)

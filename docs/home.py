"The home page: what one can do afterwards, a pad to draw on, the staircase, and a card for each lesson."
import re
from base64 import b64decode
from html import escape
from io import BytesIO

from cells import markdown, raw
from lesson import colab, duration
from reader import reader
from staircase import staircase

TRACKS = {'Foundations': range(0, 9), 'Beyond the original': range(9, 15), 'Out of the notebook': range(15, 100)}
THUMB = 320, 180 # Pixels
ROW = re.compile(r'^\| \[\d+ [^]]+\]\(lessons/(\w+)\.ipynb\) \| (.+?) \|$', re.M)


def plain(text):
    "A line of Markdown as HTML: only code is marked."
    return re.sub('`([^`]+)`', r'<code>\1</code>', escape(text, quote=False))


def capital(text): return text[0].upper() + text[1:]


def thumbnail(output, path):
    "Write the upper part of a picture, small; returns whether there was one."
    from PIL import Image
    data = (output or {}).get('data', {})
    if 'image/png' not in data: return False
    image = Image.open(BytesIO(b64decode(data['image/png']))).convert('RGB')
    image = image.resize((THUMB[0], round(image.height*THUMB[0]/image.width)), Image.Resampling.LANCZOS)
    image.crop((0, 0, THUMB[0], min(image.height, THUMB[1]))).save(path, 'WEBP', quality=70)
    return True


def ring(lesson):
    "How much of a lesson's quiz is answered, drawn by home.js."
    return (f'<svg class="ring" viewBox="0 0 36 36" aria-hidden="true" data-lesson="{lesson.n}" data-questions="{lesson.questions}">'
            '<circle cx="18" cy="18" r="15"/><circle class="done" cx="18" cy="18" r="15" pathLength="100" stroke-dasharray="0 100"/></svg>')


def card(lesson, outcome, has_picture):
    "A lesson as a link."
    image = f'<img src="live/lesson{lesson.n}.webp" alt="" loading="lazy" width="{THUMB[0]}" height="{THUMB[1]}">' if has_picture else ''
    facts = [f'{lesson.minutes} min read'] + ([f'{duration(lesson.training)} to train'] if lesson.training else [])
    return (f'<li><a class="lesson-card" href="{lesson.page}"><span class="thumb">{image}</span><span class="name">{lesson.n} {escape(lesson.title)}</span>'
            f'<span class="outcome">{plain(capital(outcome))}</span><span class="times">{", ".join(facts)}{ring(lesson)}</span></a></li>')


def cards(lessons, outcomes, folder):
    "The cards in their tracks."
    html = []
    for track, numbers in TRACKS.items():
        some = [l for l in lessons if l.n in numbers]
        html.append(f'<h3>{track} <small>{some[0].n} to {some[-1].n}</small></h3><ul class="cards">')
        html += [card(l, outcomes[l.stem], thumbnail(lessons[l], folder/f'lesson{l.n}.webp')) for l in some]
        html.append('</ul>')
    return '\n'.join(html)


def hero(items, lessons, pad, cfg):
    "What one can do afterwards, the way in, and the pad."
    first, hours = min(lessons, key=lambda l: l.n), round(sum(l.minutes for l in lessons)/60)
    facts = [f'{len(lessons)} lessons', f'about {hours} hours to read', 'a laptop without a GPU', 'free', 'works offline']
    return (f'<div class="hero"><div><ul class="able">{"".join(f"<li>{plain(i)}</li>" for i in items)}</ul>'
            f'<p class="ways"><a class="way first" href="{first.page}">Start lesson {first.n}</a>'
            f'<a class="way" href="{escape(colab(first.stem, cfg))}">Open in Colab</a></p>'
            f'<ul class="facts">{"".join(f"<li>{f}</li>" for f in facts)}</ul></div>{pad}</div>')


def cells(found, lessons, cfg, extra):
    "The cells of the home page from those of the index, which is README too: some of them are shown in another way."
    able = next(c for c in found if '\n- ' in c.source)
    table = next(c for c in found if ROW.search(c.source))
    outcomes = dict(ROW.findall(table.source))
    lessons = dict(sorted(lessons.items(), key=lambda pair: pair[0].n))
    told = [dict(n=l.n, title=l.title, page=l.page, outcome=capital(outcomes[l.stem]).replace('`', '')) for l in lessons]
    head = hero(re.findall(r'^- (.+)$', able.source, re.M), lessons, reader(extra/'live', 'live'), cfg)
    shown = [c for c in found if c not in (able, table) and c.source != '## The lessons' and 'plot_steps' not in c.source]
    return [raw(head), markdown('## The staircase'), raw(staircase(told)), markdown('## The lessons'),
            raw(cards(lessons, outcomes, extra/'live')), *shown]

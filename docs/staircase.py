"The steps of the course as a picture to explore: how small each network is, and how accurate, with its spread."
from html import escape
from math import ceil, floor, log10
from statistics import mean, stdev

WIDE = dict(width=960, height=452, left=14, top=58, middle=206, stairs=268, bottom=408)
TALL = dict(width=360, row=52, top=58, size=(12, 158), score=(206, 338))


def steps(lessons):
    "One dict for each lesson with published runs on MNIST: its accuracies, parameters and page."
    from course_steps.results import of_step
    for found in lessons:
        runs = of_step(found['n'])
        if not runs: continue
        accs = [r.test_acc for r in runs]
        yield {**found, 'params': runs[0].params, 'acc': mean(accs), 'sd': stdev(accs) if len(accs) > 1 else 0, 'runs': len(runs)}


def short(params):
    "Parameters in few characters: 6.4 M, 57.5 k, 1,150."
    if params >= 1e6: return f'{params/1e6:.1f} M'
    return f'{params/1e3:.1f} k' if params >= 1e4 else f'{params:,}'


def told(s):
    "A step in a sentence."
    spread = f' ± {s["sd"]:.2f}' if s['sd'] else ''
    runs = f'{s["runs"]} runs' if s['runs'] > 1 else 'one run'
    return f'Step {s["n"]}, {s["title"]}: {s["params"]:,} parameters, {s["acc"]:.2f}{spread} % right ({runs}).'


def scale(low, high, start, end):
    "A function from values between low and high to places between start and end."
    return lambda v: round(start + (v - low)/(high - low)*(end - start), 1)


def scales(found, scores, sizes):
    "The places of accuracies and of parameters, and the accuracies that get a line."
    low, high = (f(5*edge)/5 for f, edge in ((floor, min(s['acc'] - s['sd'] for s in found)), (ceil, max(s['acc'] + s['sd'] for s in found))))
    ticks = [low + 0.2*i for i in range(round((high - low)*5) + 1)]
    return scale(low, high, *scores), scale(2, 7, *sizes), ticks


def text(x, y, words, kind='', anchor='middle'):
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def link(s, inside):
    "A step as a link to its lesson, with what is said when it is pointed at."
    said = f'{told(s)} {s["outcome"]}.'
    return f'<a href="{s["page"]}" class="stair" data-told="{escape(said)}" aria-label="{escape(said)}">{inside}</a>'


def wide(found):
    "The staircase from left to right: accuracies above, sizes below."
    w = WIDE
    y, up, ticks = scales(found, (w['middle'], w['top']), (w['bottom'], w['stairs']))
    first = w['left'] + 22
    column = round((w['width'] - first)/len(found), 1)
    lines = ''.join(f'<path d="M{first} {y(t)}H{w["width"]}"/>{text(first - 4, y(t) + 4, f"{t:.1f}", "tick", "end")}' for t in ticks)
    parts = []
    for i, s in enumerate(found):
        x = round(first + column*i, 1)
        mid, top = round(x + column/2, 1), up(log10(s['params']))
        parts.append(link(s, f'<rect class="hit" x="{x}" y="28" width="{column}" height="{w["height"] - 28}" rx="6"/>'
            f'<path class="spread" d="M{mid} {y(s["acc"] - s["sd"])}V{y(s["acc"] + s["sd"])}"/><circle cx="{mid}" cy="{y(s["acc"])}" r="6"/>'
            f'<rect class="size" x="{x + 3}" y="{top}" width="{column - 6:.1f}" height="{round(w["bottom"] - top, 1)}" rx="3"/>'
            f'{text(mid, top - 7, short(s["params"]))}{text(mid, w["height"] - 16, str(s["n"]), "number")}'))
    heads = text(8, 18, 'Test images right, percent (bars: standard deviation over the random seeds)', 'head', 'start')
    heads += text(8, 238, 'Parameters, logarithmic', 'head', 'start')
    return svg('wide', w['width'], w['height'], heads + f'<g class="grid">{lines}</g>' + ''.join(parts))


def tall(found):
    "The staircase from top to bottom, for a phone."
    w = TALL
    x, right, ticks = scales(found, w['score'], w['size'])
    height = w['top'] + w['row']*len(found)
    lines = ''.join(f'<path d="M{x(t)} {w["top"] - 6}V{height}"/>{text(x(t), w["top"] - 12, f"{t:.1f}", "tick")}' for t in ticks[::2])
    parts = []
    for i, s in enumerate(found):
        top, name = w['top'] + w['row']*i, f'{s["n"]} {s["title"]}'
        mid, size = top + 34, right(log10(s['params'])) - w['size'][0]
        parts.append(link(s, f'<rect class="hit" x="2" y="{top}" width="{w["width"] - 4}" height="{w["row"] - 2}" rx="6"/>'
            f'{text(12, top + 18, name, "number", "start")}<rect class="size" x="12" y="{top + 25}" width="{size:.1f}" height="18" rx="3"/>'
            f'{text(round(16 + size, 1), top + 39, short(s["params"]), "", "start")}'
            f'<path class="spread" d="M{x(s["acc"] - s["sd"])} {mid}H{x(s["acc"] + s["sd"])}"/><circle cx="{x(s["acc"])}" cy="{mid}" r="6"/>'))
    heads = text(12, 18, 'Parameters, logarithmic', 'head', 'start') + text(w['width'] - 8, 18, 'Right, percent', 'head', 'end')
    return svg('tall', w['width'], height, heads + f'<g class="grid">{lines}</g>' + ''.join(parts))


def svg(kind, width, height, inside):
    return f'<svg class="staircase {kind}" viewBox="0 0 {width} {height}" role="group" aria-label="The steps, their sizes and accuracies">{inside}</svg>'


def staircase(lessons):
    "Both pictures, and the line that says what a step changed."
    found = list(steps(lessons))
    hint = 'Point at a step, tap it, or move with the Tab key: here stands what it changed. A click opens its lesson.'
    return f'<div class="staircases">{wide(found)}{tall(found)}<p class="told" role="status">{hint}</p></div>'

"A digit that one draws, read by the network of step 13 while it is drawn: the engine of `look` in one script."
import base64
import json
from io import BytesIO
from pathlib import Path

STEP, EXAMPLE = 13, (3, 2) # Whose weights read; which of the published drawings is the example: digit, and position among its kind


def drawing():
    "The drawing that stands there before one draws."
    from course_steps.look.drawn import read_drawn
    digit, at = EXAMPLE
    return [d for d in read_drawn() if d['label'] == digit][at]


def network():
    "The published network as the engine reads it, with the logit below which it is not sure."
    from course_steps.images import bundled_digits
    from course_steps.look.network import find_network
    from course_steps.look.sure import SURE, floor_of
    found = find_network(STEP, bundled_digits())
    return {**found.packed, 'floor': floor_of(found, None), 'sure': SURE}


def script():
    "The engine, the drawing pad, the weights, and what joins them."
    from course_steps.look.frame import as_json, part
    d = drawing()
    lines = [[[round(v/255, 3) for v in point] for point in line] for line in d['lines']]
    data = f'const told = {as_json(network())}\nconst example = {as_json(dict(lines=lines, width=d["width"]))}\n'
    parts = [part(f'{name}.js') for name in ('engine', 'prepare', 'draw')] + [data, (Path(__file__).parent/'reader.js').read_text(encoding='utf-8')]
    return '"use strict";\n{\n' + '\n'.join(parts) + '}\n'


def still():
    "The example as a picture, for where no scripts run."
    import numpy as np
    from course_steps.look.drawn import draw_lines
    from PIL import Image
    d, out = drawing(), BytesIO()
    Image.fromarray(draw_lines([np.array(line)/255 for line in d['lines']], d['width']).astype('uint8')).save(out, 'WEBP', quality=60)
    return base64.b64encode(out.getvalue()).decode()


def reader(folder, where):
    "The HTML of the pad; its script goes into a folder, which the page finds at `where`."
    (folder/'reader.js').write_text(script(), encoding='utf-8')
    picture = f'<img width="280" height="280" alt="A handwritten {EXAMPLE[0]}, drawn with a thick pen" src="data:image/webp;base64,{still()}">'
    return (f'<section id="reader" aria-label="Draw a digit"><div id="pad-box">{picture}</div>'
            f'<p id="reader-says" role="status">Here you can draw a digit where scripts run, and the network of step {STEP} reads it.</p>'
            f'<script defer src="{where}/reader.js"></script></section>')

"Seconds to classify the test images with published weights, alone or while other programs want the cores."
import json
import subprocess
import sys
from contextlib import contextmanager
from time import perf_counter

from fastcore.script import call_parse

from course_steps.core import published_dir
from course_steps.images import load_set
from course_steps.tune import tuned
from course_steps.weights import load_weights

import torch # After the package, which sets how threads wait


@contextmanager
def others(n):
    "Run n programs that do nothing but keep a core busy."
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(n)]
    try: yield
    finally:
        for process in busy: process.kill()


@call_parse
@torch.inference_mode()
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    bs:int=200, # Images in a batch
    images:int=10_000, # Test images at most
    busy:int=0, # Programs that keep a core busy meanwhile
):
    "Seconds to classify the test images with the published weights of step 8."
    model, meta = load_weights(published_dir()/'step8.safetensors')
    tuned(model)
    (x, y), (mean, std) = (t[:images] for t in load_set(data).test), meta['stats']
    with others(busy):
        start = perf_counter()
        pairs = zip(x.split(bs), y.split(bs))
        right = sum((model((xb[:, None]/255 - mean)/std).argmax(1) == yb).sum().item() for xb, yb in pairs)
        seconds = perf_counter() - start
    print(json.dumps(dict(seconds=seconds, bs=bs, images=len(y), test_acc=100*right/len(y))))

"Seconds to classify the test images with the published weights of step 8: in batches or image by image, alone or while other programs want the cores."
import argparse
import json
import subprocess
import sys
from contextlib import contextmanager
from time import perf_counter

from course_steps.weights import load_weights
from course_steps.images import load_set
from course_steps.tune import tuned
from course_steps.core import published_dir

import torch # After the package, which tells threads how to wait


@contextmanager
def others(n):
    "So many programs that do nothing but keep a core busy."
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(n)]
    try: yield
    finally:
        for process in busy: process.kill()


@torch.inference_mode()
def main(data, bs, busy, images):
    model, meta = load_weights(published_dir()/'step8.safetensors')
    tuned(model)
    (x, y), (mean, std) = (t[:images] for t in load_set(data).test), meta['stats']
    with others(busy):
        start = perf_counter()
        right = sum((model((xb[:, None]/255 - mean)/std).argmax(1) == yb).sum().item() for xb, yb in zip(x.split(bs), y.split(bs)))
        seconds = perf_counter() - start
    print(json.dumps(dict(seconds=seconds, bs=bs, images=len(y), test_acc=100*right/len(y))))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--bs', type=int, default=200)
    parser.add_argument('--images', type=int, default=10_000, help='at most')
    parser.add_argument('--busy', type=int, default=0, help='programs beside it')
    main(**vars(parser.parse_args()))

"Seconds to classify the test images with the published weights of step 8, in batches or image by image."
import argparse
import json
from time import perf_counter

import torch

from course_steps.checkpoint import load_weights
from course_steps.data import load_set
from course_steps.results import published_dir


@torch.inference_mode()
def main(data, bs):
    model, meta = load_weights(published_dir()/'step8.safetensors')
    (x, y), (mean, std) = load_set(data).test, meta['stats']
    start = perf_counter()
    right = sum((model((xb[:, None]/255 - mean)/std).argmax(1) == yb).sum().item() for xb, yb in zip(x.split(bs), y.split(bs)))
    print(json.dumps(dict(seconds=perf_counter() - start, bs=bs, images=len(y), test_acc=100*right/len(y))))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--bs', type=int, default=500)
    main(**vars(parser.parse_args()))

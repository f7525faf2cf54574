"""What dropout costs through batch normalization: measure finished runs again with other statistics.

    python bench/shift.py FOLDER ...    # of finished runs of step 5 on MNIST, such as those that `make publish STEP=5` keeps

Weights stay as they are. Each batch normalization takes the mean and variance of 40 batches of training images again, with dropout or without
(Li et al., 2019, https://arxiv.org/abs/1801.05134). Writes a line for each run and way into results/shift.jsonl."""
import json
import random
import sys
from copy import deepcopy
from pathlib import Path

import torch
from torch import nn

from course_steps.data import get_dls
from course_steps.results import Result
from course_steps.steps import STEPS
from course_steps.weights import load_weights

OUT, BATCHES = Path(__file__).parent.parent/'results/shift.jsonl', 40
WAYS = {'as trained': None, 'again, with dropout': True, 'again, without dropout': False}


@torch.no_grad()
def retaken(net, dls, dropping):
    "A copy with statistics of training images, taken with dropout or without."
    net = deepcopy(net).eval()
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.reset_running_stats()
            m.momentum = None                                 # A plain average over the batches
            m.train()
        if isinstance(m, nn.Dropout): m.train(dropping)
    dls.train.rng = random.Random(0)
    torch.manual_seed(0)
    for _,(xb, _) in zip(range(BATCHES), dls.train): net(xb)
    return net.eval()


@torch.no_grad()
def wrong(net, dl):
    "Positions of the images that are misread."
    batches = ((xb.as_subclass(torch.Tensor), yb.as_subclass(torch.Tensor)) for xb,yb in dl)
    return torch.cat([net(xb).argmax(1) != yb for xb,yb in batches]).nonzero().flatten().tolist()


def lines(folder, dls):
    "The run in a folder, measured in each way."
    result = Result.from_json((folder/'result.json').read_bytes())
    net = load_weights(folder/'weights.safetensors', STEPS[result.step])[0].eval()
    for way,dropping in WAYS.items():
        missed = wrong(net if dropping is None else retaken(net, dls, dropping), dls.valid)
        assert dropping is not None or missed == result.wrong or result.wrong is None
        yield dict(step=result.step, seed=result.seed, variant=way, batches=BATCHES, checksum=result.checksum, wrong=missed)


if __name__ == '__main__':
    if not sys.argv[1:]: sys.exit(__doc__)
    dls = get_dls('auto', device='cpu')
    with OUT.open('w', encoding='utf-8') as f:
        for folder in map(Path, sys.argv[1:]):
            for line in lines(folder, dls):
                print(f"{folder.name}, {line['variant']}: {len(line['wrong'])} wrong", flush=True)
                f.write(json.dumps(line) + '\n')

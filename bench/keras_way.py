"""The Keras MNIST example in torch: its network and its settings, https://keras.io/examples/vision/mnist_convnet.

Images are floats in memory, as there. A tenth of the training images is left out, as its `validation_split=0.1` does.
The test accuracy is measured after each epoch, and the program ends after the first epoch that reaches the target,
although a user could not know when to stop.
"""
import json
from time import time

from fastcore.script import call_parse # Before the start, because the example does not need it

START = time()
import torch
from torch import nn
from torch.nn import functional as F

from course_steps.images import load_set

IMPORTED = time()


def convnet():
    "34,826 parameters."
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10))


def init(module):
    "Keras's initial weights: Glorot's uniform ones, and zero biases."
    if hasattr(module, 'weight'): nn.init.xavier_uniform_(module.weight); nn.init.zeros_(module.bias)


def train_epoch(model, x, y, opt, bs=128):
    "One epoch in random order."
    model.train()
    for i in torch.randperm(len(x), device=x.device).split(bs):
        loss = F.cross_entropy(model(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()


@torch.no_grad()
def accuracy(model, x, y, bs=1000):
    "Percent."
    model.eval()
    right = sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in zip(x.split(bs), y.split(bs)))
    return 100*right/len(x)


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    device:str='cpu', # cpu or cuda
    seed:int=0, # Random seed
    target:float=99., # Percent on the test images
    epochs:int=15, # Epochs at most
):
    "Seconds from the start of the program until the Keras example reaches a target."
    torch.manual_seed(seed)
    images = load_set(data)
    sets = images.train, images.test
    (x, y), (x_test, y_test) = (((x[:, None]/255).to(device), y.long().to(device)) for x, y in sets)
    x, y = (t[:len(t)*9//10] for t in (x, y))
    model = convnet().apply(init).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    accs, ends = [], []
    while len(accs) < epochs and max(accs, default=0) < target:
        train_epoch(model, x, y, opt)
        accs.append(accuracy(model, x_test, y_test))
        ends.append(time() - START)
    seconds, params = ends[-1] if accs[-1] >= target else None, sum(p.numel() for p in model.parameters())
    print(json.dumps(dict(seconds=seconds, imports=IMPORTED - START, seed=seed, test_acc=accs[-1],
                          params=params, accs=accs, ends=ends)))

"An epoch of step 8 in plain fastai: a folder of PNG files, `ImageDataLoaders`, `Rotate` and the one-cycle."
import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from fastai.vision.all import (CrossEntropyLossFlat, ImageDataLoaders, Learner, Normalize, PadMode, PILImageBW, Rotate, accuracy)
from PIL import Image
from seed_way import MEAN, STD, Net

from course_steps.images import load_set


def write_pngs(folder, images, labels):
    "A folder for each digit, a PNG file for each image."
    for label in labels.unique().tolist(): (folder/str(label)).mkdir(parents=True)
    for i, (x, y) in enumerate(zip(images.numpy(), labels.tolist())): Image.fromarray(x).save(folder/str(y)/f'{i}.png')


def main(data, device, images):
    sets = load_set(data)
    with TemporaryDirectory() as folder:
        write_pngs(Path(folder)/'train', *(t[:images] for t in sets.train))
        write_pngs(Path(folder)/'valid', *sets.test)
        tfms = [Rotate(max_deg=7, p=1., pad_mode=PadMode.Zeros), Normalize.from_stats([MEAN], [STD], cuda=device == 'cuda')]
        dls = ImageDataLoaders.from_folder(folder, train='train', valid='valid', img_cls=PILImageBW, batch_tfms=tfms, bs=128, device=device)
        learn = Learner(dls, Net(), loss_func=CrossEntropyLossFlat(), metrics=accuracy)
        start = perf_counter()
        learn.fit_one_cycle(1, 2e-2)
        print(json.dumps(dict(seconds=perf_counter() - start, test_acc=100*learn.recorder.values[-1][-1], params=sum(p.numel() for p in learn.model.parameters()))))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--images', type=int, help='training images, to try it out; default: all')
    main(**vars(parser.parse_args()))

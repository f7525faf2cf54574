"An epoch of step 8 in plain fastai: a folder of PNG files, `ImageDataLoaders`, `Rotate` and the one-cycle."
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from fastai.vision.all import (
    CrossEntropyLossFlat, ImageDataLoaders, Learner, Normalize, PadMode, PILImageBW, Rotate, accuracy)
from fastcore.script import call_parse
from original_way import MEAN, STD, Net
from PIL import Image

from course_steps.images import load_set
from course_steps.layers import count_params


def write_pngs(folder, images, labels):
    "A folder for each digit, a PNG file for each image."
    for label in labels.unique().tolist(): (folder/str(label)).mkdir(parents=True)
    for i, (x, y) in enumerate(zip(images.numpy(), labels.tolist())): Image.fromarray(x).save(folder/str(y)/f'{i}.png')


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    device:str='cpu', # cpu or cuda
    images:int=None, # Training images, for a quick try; default: all
):
    "Seconds of an epoch of step 8 in plain fastai."
    sets = load_set(data)
    with TemporaryDirectory() as folder:
        write_pngs(Path(folder)/'train', *(t[:images] for t in sets.train))
        write_pngs(Path(folder)/'valid', *sets.test)
        scale = Normalize.from_stats([MEAN], [STD], cuda=device == 'cuda')
        dls = ImageDataLoaders.from_folder(
            folder, train='train', valid='valid', img_cls=PILImageBW, bs=128, device=device,
            batch_tfms=[Rotate(max_deg=7, p=1., pad_mode=PadMode.Zeros), scale])
        learn = Learner(dls, Net(), loss_func=CrossEntropyLossFlat(), metrics=accuracy)
        start = perf_counter()
        learn.fit_one_cycle(1, 2e-2)
        seconds, acc = perf_counter() - start, 100*learn.recorder.values[-1][-1]
        print(json.dumps(dict(seconds=seconds, test_acc=acc, params=count_params(learn.model))))

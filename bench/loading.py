"Seconds to go once through the training images: the loaders of the course beside a per-image pipeline, same data, same run."
import platform
import sys
import warnings
from statistics import median
from time import perf_counter

warnings.simplefilter('ignore', FutureWarning)
import torch
from per_image import per_image_loader

from course_steps.data import get_dls, load_set


def seconds(loader):
    "Time of one epoch of loading, all batches touched."
    start = perf_counter()
    n = sum(len(yb) for xb, yb in loader)
    return (perf_counter() - start)/n*60_000


def main(name='auto', repeats=3):
    "Interleave the ways, print the median for 60,000 images and the ratio."
    images = load_set(name)
    ways = {'course_steps': get_dls(images, device='cpu').train, 'per image, 2 workers': per_image_loader(images)}
    times = {way: [] for way in ways}
    for _ in range(repeats):
        for way, loader in ways.items(): times[way].append(seconds(loader))
    print(f'{images.name}, {len(images.train[1]):,} images, torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}')
    ours = median(times['course_steps'])
    for way, t in times.items():
        print(f'{way:24}{median(t):8.2f} s for 60,000 images  (from {min(t):.2f} to {max(t):.2f})  ratio {median(t)/ours:5.1f}')


if __name__ == '__main__': main(*sys.argv[1:2])

"Seconds to go once through the training images, nothing trained: the loaders of the course, or a per-image pipeline with two workers."
import argparse
import json
from time import perf_counter

from per_image import per_image_loader

from course_steps.data import get_dls
from course_steps.images import load_set


def main(data, way):
    images = load_set(data)
    loader = get_dls(images, device='cpu').train if way == 'course' else per_image_loader(images)
    start = perf_counter()
    n = sum(len(yb) for xb, yb in loader)
    print(json.dumps(dict(seconds=perf_counter() - start, images=n)))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', default='auto')
    parser.add_argument('--way', choices=['course', 'per_image'], default='course')
    main(**vars(parser.parse_args()))

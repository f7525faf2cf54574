"Seconds to go through the training images once, with the course's loaders or a per-image pipeline with two workers."
import json
from time import perf_counter

from fastcore.script import Param, call_parse
from per_image import per_image_loader

from course_steps.data import get_dls
from course_steps.images import load_set


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    way:Param('Whose loader', str, choices=['course', 'per_image'])='course',
):
    "Seconds to go through the training images once; nothing is trained."
    images = load_set(data)
    loader = get_dls(images, device='cpu').train if way == 'course' else per_image_loader(images)
    start = perf_counter()
    n = sum(len(yb) for xb, yb in loader)
    print(json.dumps(dict(seconds=perf_counter() - start, images=n)))

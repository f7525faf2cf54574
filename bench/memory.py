"Peak memory of a process, in bytes: one that only imports what training needs, or one that trains step 8 for an epoch."
import json
import sys
from resource import RUSAGE_SELF, getrusage

from fastcore.script import Param, call_parse


def peak():
    "Peak memory of this process so far, bytes."
    return getrusage(RUSAGE_SELF).ru_maxrss*(1 if sys.platform == 'darwin' else 1024)


def train(data):
    "Train an epoch of step 8; returns the bytes of the data set."
    # Imported here, because the memory of the imports alone is measured, too
    from course_steps.data import get_dls
    from course_steps.learner import step_learner
    from course_steps.steps import STEPS
    step = STEPS[8]
    dls = get_dls(data, bs=step.bs, tfms=step.tfms, device='cpu')
    step_learner(step, dls).fit_one_cycle(1, step.lr_max)
    return sum(t.nbytes for t in (*dls.images.train, *dls.images.test))


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    way:Param('What is done', str, choices=['import', 'train'])='train',
):
    "Peak memory of a process that trains step 8 for an epoch, or only imports what that needs."
    import torch # noqa: F401, this is what is measured
    from fastai.vision import all # noqa: F401
    size = train(data) if way == 'train' else None
    print(json.dumps(dict(peak=peak(), data_bytes=size)))

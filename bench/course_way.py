"What the course itself takes: an epoch of step 8, or step 10 from the start of the program to its end."
import json
from time import time

START = time()
from fastcore.script import call_parse # After the start, because the course imports it, too

from course_steps.data import get_dls
from course_steps.images import load_set
from course_steps.learner import step_learner
from course_steps.steps import STEPS

IMPORTED = time()


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    device:str='cpu', # cpu or cuda
    seed:int=0, # Random seed
    step:int=8, # Number of the step
    epochs:int=None, # Default: as many as the step says
    target:float=None, # Percent; the time counts from the start of the program, null if the last epoch lies below
    images:int=None, # Training images, for a quick try; default: all
):
    "Seconds of the epochs of a step, or of the whole program."
    step, sets = STEPS[step], load_set(data)
    sets.train = tuple(t[:images] for t in sets.train)
    dls = get_dls(sets, bs=step.bs, tfms=step.tfms, device=device, seed=seed)
    learn = step_learner(step, dls, seed=seed)
    learn.fit_one_cycle(epochs or step.epochs, step.lr_max)
    whole, epochs, acc = time() - START, sum(h['seconds'] for h in learn.history), learn.history[-1]['test_acc']
    seconds = epochs if target is None else whole if acc >= target else None
    print(json.dumps(dict(seconds=seconds, epochs=epochs, whole=whole, imports=IMPORTED - START, seed=seed,
                          test_acc=acc, params=step.params)))

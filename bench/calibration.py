"How sure the published networks are of their answers, and how often they are right, into results/calibration.jsonl."
import json
import sys

from fastcore.script import call_parse

from course_steps.core import published_dir, write_file
from course_steps.evidence.calibration import calibration_error, probabilities, reliability
from course_steps.images import load_set
from course_steps.weights import read_tensors, weights_by_step


def line(step, file, images):
    "What is kept of a network: its seed, if its weights say it, its error, and its bins."
    bins = reliability(probabilities(file, images), images.test[1])
    seed = read_tensors(file)[1].get('seed')
    return dict(step=step, seed=seed, error=calibration_error(bins), bins=bins.round(4).to_dict('records'))


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files: MNIST
):
    "Measure the published weights on the test images of MNIST."
    images = load_set(data)
    if images.name != 'mnist': sys.exit(f'The published weights are measured on MNIST, not on {images.name}: give its folder as --data.')
    lines = [line(step, file, images) for step, file in weights_by_step().items()]
    write_file(published_dir()/'calibration.jsonl', ''.join(json.dumps(one) + '\n' for one in lines).encode())
    for one in lines: print(f"Step {one['step']}: expected calibration error {one['error']:.2f} points.")

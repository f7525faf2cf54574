"""Measure the published weights for the page that looks inside of them, into results/look.jsonl: `python bench/look.py FOLDER_OF_MNIST`.

How many drawn digits each step reads, and how often the page says that it is not sure. Run it whenever weights change.
"""
import sys

from course_steps.images import load_set
from course_steps.look.sure import drawn_table, publish_figures

if __name__ == '__main__':
    publish_figures(load_set(sys.argv[1]))
    print(drawn_table())

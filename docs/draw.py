"Draw the favicon and the social card of the site, from the results."
from pathlib import Path

from matplotlib import pyplot as plt

from course_steps.evidence.plots import OURS, ORIGINAL
from course_steps.results import read_original

STATIC = Path(__file__).parent/'_static'


def stairs(ax, steps=8, color=OURS):
    "A descending staircase, one stair for each step."
    for i in range(steps): ax.bar(i, (steps - i)/steps, width=1, color=color, alpha=1 - 0.08*i)
    ax.axis('off')


def favicon():
    "A stack that shrinks, as in logo.svg, 64 x 64 pixels."
    fig = plt.figure(figsize=(1, 1), dpi=64)
    ax = fig.add_axes([0.03, 0.05, 0.94, 0.9])
    for i, width in enumerate((30, 22, 14, 6)): ax.barh(i, width, left=-width/2, height=0.8, color='#2b8fd0')
    ax.axis('off')
    fig.savefig(STATIC/'favicon.png', transparent=True)


def card():
    "Title and staircase, 1200 x 630 pixels, with the parameters of the first and the last step."
    first, last = (f"{read_original()[n]['params']:,}" for n in (1, 8))
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor='white')
    stairs(fig.add_axes([0.08, 0.1, 0.84, 0.5]))
    fig.text(0.08, 0.82, 'course_steps', fontsize=54, weight='bold')
    fig.text(0.08, 0.71, f'From {first} parameters to {last}, in eight steps', fontsize=26, color=ORIGINAL)
    fig.savefig(STATIC/'card.png')


if __name__ == '__main__': favicon(); card()

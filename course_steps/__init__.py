"""A course on small networks: from 6.4 million parameters to 5,016 that read digits about as well, with fastai

Begin with `from course_steps.all import *`, which is what the lessons do. The rooms, from the ground up: `core`, `tune`,
`images`, `pictures`, `data`, `layers`, `step`, `callbacks`, `results`, `steps`, `weights`, `checkpoint`, `learner`; then
`evidence`, `teach`, `challenge` and `look`; then `sweep`, `predict`, `export`; and at the top `cli`, the command line.
"""

__version__ = "0.1.0"

from importlib import import_module as _import_module
from pkgutil import iter_modules as _iter_modules

from . import tune # First of all: torch reads some of its settings when it is imported

_ROOMS = [module.name for module in _iter_modules(__path__) if not module.name.startswith("_")]

def __dir__(): return sorted({*globals(), *_ROOMS})

def __getattr__(name):
    if name not in _ROOMS: raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return _import_module(f'{__name__}.{name}')

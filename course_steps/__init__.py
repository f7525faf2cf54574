"""A course on small networks: from 6.4 million parameters to 5,016 that read digits about as well, with fastai"""

__version__ = "0.1.0"

from importlib import import_module
from pkgutil import iter_modules

from . import tune # First of all: torch reads some of its settings when it is imported

_ROOMS = [module.name for module in iter_modules(__path__)]

def __dir__(): return sorted({*globals(), *_ROOMS})

def __getattr__(name):
    if name not in _ROOMS: raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_module(f'{__name__}.{name}')

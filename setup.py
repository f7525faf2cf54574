from configparser import ConfigParser
from pathlib import Path
from setuptools import setup

ini = ConfigParser(delimiters=['='])
ini.read('settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author=cfg['author'],
    author_email=cfg['author_email'],
    url=cfg['git_url'],
    keywords=cfg['keywords'].split(),
    license='Apache-2.0',
    python_requires='>=' + cfg['min_python'],
    # The published runs live in results/ of a checkout; an installed package carries them as course_steps/published.
    packages=['course_steps', 'course_steps.steps', 'course_steps.published'],
    package_dir={'course_steps.published': 'results'},
    package_data={'course_steps.published': ['*.jsonl', '*.safetensors']},
    install_requires=cfg['requirements'].split(),
    extras_require={extra: cfg[f'{extra}_requirements'].split() for extra in ('dev', 'docs', 'ray', 'dask')},
    entry_points={
        'console_scripts': cfg['console_scripts'],
        'nbdev': [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
    zip_safe=False,
)

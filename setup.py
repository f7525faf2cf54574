from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

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
    # In a checkout, the published runs are in results/ and the lessons in nbs/lessons; an installed package contains them.
    packages=[*find_packages(include=['course_steps', 'course_steps.*']), 'course_steps.published', 'course_steps.notebooks'],
    package_dir={'course_steps.published': 'results', 'course_steps.notebooks': 'nbs/lessons'},
    package_data={'': ['py.typed', '*.html', '*.js', '*.css'], # Templates stand beside the module that fills them in
                  'course_steps.published': ['*.jsonl', '*.safetensors'], 'course_steps.notebooks': ['*.ipynb', '*.quiz.json']},
    install_requires=cfg['requirements'].split(),
    extras_require={extra: cfg[f'{extra}_requirements'].split() for extra in ('dev', 'docs', 'ray', 'dask', 'onnx', 'search')},
    entry_points={
        'console_scripts': cfg['console_scripts'],
        'nbdev': [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
    zip_safe=False,
)

"Each lesson has the course's sections in order, asserts, a quiz, and exercises with checks."
import re

import nbformat
import pytest
from conftest import ROOT
from standard import ARC, lesson_report, missing

WITHOUT_STEP = [0] # Lessons that train no step of the course
LESSONS = sorted((ROOT/'nbs/lessons').glob('*.ipynb'))


def parts(lesson):
    "Markdown and code of a notebook, each as one text."
    cells = nbformat.read(lesson, 4).cells
    return tuple('\n'.join(c.source for c in cells if c.cell_type == kind) for kind in ('markdown', 'code'))


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_sections(lesson):
    text, code = parts(lesson)
    number = int(lesson.stem[:2])
    kind = 'Lesson' if number in WITHOUT_STEP else 'Step'
    assert re.match(rf'# {kind} {number}: .+\n\n> .+', text), f'{lesson.name} needs a title, and a line that says what it buys'
    found = re.findall(r'^## (.+)$', text, re.M)
    wanted = [s for s in ARC if s != 'The step' or number not in WITHOUT_STEP]
    absent = [s for s in wanted if s not in found]
    assert not absent, f'{lesson.name} has no section {absent[0]}'
    assert [s for s in found if s in wanted] == wanted, f'{lesson.name} has its sections in another order: {found}'


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_standard(lesson):
    "A lesson has what the standard asks."
    lacks = missing(lesson)
    assert not lacks, '\n'.join([f'{lesson.name} lacks:', *lacks])


def cells(*texts): return [(nbformat.v4.new_markdown_cell if kind == 'md' else nbformat.v4.new_code_cell)(text) for kind, text in texts]


def test_the_standard_is_measured(tmp_path):
    "The report counts what it says it counts."
    said = [('md', '# Step 99: Nothing\n\n> A line'), ('code', '#| default_exp steps.step99'), ('code', 'from course_steps.all import *'), ('md', '## The question'),
            ('md', 'Eight words stand in this very first line.\n\nThen you can:\n\n- do\n- this\n- that'), ('code', '#| fig-alt: A curve that nobody else describes in these words\nplt.plot([1])'),
            ('md', '## The idea'), ('code', '#| hide\nimport os'), ('code', '#| fig-alt: Short\nplot_curves(result)'), ('md', '### Exercise 99.1: Easy\n\n★ Go on.'), ('md', '### Exercise 99.2: Bare\n\nGo on.')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells(*said)), tmp_path/'99_nothing.ipynb')
    report = {what: (found, good) for what, found, _, good in lesson_report(tmp_path/'99_nothing.ipynb')}
    assert report['words of its own'] == (20, False)
    assert report['missing sections'][0] == [s for s in ARC if s not in ('The question', 'The idea')]
    assert report['sections in the order of the arc'] == (True, True)
    assert report['lines of "After this lesson you can"'] == (3, True)
    assert report['pictures besides curves and mistakes'] == (1, False)
    assert report['before the first picture'] == ('16 words, 1 code cells', True)
    assert report['alternative texts that are too short'] == (['Short'], False)
    assert report['import cells'] == (1, True)
    assert report['code cells that are shown'] == (3, False)
    assert report['exercises without stars'] == (['99.2'], False)
    assert report['kinds of exercises that are missing'] == (['★★', '★★★'], False)


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_content(lesson):
    text, code = parts(lesson)
    number = int(lesson.stem[:2])
    assert code.count('assert ') >= 5
    assert 'fit_one_cycle(' in code
    assert text.count('<details>') == text.count('</details>')
    later = [int(n) for n in re.findall(r'course_steps\.steps\.step(\d+)', code) if int(n) >= number]
    assert not later, f'{lesson.name} imports step {later}'


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_quiz(lesson):
    from course_steps.core import CourseError
    from course_steps.teach.quiz import read_quiz, show_quiz
    number, fault = int(lesson.stem[:2]), None
    try: questions = read_quiz(number)
    except CourseError as e: fault = str(e)
    assert not fault, f'{lesson.name}: {fault}'
    assert len(questions) >= 4, f'{lesson.name} has a quiz of {len(questions)} questions, but needs at least 4'
    cells = [c for c in nbformat.read(lesson, 4).cells if c.cell_type == 'code' and f'show_quiz({number})' in c.source]
    assert cells, f'{lesson.name} does not show its quiz: write show_quiz({number}) below ## Quiz'
    stored = ''.join(o.get('data', {}).get('text/html', '') for o in cells[0].outputs)
    assert stored == show_quiz(number)._repr_html_(), f'{lesson.name} stores another quiz than {lesson.stem}.quiz.json: run show_quiz({number})'


def test_there_is_a_lesson_for_each_step():
    from course_steps.steps import STEPS
    assert [int(lesson.stem[:2]) for lesson in LESSONS] == sorted([*WITHOUT_STEP, *STEPS])


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_no_measured_figure_is_typed_into_prose(lesson):
    text, _ = parts(lesson)
    typed = re.findall(r'\b9\d\.\d+', text)
    assert not typed, f'{lesson.name} has {typed} typed into its prose: render them from results/'


@pytest.mark.parametrize('lesson', LESSONS, ids=lambda p: p.stem)
def test_exercises(lesson):
    "Each exercise has a check, and each check has a solution and wrong answers."
    text, code = parts(lesson)
    titles = re.findall(rf'^### Exercise ({int(lesson.stem[:2])}\.\d+): ', text, re.M)
    checks = re.findall(r'^@exercise\ndef (check_\w+)', code, re.M)
    assert 2 <= len(titles) <= 4, f'{lesson.name} has {len(titles)} exercises'
    assert len(titles) == len(checks), f'{lesson.name} has an exercise without a check, or a check without an exercise: {titles}, {checks}'
    for title, check in zip(titles, checks):
        assert f'#@title Solution of {title}\n' in code, f'{lesson.name} has no solution of {title}'
        assert f'test_exercise({check}, ' in code, f'{lesson.name} tries no wrong answers on {check}'
        assert f'\n{check}(' in code, f'{lesson.name} does not call {check}'

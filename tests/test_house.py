"The package keeps its own rules: what a module may import, how long its parts are, and that each explains itself."
import ast
import tokenize
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from statistics import median

from conftest import ROOT

# From low to high: a module imports from its own row and from rows above it in this list, never from a row below.
# A name stands for a module, or for all modules in a folder. `course_steps` is the package's own `__init__.py`, which runs before all others.
ROWS = ['core', 'tune', 'course_steps', 'images pictures data', 'layers', 'calls', 'read_packed quantize', 'step', 'callbacks', 'results', 'steps', 'weights', 'checkpoint',
        'learner', 'evidence', 'teach', 'challenge', 'look', 'sweep predict export', 'commandline', 'cli', 'all']
RANK = {room: rank for rank, row in enumerate(ROWS) for room in row.split()}
LATE, LONG, WIDE, FILE, STEP = 10, 0.005, 120, 250, 35  # Imports inside functions; share of long lines; characters; lines of a file; of a step
AT_LENGTH = ['teach/checks.py'] # One function for each exercise of the course


class Module:
    "The parsed source of a file of the package; none of it is imported."
    def __init__(self, file, package):
        self.file, self.path = file, file.relative_to(package)
        self.text = file.read_text(encoding='utf-8')
        self.lines, self.tree = self.text.splitlines(), ast.parse(self.text)
        parts = self.path.with_suffix('').parts
        self.is_package = parts[-1] == '__init__'
        self.name = '.'.join(('course_steps', *parts[:-1 if self.is_package else None]))
        self.room = self.name.split('.')[1] if self.name != 'course_steps' else self.name

    @cached_property
    def comments(self):
        "Line number -> comment."
        with self.file.open('rb') as f:
            return {t.start[0]: t.string for t in tokenize.tokenize(f.readline) if t.type == tokenize.COMMENT}

    def at(self, node): return f'course_steps/{self.path.as_posix()}:{node.lineno}'

    def imports(self):
        "(line, full name) of each name imported from this package, even inside functions."
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names if alias.name.split('.')[0] == 'course_steps')
            if isinstance(node, ast.ImportFrom):
                base = self.name.split('.')[:len(self.name.split('.')) - node.level + self.is_package] if node.level else []
                parts = [*base, *(node.module or '').split('.')] if node.module else base
                if parts[0] == 'course_steps': yield from ((node, '.'.join([*parts, alias.name])) for alias in node.names)
            if isinstance(node, ast.Call) and getattr(node.func, 'attr', getattr(node.func, 'id', '')) in ('import_module', '__import__'):
                names = [a.value for a in node.args if isinstance(a, ast.Constant) and str(a.value).split('.')[0] in ('course_steps', '')]
                yield from ((node, name if name[0] != '.' else self.name.rpartition('.')[0] + name) for name in names)

    def late_imports(self):
        "Import statements inside functions."
        inside = {id(n): n for f in functions(self.tree) for n in ast.walk(f) if isinstance(n, (ast.Import, ast.ImportFrom))}
        return list(inside.values())


def functions(tree): return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def read(package):
    "Name -> `Module` for each file of a package, except nbdev's generated index."
    return {m.name: m for m in (Module(f, package) for f in sorted(package.rglob('*.py')) if f.name != '_modidx.py')}


MODULES = read(ROOT/'course_steps')


def edges(modules):
    "(importing module, line, name of the imported module), for modules by name; a name inside a module stands for the module."
    for module in modules.values():
        for node, name in module.imports():
            while name not in modules and '.' in name: name = name.rpartition('.')[0]
            if name != module.name: yield module, node, name


def cycle(modules):
    "Names of modules that import each other in a ring; [] if there are none."
    graph = {name: set() for name in modules}
    for module, _, name in edges(modules): graph[module.name].add(name)
    try: TopologicalSorter(graph).prepare()
    except CycleError as e: return e.args[1]
    return []


def listed(found): return '\n' + '\n'.join(found)


def upwards(modules):
    "Imports from a higher room, as text."
    return [f'{m.at(node)} imports {name}' for m, node, name in edges(modules) if name != 'course_steps' and RANK[modules[name].room] > RANK[m.room]]


def test_each_module_has_its_place():
    strangers = sorted({m.room for m in MODULES.values()} - RANK.keys())
    assert not strangers, f'Add {strangers} to ROWS in this test, between the rooms where they belong'


def test_no_modules_import_each_other():
    ring = cycle(MODULES)
    assert not ring, ' imports '.join(reversed(ring))


def test_imports_lead_downwards():
    found = upwards(MODULES)
    assert not found, listed(found)


def test_what_is_hidden_in_a_function_is_found(tmp_path):
    "The two tests above see an import that runs late, one of a whole folder, and one by its name."
    package = tmp_path/'course_steps'
    files = {'__init__': 'from . import tune', 'core': '', 'tune': '', 'layers': 'def f():\n    from .learner import fit', 'learner': 'from course_steps import layers',
             'evidence/__init__': '', 'evidence/tables': 'from ..teach import quiz', 'teach/__init__': '',
             'teach/quiz': 'from importlib import import_module\nimport_module("course_steps.cli")', 'cli': 'import course_steps\nfrom . import __version__'}
    for name, text in files.items():
        (package/name).parent.mkdir(parents=True, exist_ok=True)
        (package/f'{name}.py').write_text(text)
    modules = read(package)
    assert set(cycle(modules)) == {'course_steps.layers', 'course_steps.learner'}
    assert upwards(modules) == ['course_steps/evidence/tables.py:1 imports course_steps.teach.quiz', 'course_steps/layers.py:2 imports course_steps.learner',
                                'course_steps/teach/quiz.py:2 imports course_steps.cli']
    assert [modules['course_steps.layers'].at(n) for n in modules['course_steps.layers'].late_imports()] == ['course_steps/layers.py:2']


def test_imports_inside_functions_are_few_and_say_why():
    late = [(m, node) for m in MODULES.values() if m.room != 'cli' for node in m.late_imports()]
    unsaid = [m.at(node) for m, node in late if not any(line in m.comments for line in range(node.lineno, node.end_lineno + 1))]
    assert not unsaid, f'{len(unsaid)} imports inside functions without a reason on their line:{listed(unsaid)}'
    assert len(late) <= LATE, f'{len(late)} imports inside functions:{listed(m.at(node) for m, node in late)}'


def test_few_lines_are_long():
    lines = [(m, n, len(line)) for m in MODULES.values() for n, line in enumerate(m.lines, 1)]
    wide = [f'course_steps/{m.path.as_posix()}:{n} has {length}' for m, n, length in lines if length > WIDE]
    assert len(wide) <= LONG*len(lines), f'{len(wide)} of {len(lines)} lines are longer than {WIDE}:{listed(wide)}'


def test_no_function_returns_any():
    found = [f'{m.at(f)} {f.name}' for m in MODULES.values() for f in functions(m.tree) if f.returns and 'Any' in names(f.returns)]
    assert not found, listed(found)


def names(annotation):
    "The last part of each name in an annotation, even of a quoted one."
    nodes = list(ast.walk(annotation))
    for quoted in [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]: nodes += ast.walk(ast.parse(quoted, mode='eval'))
    return {getattr(n, 'attr', getattr(n, 'id', None)) for n in nodes}


def test_files_are_short():
    long = [f'course_steps/{m.path.as_posix()} has {len(m.lines)}' for m in MODULES.values() if len(m.lines) > FILE and m.path.as_posix() not in AT_LENGTH]
    assert not long, listed(long)


def test_recipes_are_short():
    lengths = {m.path.name: len(m.lines) for m in MODULES.values() if m.path.match('steps/step*.py')}
    assert len(lengths) >= 8 and median(lengths.values()) <= STEP, lengths


def public():
    "(module, function or class) for the public names of all modules."
    return [(m, n) for m in MODULES.values() for n in m.tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and n.name[0] != '_']


def made_by(thing):
    "The function that is called: for a class its `__init__`, if it defines one."
    if not isinstance(thing, ast.ClassDef): return thing
    return next((f for f in thing.body if isinstance(f, ast.FunctionDef) and f.name == '__init__'), thing)


def parameters(thing):
    "(line number, name) of a function's parameters, or of the fields of a class."
    if isinstance(thing, ast.ClassDef): return [(n.lineno, n.target.id) for n in thing.body if isinstance(n, ast.AnnAssign)]
    args = (*thing.args.posonlyargs, *thing.args.args, *thing.args.kwonlyargs)
    return [(a.lineno, a.arg) for a in args if a.arg not in ('self', 'cls')]


def without_docment(thing, comments):
    "The parameters of a function or class that have no comment of their own, beside or above them, by the rules of `fastcore.docments`."
    thing = made_by(thing)
    lines = dict(parameters(thing))                           # A comment describes the last parameter on its line
    def above(line): return line - 1 in comments and line - 1 not in lines and line - 1 > thing.lineno
    return [name for line, name in parameters(thing) if lines[line] != name or not (line in comments or above(line))]


def test_public_names_say_what_they_do():
    silent = [f'{m.at(n)} {n.name}' for m, n in public() if not ast.get_docstring(n)]
    assert not silent, listed(silent)


def test_docments_are_read_as_fastcore_reads_them():
    lines = ['# Not of x', 'def f(x, y=1): pass', 'def g(', '    a, # Of a', '    # Of b', '    b, c=1, # Of c', '    *args, d=2, # Of d', '    e=3', '): # What it gives', '    pass',
             'class C:', '    def __init__(self, m, # Of m', '                 n): # Of n', '        self.m = m', 'class D:', '    p:int # Of p', '    q:int = 0']
    comments = {n: line for n, line in enumerate(lines, 1) if '#' in line}
    assert [without_docment(thing, comments) for thing in ast.parse('\n'.join(lines)).body] == [['x', 'y'], ['b', 'e'], [], ['q']]


def test_public_names_say_what_they_take():
    silent = [f'{m.at(n)} {n.name}: {", ".join(missing)}' for m, n in public() if (missing := without_docment(n, m.comments))]
    assert not silent, f'{len(silent)} with a parameter that no comment explains:{listed(silent)}'

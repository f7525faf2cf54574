"Hostile submissions: each tries to get onto the leaderboard with something else than a small network that learned from the training images."
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from course_steps.challenge.contest import challenge
from course_steps.challenge.described import check_described, describe_network
from course_steps.challenge.isolated import run_apart, train_submission
from course_steps.challenge.limits import landlock_version
from course_steps.challenge.submission import Rules, read_submission
from course_steps.cli import main
from course_steps.core import CourseError
from course_steps.results import Run

SHORT = Run(0, 'digits', epochs=1, device='cpu')
HONEST = '''import torch, os, sys, gc
from torch import nn
import torch.nn.functional as F
from course_steps.layers import conv_net
lr_max, bs = 5e-2, 64
def model(): return conv_net([(4,3), 'pool', (8,3), 'pool', (10,3), 'gap', (10,1)], norm=True)
honest = model
class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = honest()
'''
LARGE = "nn.Sequential(nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 10))"
FAKE = "dict(step=0, data='digits', epochs=1, seed=0, holdout=0, device='cpu', lr_max=.05, bs=64, params=1, checksum='x', train_acc_running=100., train_acc=100., test_acc=100., seconds=1.)"

# These run, and get exactly what the network is worth that they describe
IN_VAIN = {
    'accuracy is patched': 'import course_steps.learner as l, course_steps.callbacks as c\nl.accuracy = lambda pred, y: torch.tensor(1.)\nc.percent = l.percent = lambda fraction: 100.',
    'the result is patched': 'from course_steps.results import Result\nimport json\nkept = Result.to_json\nResult.to_json = lambda self: json.dumps({**json.loads(kept(self)), "test_acc": 100., "wrong": []})',
    'the training is repeated': 'import course_steps.learner\nfrom fastai.learner import Learner\nonce = Learner.fit_one_cycle\ndef often(self, *args, **kwargs):\n    for _ in range(5): once(self, *args, **kwargs)\nLearner.fit_one_cycle = often',
    'weights were trained before': '''
def model():
    net, (x, y) = honest(), (torch.rand(200, 1, 28, 28), torch.arange(200) % 10)
    adam = torch.optim.Adam(net.parameters())
    for _ in range(5): adam.zero_grad(), F.cross_entropy(net(x), y).backward(), adam.step()
    torch.manual_seed(0)
    return net''',
    'forward looks for the labels': '''
class Peeks(Around):
    def forward(self, x):
        learn = next((o for o in gc.get_objects() if type(o).__name__ == 'Learner'), None)
        if learn is not None and not self.training: return F.one_hot(learn.yb[0].long(), 10).float().as_subclass(torch.Tensor)
        return self.net(x)
model = Peeks''',
}

# These describe the same network as an honest submission, whatever else they hide
DISGUISED = {
    'forward differs after the training': f'''
class Differs(Around):
    hidden = [{LARGE}]
    def forward(self, x): return self.net(x) if self.training else self.hidden[0](x)
model = Differs''',
    'a hook replaces the logits': f'''
def model():
    net, hidden = honest(), {LARGE}
    net.flatten.register_forward_hook(lambda m, x, out: out*0 + 7)
    net.register_forward_hook(lambda m, x, out: hidden(x[0]))
    return net''',
    'the network grows': '''
class Grows(Around):
    def forward(self, x):
        if self.training: self.late = nn.Linear(10, 10)
        return self.net(x)
model = Grows''',
    'frozen weights are prepared': 'def model():\n    net = honest()\n    for p in net.parameters(): p.requires_grad_(False).fill_(7)\n    return net',
    'statistics are prepared': 'def model():\n    net = honest()\n    for name, b in net.named_buffers(): b.fill_(9)\n    return net',
}

# These are refused, with a sentence that contains these words
REFUSED = {
    'an answer file': (f'import json\nfor folder in (".", ".."):\n    try: open(folder + "/answer.json", "w").write(json.dumps({FAKE}))\n    except OSError: pass\nos._exit(0)', 'ended without a result'),
    'an answer on every descriptor': (f'import json\nfor fd in range(1, 30):\n    try: os.write(fd, json.dumps({FAKE}).encode() + b"\\n")\n    except OSError: pass\nos._exit(0)', 'does not say what its network is'),
    'an answer without end': ('for fd in range(3, 30):\n    try: os.write(fd, b"x"*3_000_000)\n    except OSError: pass', 'too long'),
    'the rules are changed': (f'from course_steps.challenge.submission import Rules\nimport course_steps.challenge.submission as s\nRules.check_size = lambda *args: None\ns.count_all = lambda m: 1\ndef model(): return {LARGE}', 'but the limit is 5,000'),
    'parameters() hides them': (f'class Hides(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.net = {LARGE}\n    def parameters(self, recurse=True): return iter([])\n    def forward(self, x): return self.net(x)\nmodel = Hides', 'but the limit is 5,000'),
    'augmented images are not numbers': ('from fasttransform import Transform\nclass NaN(Transform):\n    def encodes(self, x): return x*float("nan") if x.is_floating_point() else x\ndef augment(): return [NaN()]', 'The loss became nan'),
    'it kills itself': ('import signal\nos.kill(os.getpid(), signal.SIGKILL)', 'ended without a result, by signal 9'),
    'the data are in the environment': ('open(os.environ["COURSE_STEPS_DATA"])', 'KeyError'),
}

# These describe what the challenge does not know, or what is too large
UNKNOWN = {
    'the data set is memorized': ('''
from sklearn.datasets import load_digits
class Knows(Around):
    def forward(self, x):
        known = load_digits()
        return torch.stack([F.one_hot(torch.tensor(known.target[int((known.data.sum(1) - float(i.sum())).argmin())]), 10) for i in x]).float()
model = Knows''', 'cannot be traced'),
    'weights in plain attributes': ('class Plain(Around):\n    w = torch.randn(784, 10)\n    def forward(self, x): return x.flatten(1) @ self.w + self.net(x)\nmodel = Plain', 'does not know'),
    'weights in a closure': ('def model():\n    w = torch.randn(10, 784)\n    class Closed(Around):\n        def forward(self, x): return F.linear(x.flatten(1), w) + self.net(x)\n    return Closed()', 'does not know'),
    'weights in constants of a function': ('class Constant(Around):\n    def forward(self, x): return self.net(F.conv2d(x, torch.tensor([[[[.1]]]])))\nmodel = Constant', 'does not know'),
    'weights in 4,000 numbers': ('class Numbers(Around):\n    def forward(self, x):\n        x = self.net(x)\n        for i in range(4000): x = x*(1 + i/1e6)\n        return x\nmodel = Numbers', 'cannot be built: it has over 1000 calls'),
    'weights in running statistics': ('def model(): return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784, affine=False), nn.Linear(784, 5), nn.BatchNorm1d(5), nn.Linear(5, 10))', 'It has 5,563 parameters'),
    'weights in a list': (f'class Listed(Around):\n    def __init__(self):\n        super().__init__()\n        self.hidden = [{LARGE}]\n    def forward(self, x): return self.hidden[0](x)\nmodel = Listed', 'cannot be traced'),
    'a layer that calls itself one of PyTorch': ('class Conv2d(nn.Conv2d):\n    extra = torch.ones(1)\n    def forward(self, x): return super().forward(x)*self.extra\nConv2d.__module__ = "torch.nn.modules.conv"\ndef model(): return nn.Sequential(Conv2d(1, 10, 28), nn.Flatten())', 'does not know'),
    'statistics of the test images': ('def model(): return nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), *honest())', 'by the images of a batch'),
    'images of a batch know each other': ('class Mixes(Around):\n    def forward(self, x): return self.net(x).softmax(0)\nmodel = Mixes', 'does not know'),
    'activations fill the memory': ('def model(): return nn.Sequential(nn.ZeroPad2d(3000), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 10))', 'too many for batches of 64'),
}

# These are refused where Linux has the lock that forbids them: version of Landlock, source
LOCKED = {
    'the program is killed': (6, 'import signal\nos.kill(os.getppid(), signal.SIGKILL)'),
    'the package is changed': (1, 'import course_steps.learner as l\nopen(l.__file__, "a")'),
    'a finished run is forged': (1, 'open("FOLDER/runs.jsonl", "a")'),
    'the data are read': (1, 'open("FOLDER/labels").read()'),
    'other submissions are read': (1, 'os.listdir("FOLDER")'),
    'the memory of the judge is read': (1, 'open(f"/proc/{os.getppid()}/mem", "rb")'),
}


@pytest.fixture
def submit(tmp_path):
    "Write a submission that begins as an honest one."
    def write(source, name='evil.py'):
        file = tmp_path/'class'/name
        file.parent.mkdir(exist_ok=True)
        file.write_text(HONEST + source)
        return file
    return write


def described(file):
    "What the process of a submission tells the course, found in this process."
    return json.loads(json.dumps(describe_network(read_submission(file).model())))


def reason(file, run=SHORT):
    "Why a submission is refused; the test fails if it is not."
    with pytest.raises(CourseError) as e: train_submission(file, run)
    assert len(str(e.value)) < 500 and '\n' not in str(e.value)
    return str(e.value)


@pytest.fixture(scope='module')
def honest(tmp_path_factory):
    "What the network of an honest submission is worth."
    file = tmp_path_factory.mktemp('honest')/'honest.py'
    file.write_text(HONEST)
    return train_submission(file, SHORT)


@pytest.mark.parametrize('name', IN_VAIN)
def test_no_attack_gets_more_than_its_network_is_worth(name, submit, honest):
    found = train_submission(submit(IN_VAIN[name]), SHORT)
    assert 30 < honest.test_acc < 100
    assert (found.test_acc, found.wrong, found.params, found.epochs) == (honest.test_acc, honest.wrong, honest.params, 1)


@pytest.mark.parametrize('name', DISGUISED)
def test_what_is_not_described_is_not_there(name, submit):
    assert described(submit(DISGUISED[name])) == described(submit(''))


@pytest.mark.parametrize('name', UNKNOWN)
def test_what_is_unknown_or_too_large_is_refused(name, submit):
    source, why = UNKNOWN[name]
    with pytest.raises(CourseError, match=re.escape(why)): check_described(described(submit(source)), 64)


@pytest.mark.parametrize('name', REFUSED)
def test_no_answer_counts_but_a_description(name, submit):
    source, why = REFUSED[name]
    assert why in reason(submit(source))


@pytest.mark.parametrize('name', LOCKED)
def test_the_lock_forbids_the_rest(name, submit, tmp_path):
    version, source = LOCKED[name]
    if landlock_version() < version: pytest.skip('This kernel has no such lock')
    (tmp_path/'labels').write_text('7')
    assert 'PermissionError' in reason(submit(source.replace('FOLDER', str(tmp_path))))


@pytest.mark.skipif(sys.platform == 'win32', reason='There are no such limits')
def test_memory_and_files_have_limits(submit):
    assert 'MemoryError' in reason(submit('bytes(5*2**30)')) or sys.platform != 'linux'
    assert 'OSError' in reason(submit('open("large", "wb").write(bytes(2**25))'))


def test_numbers_in_a_network_count(submit):
    found = train_submission(submit('class Scaled(Around):\n    def forward(self, x): return F.leaky_relu(self.net(x)*0.5 + 1, 0.3)\nmodel = Scaled'), SHORT)
    assert found.params == 1188 + 3


def test_names_and_errors_are_harmless(tmp_path, capsys):
    "Control characters, HTML and formulas, in the name of a file and in an error, on the terminal, on the page and in the table."
    folder, out = tmp_path/'class', tmp_path/'out'
    folder.mkdir()
    (folder/'=cmd()\x1b[2J\u202e<img src=x>.py').write_text(r'raise ValueError("\x1b]0;evil\x07 <script>alert(1)</script> \u202e" + "x"*10_000)')
    (folder/'net.py').write_text(HONEST)
    assert main(['challenge', str(folder), '--epochs', '1', '--data', 'digits', '--out', str(out)]) == 0
    said, page, table = capsys.readouterr(), (out/'leaderboard.html').read_text(), (out/'leaderboard.csv').read_text()
    for text in (said.out, said.err, page, table): assert not {c for c in text if not c.isprintable()} - {'\n'}
    assert '<script' not in page and '<img src=x>' not in page and '&lt;img src=x&gt;' in page
    assert "'=cmd()" in table and r'\x1b[2J\u202e' in said.out and 'x'*400 not in said.out
    (tmp_path/'\x1b[2J.txt').write_text('')
    assert main(['challenge', str(tmp_path/'\x1b[2J.txt')]) == 2 and '\x1b' not in capsys.readouterr().err


def running(seconds):
    "Processes that sleep for so long."
    return [p.name for p in Path('/proc').glob('[0-9]*') if f'sleep\0{seconds}\0'.encode() in read(p/'cmdline')]


def read(file):
    try: return file.read_bytes()
    except OSError: return b''


def wait(what):
    "Whether something comes true within a minute."
    return any(what() or time.sleep(0.1) for _ in range(600))


FLEES = "\nif not os.fork():\n    os.setsid()\n    if not os.fork(): os.execvp('sleep', ['sleep', '{}'])\n    os._exit(0)\n"


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='Only Linux lets a process adopt orphans')
@pytest.mark.parametrize('then', ['', 'import time; time.sleep(4545)', '1/0'])
def test_nothing_outlives_a_submission(then, submit):
    "By fork and setsid, whether it finishes, hangs or fails."
    file = submit(FLEES.format(4545) + then)
    try: run_apart(file, SHORT, Rules(minutes=0.4 if 'sleep' in then else 5))
    except CourseError as e: assert then and ('time limit' in str(e) or 'ZeroDivisionError' in str(e))
    assert not running(4545)


@pytest.mark.skipif(not Path('/proc').is_dir(), reason='Only Linux lets a process adopt orphans')
@pytest.mark.parametrize('name', ['SIGTERM', 'SIGKILL', 'SIGHUP'])
def test_nothing_outlives_the_program(name, submit):
    file = submit(FLEES.format(4646) + 'import time; time.sleep(4646)')
    process = subprocess.Popen([sys.executable, '-c', 'import sys; from course_steps.cli import main; sys.exit(main())', 'challenge', str(file),
                                '--epochs', '1', '--out', str(file.parent/'out')], env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert wait(lambda: running(4646))
    process.send_signal(getattr(signal, name))
    process.wait()
    assert wait(lambda: not running(4646))


def test_what_an_honest_submission_may_do(submit, tmp_path):
    "Layers, functions, branches, transforms of its own, files in its own folder."
    file = submit('''
from fasttransform import Transform
from fastai.vision.all import Rotate, RandomErasing
from course_steps.steps.step8 import augment as rotate
class Noise(Transform):
    split_idx = 0
    def encodes(self, x): return x + 0.01*torch.randn_like(x) if x.is_floating_point() else x
def augment(): return [*rotate(), Noise(), RandomErasing(p=0.5)]
class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.bn, self.out = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Linear(8, 10)
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn(self.a(x))), 2)
        x = F.dropout(F.gelu(x + self.b(x)), 0.05, self.training)
        return F.log_softmax(self.out(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1)), dim=-1)
model = Mine
open('note.txt', 'w').write('x')
''')
    entries = challenge(file, data='digits', epochs=1, out=tmp_path/'out')
    assert len(entries[0].runs) == 1 and entries[0].params == 8*9 + 8 + 8*8*9 + 8 + 16 + 8*10 + 10

"Tests on the real MNIST: set COURSE_STEPS_MNIST to a folder that has it."
import os

import pytest

folder = os.environ.get('COURSE_STEPS_MNIST')
pytestmark = pytest.mark.skipif(not folder, reason='COURSE_STEPS_MNIST is not set to a folder with MNIST')


def test_mnist_is_recognized_by_its_content():
    from course_steps.images import load_set
    mnist = load_set(folder)
    assert mnist.name == 'mnist'
    assert (len(mnist.train[1]), len(mnist.test[1])) == (60_000, 10_000)
    assert [round(s, 4) for s in mnist.stats] == [0.1307, 0.3081]


def test_an_epoch_of_loading_has_every_image():
    from course_steps.data import get_dls
    dls = get_dls(folder, device='cpu')
    assert sum(len(yb) for _, yb in dls.train) == 60_000//128*128
    assert sum(len(yb) for _, yb in dls.valid) == 10_000


def test_published_weights_keep_their_published_accuracy():
    import torch
    from course_steps.data import get_dls
    from course_steps.predict import default_weights
    from course_steps.weights import load_weights
    from course_steps.results import of_step
    model, meta = load_weights(default_weights())
    dls = get_dls(folder, device='cpu')
    with torch.no_grad(): right = sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in dls.valid)
    published = [r for r in of_step(meta['step']) if r.seed == meta.get('seed', 0)][0]
    assert abs(right/100 - published.test_acc) < 0.03
    assert published.checksum == meta['checksum'] == dls.images.checksum

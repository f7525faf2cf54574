"An epoch of step 8 as the original trains it: torchvision on each image, two workers, `.item()` on each batch."
import json
from time import perf_counter

import torch
import torch.nn.functional as F
from fastcore.script import call_parse
from per_image import PerImage
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import transforms

from course_steps.images import load_set
from course_steps.layers import count_params

MEAN, STD = 0.1307, 0.3081


def block(ni, nf):
    "Convolution, batch normalization, ReLU and dropout."
    return nn.Sequential(nn.Conv2d(ni, nf, 3, bias=False), nn.BatchNorm2d(nf), nn.ReLU(), nn.Dropout(0.05))


class Net(nn.Module):
    "The network of step 8 of the original, 5,016 parameters."
    def __init__(self):
        super().__init__()
        self.convblock1, self.convblock2 = block(1, 8), block(8, 16)
        self.convblock3 = nn.Sequential(nn.Conv2d(16, 8, 1, bias=False), nn.ReLU())
        self.pool1 = nn.MaxPool2d(2, 2)
        self.convblock4, self.convblock5 = block(8, 8), block(8, 16)
        self.convblock6, self.convblock7 = block(16, 8), block(8, 8)
        self.gap = nn.AvgPool2d(4)
        self.convblock8 = nn.Conv2d(8, 10, 1, bias=False)

    def forward(self, x):
        x = self.pool1(self.convblock3(self.convblock2(self.convblock1(x))))
        x = self.convblock7(self.convblock6(self.convblock5(self.convblock4(x))))
        return F.log_softmax(self.convblock8(self.gap(x)).view(-1, 10), dim=-1)


def train(model, device, loader, optimizer):
    "Train one epoch; returns the loss and accuracy of each batch."
    model.train()
    losses, accs, correct, processed = [], [], 0, 0
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        y_pred = model(data)
        loss = F.nll_loss(y_pred, target)
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        correct += y_pred.argmax(dim=1).eq(target).sum().item()
        processed += len(data)
        accs.append(100*correct/processed)
    return losses, accs


def test(model, device, loader):
    "Accuracy in percent."
    model.eval()
    correct = 0
    with torch.no_grad():
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            correct += model(data).argmax(dim=1).eq(target).sum().item()
    return 100*correct/len(loader.dataset)


@call_parse
def main(
    data:str='auto', # Name of a data set, or a folder with IDX files
    device:str='cpu', # cpu or cuda
    images:int=None, # Training images, for a quick try; default: all
):
    "Seconds of an epoch of step 8 as the original trains it."
    scale = [transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))]
    sets, kwargs = load_set(data), dict(batch_size=128, num_workers=2, pin_memory=device == 'cuda')
    turned = transforms.Compose([transforms.RandomRotation((-7.0, 7.0), fill=(0,)), *scale])
    train_loader = DataLoader(PerImage(*(t[:images] for t in sets.train), turned), shuffle=True, **kwargs)
    test_loader = DataLoader(PerImage(*sets.test, transforms.Compose(scale)), shuffle=False, **kwargs)
    model = Net().to(device)
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    start = perf_counter()
    train(model, device, train_loader, optimizer)
    acc = test(model, device, test_loader)
    print(json.dumps(dict(seconds=perf_counter() - start, test_acc=acc, params=count_params(model))))

"The usual pipeline: torchvision transforms on one PIL image at a time, stacked by worker processes."
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


class PerImage(Dataset):
    "Images as PIL pictures, as torchvision's MNIST class serves them."
    def __init__(self, images, labels, tfm):
        self.images, self.labels, self.tfm = images, labels, tfm
    def __len__(self): return len(self.labels)
    def __getitem__(self, i): return self.tfm(Image.fromarray(self.images[i].numpy())), int(self.labels[i])


def per_image_loader(images, bs=128, num_workers=2):
    "A DataLoader over the training part of an `ImageSet`, without augmentation."
    mean, std = images.stats
    tfm = transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])
    return DataLoader(PerImage(*images.train, tfm), batch_size=bs, shuffle=True, num_workers=num_workers)

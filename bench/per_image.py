"The usual pipeline: torchvision transforms on one PIL image at a time, stacked by two worker processes."
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image


class PerImage(Dataset):
    "Images as PIL pictures, as torchvision's MNIST class serves them."
    def __init__(self, images, labels, mean, std):
        self.images, self.labels = images, labels
        self.tfm = transforms.Compose([transforms.ToTensor(), transforms.Normalize((mean,), (std,))])
    def __len__(self): return len(self.labels)
    def __getitem__(self, i): return self.tfm(to_pil_image(self.images[i])), self.labels[i].item()


def per_image_loader(images, bs=128, num_workers=2):
    "A DataLoader over the training part of an `ImageSet`."
    return DataLoader(PerImage(*images.train, *images.stats), batch_size=bs, shuffle=True, num_workers=num_workers)

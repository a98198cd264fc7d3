"""A small ResNet: convolutions, batch normalization, overlapping max-pooling, a block that keeps its size and one that halves it."""

import torch
from torch import nn
from transformers.modeling_outputs import ImageClassifierOutput


class Block(nn.Module):
    def __init__(self, inner, outer, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outer)
        self.shortcut = nn.Identity() if inner == outer and stride == 1 else nn.Sequential(
            nn.Conv2d(inner, outer, 1, stride=stride, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """Images of 8 by 8 pixels to ten classes. The last norm is of one number a sample and channel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2))
        self.features = nn.Linear(32, 32, bias=False)
        self.last = nn.BatchNorm1d(32, momentum=0.3)
        self.head = nn.Linear(32, 10)

    def forward(self, pixel_values):
        x = self.pool(torch.relu(self.norm(self.conv(pixel_values))))
        x = self.blocks(x).mean((2, 3))
        x = torch.relu(self.last(self.features(x)))
        return ImageClassifierOutput(logits=self.head(x))

"""The networks in PyTorch, with the names of ours/Models.cpp, and the inputs of a model row."""
import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

import bench_numbers as numbers


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 512), nn.Linear(512, 512), nn.Linear(512, 10)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class MnistConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Block(nn.Module):
    def __init__(self, before, width, stride, bottleneck):
        super().__init__()
        out = width * (4 if bottleneck else 1)
        if bottleneck:
            self.conv1, self.conv2, self.conv3 = (nn.Conv2d(before, width, 1, bias=False),
                                                  nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.Conv2d(width, out, 1, bias=False))
            self.bn3 = nn.BatchNorm2d(out)
        else:
            self.conv1, self.conv2 = nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.bottleneck, self.downsample = bottleneck, None
        if stride != 1 or before != out:
            self.downsample = nn.Sequential(nn.Conv2d(before, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, blocks, bottleneck, small):
        super().__init__()
        self.small, before = small, 64
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False) if small else nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        for i, count in enumerate(blocks):
            layer = []
            for j in range(count):
                layer.append(Block(before, 64 << i, 2 if i and not j else 1, bottleneck))
                before = (64 << i) * (4 if bottleneck else 1)
            setattr(self, f"layer{i + 1}", nn.Sequential(*layer))
        self.fc = nn.Linear(before, 10 if small else 1000)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if not self.small:
            x = F.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def unit(before, out, kernel, stride, groups):
    return nn.Sequential(nn.Conv2d(before, out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False), nn.BatchNorm2d(out), nn.ReLU6())


class InvertedResidual(nn.Module):
    def __init__(self, before, out, stride, expand):
        super().__init__()
        hidden = before * expand
        self.add = stride == 1 and before == out
        parts = [unit(before, hidden, 1, 1, 1)] if expand != 1 else []
        parts += [unit(hidden, hidden, 3, stride, hidden), nn.Conv2d(hidden, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.conv = nn.Sequential(*parts)

    def forward(self, x):
        return x + self.conv(x) if self.add else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        parts, before = [unit(3, 32, 3, 2, 1)], 32
        for expand, out, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
            for i in range(count):
                parts.append(InvertedResidual(before, out, stride if i == 0 else 1, expand))
                before = out
        self.features = nn.Sequential(*parts, unit(before, 1280, 1, 1, 1))
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Vgg16(nn.Module):
    def __init__(self):
        super().__init__()
        parts, before = [], 3
        for out in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
            parts += [nn.Conv2d(before, out, 3, padding=1), nn.ReLU()] if out else [nn.MaxPool2d(2)]
            before = out or before
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Sequential(nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True) for _ in range(12))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.width, self.heads = width, heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.c_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, past=None):
        n, t, _ = x.shape
        q, k, v = (part.reshape(n, t, self.heads, -1).transpose(1, 2) for part in self.c_attn(self.ln_1(x)).split(self.width, 2))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=past is None)
        x = x + self.c_proj(y.transpose(1, 2).reshape(n, t, self.width))
        return x + self.c_out(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self, vocabulary, context, width, heads, layers):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(GptBlock(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, ids, keys=None, values=None):
        first = 0 if keys is None else keys.shape[3]
        x = self.wte(ids) + self.wpe(torch.arange(first, first + ids.shape[1]))
        for i, block in enumerate(self.h):
            x = block(x) if keys is None else block(x, (keys[i], values[i]))
        return self.ln_f(x) @ self.wte.weight.T


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(512, 512, 2, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def class_loss(y, t):
    return F.cross_entropy(y, t)


def token_loss(y, t):
    return F.cross_entropy(y.flatten(0, 1), t.flatten())


def square_loss(y, t):
    return F.mse_loss(y, t)


def has_images(spec):
    return spec.text("net") in ("lenet", "mnist", "mobilenet_v2", "vgg16") or spec.text("net").startswith("resnet")


def of(spec):
    """(network with its weights, inputs, target, loss, optimizer of parameters) of a model row, as numpy arrays."""
    batch, net = spec.number("batch"), spec.text("net")
    image = lambda channels, side: [numbers.uniform("x", (batch, channels, side, side))]
    labels = lambda classes: numbers.integers("t", (batch,), classes)
    sgd = lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, weight_decay=5e-4, fused=True)
    adam = lambda p: torch.optim.Adam(p, 1e-3, fused=True)
    adamw = lambda p: torch.optim.AdamW(p, 1e-4, fused=True)
    tokens = lambda name, length, limit: numbers.integers(name, (batch, length), limit)
    reals = lambda name, *shape: numbers.uniform(name, (batch, *shape))
    cache = lambda name: numbers.uniform(name, (12, batch, 12, 255, 64))
    rows = {
        "mlp": lambda: (Mlp(), [reals("x", 784)], labels(10), class_loss, adam),
        "lenet": lambda: (LeNet(), image(1, 28), labels(10), class_loss, adam),
        "mnist": lambda: (MnistConv(), image(1, 28), labels(10), class_loss, adam),
        "resnet18": lambda: (ResNet([2, 2, 2, 2], False, False), image(3, 224), labels(1000), class_loss, sgd),
        "resnet18_32": lambda: (ResNet([2, 2, 2, 2], False, True), image(3, 32), labels(10), class_loss, sgd),
        "resnet50": lambda: (ResNet([3, 4, 6, 3], True, False), image(3, 224), labels(1000), class_loss, sgd),
        "mobilenet_v2": lambda: (MobileNetV2(), image(3, 224), labels(1000), class_loss, sgd),
        "vgg16": lambda: (Vgg16(), image(3, 224), labels(1000), class_loss, sgd),
        "bert": lambda: (Bert(), [reals("x", 128, 768)], reals("t", 128, 768), square_loss, adamw),
        "gpt2": lambda: (Gpt(50257, 1024, 768, 12, 12), [tokens("x", 256, 50257)], tokens("t", 256, 50257), token_loss, adamw),
        "gpt2_token": lambda: (Gpt(50257, 1024, 768, 12, 12), [tokens("x", 1, 50257), cache("k"), cache("v")], None, None, None),
        "chargpt": lambda: (Gpt(65, 64, 128, 4, 4), [tokens("x", 64, 65)], tokens("t", 64, 65), token_loss, adamw),
        "lstm": lambda: (Lstm(), [reals("x", 64, 512)], reals("t", 64, 512), square_loss, adam),
    }
    model, inputs, target, loss, optimizer = rows[net]()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                value.copy_(torch.from_numpy(numbers.weight(name, tuple(value.shape))))
    return model, inputs, target, loss, optimizer

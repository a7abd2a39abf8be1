"""The table of workloads: one row a workload, `kind key=value ...` as every worker reads it (README.md has the keys)."""

GROUPS = {}


def group(name, rows):
    GROUPS[name] = rows


def dot(m, k, n, **more):
    return "dot " + " ".join(f"{key}={value}" for key, value in dict(m=m, n=n, k=k, **more).items())


group("dot", [dot(s, s, s) for s in (512, 1024, 2048)]
      + [dot(128, k, n) for k in (768, 3072) for n in (768, 3072)]
      + [dot(64, 784, 128), dot(64, 128, 784, tb=1), dot(128, 64, 784, ta=1),  # a layer's product and its two gradients
         dot(1, 3072, 768),
         dot(128, 64, 128, batch=12, tb=1), dot(128, 128, 64, batch=12),  # attention
         dot(127, 129, 131), dot(100, 300, 77), dot(33, 1000, 10)])


def conv(n, c, size, o, kernel, stride=1, padding=0, groups=1, passes=("forward", "input", "weight")):
    size = size if isinstance(size, tuple) else (size, size)
    kernel = kernel if isinstance(kernel, tuple) else (kernel,) * len(size)
    join = lambda values: ",".join(map(str, values))
    return [f"conv pass={p} n={n} c={c} size={join(size)} o={o} kernel={join(kernel)} stride={stride} padding={padding} groups={groups}"
            for p in passes]


# (channels, side, channels out, kernel, stride): every distinct convolution of ResNet-50
RESNET50 = [(3, 224, 64, 7, 2)]
for i, (inner, outer) in enumerate([(64, 256), (128, 512), (256, 1024), (512, 2048)]):
    before, side = (64, 56) if i == 0 else (outer // 2, 112 >> i)
    after = 56 >> i
    RESNET50 += [(before, side, inner, 1, 1), (inner, side, inner, 3, side // after), (inner, after, outer, 1, 1),
                 (before, side, outer, 1, side // after), (outer, after, inner, 1, 1), (inner, after, inner, 3, 1)]
RESNET50 = list(dict.fromkeys(RESNET50))

# every distinct convolution of MobileNetV2: (channels, side, channels out, kernel, stride, groups)
MOBILENET = [(3, 224, 32, 3, 2, 1)]
before, side = 32, 112
for expand, out, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
    for i in range(count):
        hidden, step = before * expand, stride if i == 0 else 1
        if expand != 1:
            MOBILENET.append((before, side, hidden, 1, 1, 1))
        MOBILENET.append((hidden, side, hidden, 3, step, hidden))
        side //= step
        MOBILENET.append((hidden, side, out, 1, 1, 1))
        before = out
MOBILENET.append((320, 7, 1280, 1, 1, 1))
MOBILENET = list(dict.fromkeys(MOBILENET))

group("conv", [row for batch in (1, 8) for c, side, o, k, s in RESNET50 for row in conv(batch, c, side, o, k, s, k // 2)]
      + [row for batch in (1, 8) for c, side, o, k, s, g in MOBILENET for row in conv(batch, c, side, o, k, s, k // 2, g)]
      + conv(8, 64, (1024,), 128, (5,), 1, 2)  # one dimension
      + conv(2, 16, (16, 32, 32), 32, (3, 3, 3), 1, 1)  # three
      + conv(8, 128, 32, 64, 4, 2, 1, passes=("input",)))  # what ConvTranspose2d(64, 128, 4, 2, 1) computes

group("memory", ["softmax shape=4096,1024", "softmax shape=1536,128", "layer_norm shape=4096,768", "batch_norm shape=32,64,56,56",
                 "gelu shape=512,3072", "dropout shape=512,3072", "cross_entropy shape=512,50000",
                 "embedding rows=50257 width=768 count=2048", "embedding_grad rows=50257 width=768 count=2048", "adam count=25000000",
                 "transpose shape=2048,2048 order=1,0", "transpose shape=32,64,56,56 order=0,2,3,1", "transpose shape=4,128,12,64 order=0,2,1,3",
                 "sum shape=4096,4096 dims=0", "sum shape=4096,4096 dims=1", "sum shape=64,256,1024 dims=1", "sum shape=4096,4096 dims=0,1"])

group("infer", [f"infer net={net} batch={batch}" for net in
                ("mlp", "lenet", "resnet18", "resnet50", "mobilenet_v2", "vgg16", "bert", "gpt2", "gpt2_token", "lstm") for batch in (1, 8)])

group("train", ["train net=mlp batch=64", "train net=mnist batch=64", "train net=resnet18_32 batch=32", "train net=resnet50 batch=4",
                "train net=bert batch=4", "train net=chargpt batch=12", "train net=lstm batch=32"])

group("call", ["call form=function", "call form=abi"])

group("object", ["object of=inference", "object of=step"])

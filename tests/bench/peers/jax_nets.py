"""The networks in JAX, with the names of nets.py, so that weights made from names agree. Images are channels-last inside, as XLA's CPU
convolutions are, and their weights are stored so."""
import jax
import jax.numpy as jnp
import numpy

import bench_numbers as numbers


class Scope:
    """Parameters and buffers by PyTorch's names. Without values it makes them, in PyTorch's shapes, and stores them in JAX's layouts."""

    def __init__(self, values=None, training=False):
        self.values, self.training, self.making = dict(values or {}), training, values is None
        self.buffers = {}  # new values of running means and variances

    def get(self, name, shape, order=None):
        if self.making and name not in self.values:
            value = numbers.weight(name, shape)
            self.values[name] = value if order is None else numpy.ascontiguousarray(value.transpose(order))
        return self.values[name]

    def linear(self, name, x, before, out):
        return x @ self.get(name + ".weight", (out, before), (1, 0)) + self.get(name + ".bias", (out,))

    def conv(self, name, x, out, kernel, stride=1, padding=0, groups=1, bias=False):
        w = self.get(name + ".weight", (out, x.shape[-1] // groups, kernel, kernel), (2, 3, 1, 0))
        y = jax.lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"),
                                         feature_group_count=groups)
        return y + self.get(name + ".bias", (out,)) if bias else y

    def batch_norm(self, name, x):
        width = x.shape[-1:]
        scale, shift = self.get(name + ".weight", width), self.get(name + ".bias", width)
        mean, var = self.get(name + ".running_mean", width), self.get(name + ".running_var", width)
        if self.training:
            old_mean, old_var, count = mean, var, x.size // x.shape[-1]
            mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
            self.buffers[name + ".running_mean"] = 0.9 * old_mean + 0.1 * mean
            self.buffers[name + ".running_var"] = 0.9 * old_var + 0.1 * var * (count / (count - 1))
        return (x - mean) * (jax.lax.rsqrt(var + 1e-5) * scale) + shift

    def layer_norm(self, name, x):
        width = x.shape[-1:]
        mean = x.mean(-1, keepdims=True)
        var = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(var + 1e-5) * self.get(name + ".weight", width) + self.get(name + ".bias", width)


def max_pool(x, kernel, stride, padding=0):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, kernel, kernel, 1), (1, stride, stride, 1),
                                 ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def rows_of(x):
    """Images as rows, in PyTorch's order of channels and places."""
    return x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)


def last(x):
    return x.transpose(0, 2, 3, 1)


def mlp(s, x):
    x = jax.nn.relu(s.linear("fc1", x, 784, 512))
    return s.linear("fc3", jax.nn.relu(s.linear("fc2", x, 512, 512)), 512, 10)


def lenet(s, x):
    x = max_pool(jax.nn.relu(s.conv("conv1", last(x), 6, 5, padding=2, bias=True)), 2, 2)
    x = max_pool(jax.nn.relu(s.conv("conv2", x, 16, 5, bias=True)), 2, 2)
    x = jax.nn.relu(s.linear("fc1", rows_of(x), 400, 120))
    return s.linear("fc3", jax.nn.relu(s.linear("fc2", x, 120, 84)), 84, 10)


def mnist(s, x):
    x = jax.nn.relu(max_pool(s.conv("conv1", last(x), 10, 5, bias=True), 2, 2))
    x = jax.nn.relu(max_pool(s.conv("conv2", x, 20, 5, bias=True), 2, 2))
    return s.linear("fc2", jax.nn.relu(s.linear("fc1", rows_of(x), 320, 50)), 50, 10)


def block(s, name, x, width, stride, bottleneck):
    out, before = width * (4 if bottleneck else 1), x
    if bottleneck:
        x = jax.nn.relu(s.batch_norm(name + "bn1", s.conv(name + "conv1", x, width, 1)))
        x = jax.nn.relu(s.batch_norm(name + "bn2", s.conv(name + "conv2", x, width, 3, stride, 1)))
        x = s.batch_norm(name + "bn3", s.conv(name + "conv3", x, out, 1))
    else:
        x = jax.nn.relu(s.batch_norm(name + "bn1", s.conv(name + "conv1", x, width, 3, stride, 1)))
        x = s.batch_norm(name + "bn2", s.conv(name + "conv2", x, width, 3, 1, 1))
    if stride != 1 or before.shape[-1] != out:
        before = s.batch_norm(name + "downsample.1", s.conv(name + "downsample.0", before, out, 1, stride))
    return jax.nn.relu(x + before)


def resnet(blocks, bottleneck, small):
    def forward(s, x):
        x = last(x)
        x = s.conv("conv1", x, 64, 3, 1, 1) if small else s.conv("conv1", x, 64, 7, 2, 3)
        x = jax.nn.relu(s.batch_norm("bn1", x))
        x = x if small else max_pool(x, 3, 2, 1)
        for i, count in enumerate(blocks):
            for j in range(count):
                x = block(s, f"layer{i + 1}.{j}.", x, 64 << i, 2 if i and not j else 1, bottleneck)
        return s.linear("fc", x.mean((1, 2)), x.shape[-1], 10 if small else 1000)

    return forward


def mobilenet_v2(s, x):
    def unit(name, x, out, kernel, stride, groups):
        return jax.nn.relu6(s.batch_norm(name + "1", s.conv(name + "0", x, out, kernel, stride, (kernel - 1) // 2, groups)))

    x, at = unit("features.0.", last(x), 32, 3, 2, 1), 1
    for expand, out, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(count):
            step, name, hidden, part = stride if i == 0 else 1, f"features.{at}.conv.", x.shape[-1] * expand, 0
            y = x
            if expand != 1:
                y, part = unit(name + "0.", y, hidden, 1, 1, 1), 1
            y = unit(f"{name}{part}.", y, hidden, 3, step, hidden)
            y = s.batch_norm(f"{name}{part + 2}", s.conv(f"{name}{part + 1}", y, out, 1))
            x, at = (x + y if step == 1 and x.shape[-1] == out else y), at + 1
    return s.linear("classifier", unit(f"features.{at}.", x, 1280, 1, 1, 1).mean((1, 2)), 1280, 1000)


def vgg16(s, x):
    x, at = last(x), 0
    for out in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
        x = jax.nn.relu(s.conv(f"features.{at}", x, out, 3, 1, 1, bias=True)) if out else max_pool(x, 2, 2)
        at += 2 if out else 1
    x = jax.nn.relu(s.linear("classifier.0", rows_of(x), 25088, 4096))
    return s.linear("classifier.4", jax.nn.relu(s.linear("classifier.2", x, 4096, 4096)), 4096, 1000)


def heads(x, count):
    return x.reshape(*x.shape[:2], count, -1)


def bert(s, x):
    for i in range(12):
        name = f"layers.{i}."
        inside = x @ s.get(name + "self_attn.in_proj_weight", (2304, 768), (1, 0)) + s.get(name + "self_attn.in_proj_bias", (2304,))
        q, k, v = (heads(part, 12) for part in jnp.split(inside, 3, -1))
        y = jax.nn.dot_product_attention(q, k, v).reshape(x.shape)
        x = s.layer_norm(name + "norm1", x + s.linear(name + "self_attn.out_proj", y, 768, 768))
        y = jax.nn.gelu(s.linear(name + "linear1", x, 768, 3072), approximate=False)
        x = s.layer_norm(name + "norm2", x + s.linear(name + "linear2", y, 3072, 768))
    return x


def gpt(vocabulary, context, width, count, layers):
    def forward(s, ids, keys=None, values=None):
        first = 0 if keys is None else keys.shape[3]
        tokens = s.get("wte.weight", (vocabulary, width))
        x = jnp.take(tokens, ids, 0) + s.get("wpe.weight", (context, width))[first:first + ids.shape[1]]
        for i in range(layers):
            name = f"h.{i}."
            inside = s.linear(name + "c_attn", s.layer_norm(name + "ln_1", x), width, 3 * width)
            q, k, v = (heads(part, count) for part in jnp.split(inside, 3, -1))
            if keys is not None:
                k, v = jnp.concatenate([keys[i].swapaxes(1, 2), k], 1), jnp.concatenate([values[i].swapaxes(1, 2), v], 1)
            y = jax.nn.dot_product_attention(q, k, v, is_causal=keys is None).reshape(x.shape)
            x = x + s.linear(name + "c_proj", y, width, width)
            y = jax.nn.gelu(s.linear(name + "c_fc", s.layer_norm(name + "ln_2", x), width, 4 * width), approximate=True)
            x = x + s.linear(name + "c_out", y, 4 * width, width)
        return s.layer_norm("ln_f", x) @ tokens.T

    return forward


def lstm(s, x):
    x = x.swapaxes(0, 1)
    for layer in range(2):
        w, r = (s.get(f"lstm.weight_{of}_l{layer}", (2048, 512), (1, 0)) for of in ("ih", "hh"))
        bias = s.get(f"lstm.bias_ih_l{layer}", (2048,)) + s.get(f"lstm.bias_hh_l{layer}", (2048,))

        def step(state, gates, r=r):
            h, c = state
            i, f, g, o = jnp.split(gates + h @ r, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((x.shape[1], 512))
        x = jax.lax.scan(step, (zero, zero), x @ w + bias)[1]
    return x.swapaxes(0, 1)


def class_loss(y, t):
    return -jnp.take_along_axis(jax.nn.log_softmax(y), t[..., None], -1).mean()


def square_loss(y, t):
    return ((y - t) ** 2).mean()


class Sgd:
    """Momentum 0.9 and decay 5e-4; the state is the momentum."""

    def start(self, p):
        return jax.tree.map(jnp.zeros_like, p)

    def update(self, p, g, state, step):
        momentum = jax.tree.map(lambda m, g, p: 0.9 * m + g + 5e-4 * p, state, g, p)
        return jax.tree.map(lambda p, m: p - 0.01 * m, p, momentum), momentum


class Adam:
    def __init__(self, rate, decay=0.0):
        self.rate, self.decay = rate, decay

    def start(self, p):
        return jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)

    def update(self, p, g, state, step):
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state[0], g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state[1], g)
        size, root = self.rate / (1 - 0.9**step), jnp.sqrt(1 - 0.999**step)
        return jax.tree.map(lambda p, m, v: p * (1 - self.rate * self.decay) - size * m / (jnp.sqrt(v) / root + 1e-8), p, m, v), (m, v)


def of(spec):
    """(function of a scope and inputs, inputs, target, loss, optimizer) of a model row."""
    batch, net = spec.number("batch"), spec.text("net")
    image = lambda channels, side: [numbers.uniform("x", (batch, channels, side, side))]
    labels = lambda classes: numbers.integers("t", (batch,), classes).astype("int32")
    tokens = lambda name, length, limit: numbers.integers(name, (batch, length), limit).astype("int32")
    reals = lambda name, *shape: numbers.uniform(name, (batch, *shape))
    cache = lambda name: numbers.uniform(name, (12, batch, 12, 255, 64))
    sgd, adam, adamw = Sgd(), Adam(1e-3), Adam(1e-4, 0.01)
    rows = {
        "mlp": lambda: (mlp, [reals("x", 784)], labels(10), class_loss, adam),
        "lenet": lambda: (lenet, image(1, 28), labels(10), class_loss, adam),
        "mnist": lambda: (mnist, image(1, 28), labels(10), class_loss, adam),
        "resnet18": lambda: (resnet([2, 2, 2, 2], False, False), image(3, 224), labels(1000), class_loss, sgd),
        "resnet18_32": lambda: (resnet([2, 2, 2, 2], False, True), image(3, 32), labels(10), class_loss, sgd),
        "resnet50": lambda: (resnet([3, 4, 6, 3], True, False), image(3, 224), labels(1000), class_loss, sgd),
        "mobilenet_v2": lambda: (mobilenet_v2, image(3, 224), labels(1000), class_loss, sgd),
        "vgg16": lambda: (vgg16, image(3, 224), labels(1000), class_loss, sgd),
        "bert": lambda: (bert, [reals("x", 128, 768)], reals("t", 128, 768), square_loss, adamw),
        "gpt2": lambda: (gpt(50257, 1024, 768, 12, 12), [tokens("x", 256, 50257)], tokens("t", 256, 50257), class_loss, adamw),
        "gpt2_token": lambda: (gpt(50257, 1024, 768, 12, 12), [tokens("x", 1, 50257), cache("k"), cache("v")], None, None, None),
        "chargpt": lambda: (gpt(65, 64, 128, 4, 4), [tokens("x", 64, 65)], tokens("t", 64, 65), class_loss, adamw),
        "lstm": lambda: (lstm, [reals("x", 64, 512)], reals("t", 64, 512), square_loss, adam),
    }
    return rows[net]()


def values_of(net, inputs):
    """All parameters and buffers of a network, by name."""
    scope = Scope()
    jax.eval_shape(lambda *x: net(scope, *x), *inputs)
    return jax.tree.map(jnp.asarray, scope.values)


def infer(spec):
    """(function of values and inputs, values, inputs)"""
    net, inputs, *_ = of(spec)
    return lambda values, *x: net(Scope(values), *x), values_of(net, inputs), inputs


def train(spec):
    """(step of (parameters, buffers, optimizer's state, count) and batch, which gives them anew and the loss; first state; batch)"""
    net, inputs, target, loss, optimizer = of(spec)
    values = values_of(net, inputs)
    buffers = {name: value for name, value in values.items() if "running_" in name}
    parameters = {name: value for name, value in values.items() if name not in buffers}

    def step(state, x, t):
        parameters, buffers, memory, count = state

        def objective(parameters):
            scope = Scope({**parameters, **buffers}, True)
            return loss(net(scope, x), t), scope.buffers

        (value, buffers), gradient = jax.value_and_grad(objective, has_aux=True)(parameters)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradient)))
        scale = jnp.minimum(1.0 / (norm + 1e-6), 1.0)
        gradient = jax.tree.map(lambda g: g * scale, gradient)
        parameters, memory = optimizer.update(parameters, gradient, memory, count)
        return (parameters, buffers, memory, count + 1), value

    return step, (parameters, buffers, optimizer.start(parameters), jnp.float32(1)), (inputs[0], target)

"""JAX, jitted: single operations here, networks in jax_nets.py."""
import os

import worker

# XLA's pool has as many threads as the process may use processors.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:worker.threads])
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if worker.threads > 1 else 'false'}"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax  # noqa: E402  (the environment comes first)
import jax.numpy as jnp  # noqa: E402

import bench_numbers as numbers  # noqa: E402
import jax_nets as nets  # noqa: E402


def conv(spec):
    size, kernel = spec.list("size"), spec.list("kernel")
    stride, padding, groups = spec.number("stride", 1), spec.number("padding", 0), spec.number("groups", 1)
    x = (spec.number("n"), spec.number("c"), *size)
    w = (spec.number("o"), x[1] // groups, *kernel)
    y = (x[0], w[0], *((s + 2 * padding - k) // stride + 1 for s, k in zip(size, kernel)))

    def f(a, b):
        return jax.lax.conv_general_dilated(a, b, (stride,) * len(size), [(padding, padding)] * len(size), feature_group_count=groups)

    if spec.text("pass") == "forward":
        return f, [numbers.uniform("x", x), numbers.uniform("w", w)]
    if spec.text("pass") == "input":
        return (lambda g, b: jax.linear_transpose(lambda a: f(a, b), jax.ShapeDtypeStruct(x, "float32"))(g)[0],
                [numbers.uniform("g", y), numbers.uniform("w", w)])
    return (lambda a, g: jax.linear_transpose(lambda b: f(a, b), jax.ShapeDtypeStruct(w, "float32"))(g)[0],
            [numbers.uniform("x", x), numbers.uniform("g", y)])


def operation(spec):
    u, kind = numbers.uniform, spec.kind
    if kind == "dot":
        m, n, k, batch = spec.number("m"), spec.number("n"), spec.number("k"), spec.number("batch", 0)
        ta, tb = spec.number("ta", 0), spec.number("tb", 0)
        lead = (batch,) if batch else ()
        a, b = lead + ((k, m) if ta else (m, k)), lead + ((n, k) if tb else (k, n))
        return lambda x, y: jnp.matmul(x.swapaxes(-1, -2) if ta else x, y.swapaxes(-1, -2) if tb else y), [u("a", a), u("b", b)]
    if kind == "conv":
        return conv(spec)
    if kind in ("embedding", "embedding_grad"):
        rows, width, count = spec.number("rows"), spec.number("width"), spec.number("count")
        i = numbers.integers("i", (count,), rows).astype("int32")
        if kind == "embedding":
            return lambda w, i: w[i], [u("w", (rows, width)), i]
        return lambda g, i: jnp.zeros((rows, width)).at[i].add(g), [u("g", (count, width)), i]
    if kind == "call" and spec.text("form") == "function":
        return lambda x: x + 1, [u("x", (1,))]
    if "shape" not in spec.values:
        raise worker.Unsupported(f"no JAX version of {kind}")
    shape = tuple(spec.list("shape"))
    x = [u("x", shape, 3)]
    if kind == "dropout":
        return lambda x, key: jnp.where(jax.random.bernoulli(key, 0.9, x.shape), x / 0.9, 0), x + [jax.random.key(0)]
    if kind == "softmax":
        return lambda x: jax.nn.softmax(x, -1), x
    if kind == "gelu":
        return lambda x: jax.nn.gelu(x, approximate=False), x
    if kind == "transpose":
        return lambda x: jnp.transpose(x, spec.list("order")), x
    if kind == "sum":
        return lambda x: jnp.sum(x, tuple(spec.list("dims"))), x
    if kind in ("layer_norm", "batch_norm"):
        axes = (-1,) if kind == "layer_norm" else (0, *range(2, len(shape)))
        width = shape[-1] if kind == "layer_norm" else shape[1]
        side = (width,) if kind == "layer_norm" else (width,) + (1,) * (len(shape) - 2)

        def norm(x, w, b):
            mean = x.mean(axes, keepdims=True)
            var = ((x - mean) ** 2).mean(axes, keepdims=True)
            return (x - mean) * jax.lax.rsqrt(var + 1e-5) * w.reshape(side) + b.reshape(side)

        return norm, x + [u("w", (width,)), u("b", (width,))]
    if kind == "cross_entropy":
        t = numbers.integers("t", shape[:1], shape[1]).astype("int32")

        def loss(x, t):
            return -jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], 1).mean()

        return jax.value_and_grad(loss), x + [t]
    raise worker.Unsupported(f"no JAX version of {kind}")


def to_arrays(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def stateful(step, state, inputs, arrays=lambda state, result: [result]):
    """What calls `step(state, *inputs)`, which gives the next state, whose memory it may reuse, and a result."""
    call = jax.jit(step, donate_argnums=0)

    def run():
        nonlocal state
        state, result = jax.block_until_ready(call(state, *inputs))
        return result

    return run, lambda result: arrays(state, result)


def adam(count):
    optimizer, p = nets.Adam(1e-3), jnp.asarray(numbers.uniform("p", (count,)))

    def step(state, g):
        p, memory, at = state
        p, memory = optimizer.update(p, g, memory, at)
        return (p, memory, at + 1), at

    state = (p, optimizer.start(p), jnp.float32(1))
    return stateful(step, state, [jnp.asarray(numbers.uniform("g", (count,)))], lambda state, result: [state[0]])


def prepare(spec):
    if spec.kind == "train":
        step, state, batch = nets.train(spec)
        return stateful(step, state, [jnp.asarray(value) for value in batch])
    if spec.kind == "adam":
        return adam(spec.number("count"))
    if spec.kind == "infer":
        function, values, inputs = nets.infer(spec)
        inputs = [values, *inputs]
    else:
        function, inputs = operation(spec)
    call, x = jax.jit(function), jax.tree.map(jnp.asarray, inputs)
    return lambda: jax.block_until_ready(call(*x)), to_arrays


worker.serve(prepare)

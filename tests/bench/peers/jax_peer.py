"""JAX, jitted: single operations and the MLP."""
import os

import worker

os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if worker.threads > 1 else 'false'} intra_op_parallelism_threads={worker.threads}"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax  # noqa: E402  (the environment comes first)
import jax.numpy as jnp  # noqa: E402

import bench_numbers as numbers  # noqa: E402


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
    if kind == "infer" and spec.text("net") == "mlp":
        sizes = [784, 512, 512, 10]
        w = [jnp.asarray(numbers.weight(f"fc{i + 1}.weight", (sizes[i + 1], sizes[i]))) for i in range(3)]
        b = [jnp.asarray(numbers.weight(f"fc{i + 1}.bias", (sizes[i + 1],))) for i in range(3)]

        def net(x):
            for i in range(3):
                x = x @ w[i].T + b[i]
                x = jax.nn.relu(x) if i < 2 else x
            return x

        return net, [u("x", (spec.number("batch"), 784))]
    if "shape" not in spec.values:
        raise worker.Unsupported(f"no JAX version of {kind}")
    shape = tuple(spec.list("shape"))
    x = [u("x", shape, 3)]
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


def prepare(spec):
    function, inputs = operation(spec)
    call, x = jax.jit(function), [jnp.asarray(value) for value in inputs]
    return lambda: jax.block_until_ready(call(*x)), lambda result: list(result) if isinstance(result, (tuple, list)) else [result]


worker.serve(prepare)

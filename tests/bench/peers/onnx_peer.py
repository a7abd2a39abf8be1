"""ONNX Runtime or OpenVINO (the argument: onnxruntime, openvino), on models that PyTorch exports in a process of its own."""
import glob
import hashlib
import os
import subprocess
import sys
import tempfile

import numpy

import worker

EXPORTED = ("infer", "dot", "conv", "softmax", "layer_norm", "gelu", "embedding", "transpose", "sum", "call")
which = sys.argv[1]
cache = os.path.join(os.environ.get("BENCH_CACHE", tempfile.gettempdir()), "onnx")


def export(spec):
    if spec.kind not in EXPORTED or (spec.kind == "conv" and spec.text("pass") != "forward"):
        raise worker.Unsupported(f"{which} has no {spec.kind}")
    words = [spec.kind] + [f"{key}={value}" for key, value in sorted(spec.values.items())]
    folder = os.path.join(cache, hashlib.sha256(" ".join(words).encode()).hexdigest()[:16])
    if not os.path.exists(f"{folder}/done"):
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "export.py"), folder, *words],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise worker.Unsupported("export failed: " + done.stderr.strip().splitlines()[-1])
        open(f"{folder}/done", "w").close()
    inputs = {os.path.basename(path)[:-4]: numpy.load(path) for path in glob.glob(f"{folder}/x*.npy")}
    return f"{folder}/model.onnx", inputs


def prepare(spec):
    path, inputs = export(spec)
    if which == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = worker.threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if worker.threads > 1 else "0")
        with worker.compiling():
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, inputs), lambda result: result
    import openvino

    with worker.compiling():
        model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": str(worker.threads), "PERFORMANCE_HINT": "LATENCY",
                                                            "INFERENCE_PRECISION_HINT": "f32"})
    request = model.create_infer_request()

    def run():
        result = request.infer(inputs, share_inputs=True)
        return [result[output] for output in model.outputs]

    return run, lambda result: result


worker.serve(prepare)

"""Writes the ONNX model of a row and its inputs to a folder: export.py FOLDER kind key=value ..."""
import sys

import numpy
import torch

import kernels
import nets
from worker import Spec

folder, spec = sys.argv[1], Spec(" ".join(sys.argv[2:]))
if spec.kind == "infer":
    model, inputs, *_ = nets.of(spec)
else:
    model, inputs = kernels.of(spec)
model.eval()
names = [f"x{i}" for i in range(len(inputs))]
torch.onnx.export(model, tuple(torch.from_numpy(x) for x in inputs), f"{folder}/model.onnx", input_names=names, dynamo=False,
                  opset_version=17, do_constant_folding=True)
for name, x in zip(names, inputs):
    numpy.save(f"{folder}/{name}.npy", x)

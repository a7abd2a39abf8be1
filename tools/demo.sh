#!/usr/bin/env bash
# Shows nnc at its main job, on a bare Debian 12 too: builds it, trains two networks on MNIST, compiles them to a shared
# object, and runs that from a plain C program. Run it again whenever you like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/packages.sh

if [ $# -ne 0 ]; then
  echo "usage: tools/demo.sh    (NNC_JOBS sets how much is compiled at once)"
  [ "$1" = --help ] && exit 0 || exit 2
fi
jobs=${NNC_JOBS:-$(nnc_jobs)}
cat <<END
This will
  1. install the Debian packages that are missing, of: ${NNC_PACKAGES[*]}
  2. configure and build build/release
  3. train a multi-layer perceptron and a convolutional network on the 60,000 digits of MNIST, and compile them ahead of
     time to build/demo/mlp/mnist.so and build/demo/conv/mnist.so (examples/mnist)
  4. build examples/mnist_c with cc, let it classify the 10,000 test digits with each mnist.so, and train on
with $jobs compilers at a time.
END

nnc_say "1/4 packages"
nnc_packages
nnc_say "2/4 build"
cmake --preset release -DNNC_EXAMPLES=ON --log-level=NOTICE >/dev/null
cmake --build build/release -j "$jobs"

demo=build/demo
mkdir -p "$demo/idx"
nnc_say "3/4 training"
for model in mlp conv; do
  build/release/examples/mnist/mnist --model "$model" --data examples/data/mnist --out "$demo"
done

nnc_say "4/4 the shared objects, used from C"
for file in examples/data/mnist/*.gz; do
  gunzip -c "$file" >"$demo/idx/$(basename "$file" .gz)"
done
for model in mlp conv; do
  echo "$model:"
  cc -std=c11 -O1 examples/mnist_c/main.c -I "$demo/$model" "$demo/$model/mnist.so" -o "$demo/$model/mnist_c" \
    -Wl,-rpath,"$PWD/$demo/$model"
  "$demo/$model/mnist_c" "$demo/idx" "$demo/$model/checkpoint.safetensors" "$demo/$model/scores.f32" \
    "$demo/$model/after.safetensors"
done

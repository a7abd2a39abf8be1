// Step 4 of docs/tutorial.md: a layer of the library brings its own parameters and their initial values.
#include "Options.h"
#include <nnc/nnc.h>

using namespace nnc;
namespace F = nn::functional;

constexpr int64_t batch = 64;
constexpr double rate = 0.1;

struct Classifier : nn::Callable<Classifier> {
  nn::Linear linear = module("linear", nn::Linear(784, 10));
  Tensor forward(Tensor pixels) { return linear(convert(flatten(pixels, 1), DType::f32) / 255); }
};

int main(int count, char **words) {
  Options options(count, words);
  Array images = data::readIdx(options.data + "/train-images-idx3-ubyte.gz");
  Array labels = data::readIdx(options.data + "/train-labels-idx1-ubyte.gz").to(DType::i64);

  manual_seed(0);
  Classifier model;

  auto step = compile(
      [=](Tensor pixels, Tensor labels) {
        Tensor loss = F::cross_entropy(model(pixels), labels);
        auto parameters = model.parameters();
        auto gradients = grad(loss, {parameters.begin(), parameters.end()});
        for (size_t i = 0; i < parameters.size(); ++i)
          parameters[i].update(parameters[i] - rate * gradients[i]);
        return loss;
      },
      {u8({batch, 28, 28}), i64({batch})});

  for (int64_t i = 0; i < options.digits / batch; ++i) {
    int64_t first = i * batch;
    Array loss = step(images.rows(first, first + batch), labels.rows(first, first + batch))[0];
    if (i % 100 == 0)
      std::printf("step %3d  loss %.9g\n", int(i), loss.item());
  }
}

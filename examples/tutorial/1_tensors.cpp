// Step 1 of docs/tutorial.md: a classifier of digits with nothing but operations on tensors and their gradients.
#include "Options.h"
#include <nnc/nnc.h>

using namespace nnc;

constexpr int64_t batch = 64;
constexpr double rate = 0.1;

Tensor model(Tensor pixels, Tensor weight, Tensor bias) {
  Tensor x = convert(flatten(pixels, 1), DType::f32) / 255;
  return matmul(x, transpose(weight, 0, 1)) + bias;
}

Tensor log_probabilities(Tensor scores) {
  Tensor shifted = scores - stop_gradient(amax(scores, 1, true)); // the largest is 0: no digit is lost
  return shifted - logsumexp(shifted, 1, true);
}

Tensor loss_of(Tensor scores, Tensor labels) {
  Tensor of_label = take_along(log_probabilities(scores), unsqueeze(labels, 1), 1);
  return -mean(squeeze(of_label, 1));
}

int main(int count, char **words) {
  Options options(count, words);
  Array images = data::readIdx(options.data + "/train-images-idx3-ubyte.gz");                // 60000x28x28 of u8
  Array labels = data::readIdx(options.data + "/train-labels-idx1-ubyte.gz").to(DType::i64); // 60000

  manual_seed(0);
  Array weight = nn::init::uniform_(Array({10, 784}), -1.0 / 28, 1.0 / 28);
  Array bias = nn::init::uniform_(Array({10}), -1.0 / 28, 1.0 / 28);

  auto step = compile(
      [](Tensor pixels, Tensor labels, Tensor weight, Tensor bias) {
        Tensor loss = loss_of(model(pixels, weight, bias), labels);
        auto gradients = grad(loss, {weight, bias});
        return std::vector{loss, weight - rate * gradients[0], bias - rate * gradients[1]};
      },
      {u8({batch, 28, 28}), i64({batch}), f32({10, 784}), f32({10})});

  for (int64_t i = 0; i < options.digits / batch; ++i) {
    int64_t first = i * batch;
    auto results = step(images.rows(first, first + batch), labels.rows(first, first + batch), weight, bias);
    weight = results[1];
    bias = results[2];
    if (i % 100 == 0)
      std::printf("step %3d  loss %.9g\n", int(i), results[0].item());
  }
}

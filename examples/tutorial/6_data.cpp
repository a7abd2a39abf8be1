// Step 6 of docs/tutorial.md: datasets and loaders bring the batches; a test on digits that the model has never seen.
#include "Options.h"
#include <nnc/nnc.h>

using namespace nnc;

constexpr int64_t batch = 64, test_batch = 100;

struct Classifier : nn::Callable<Classifier> {
  nn::Linear linear = module("linear", nn::Linear(784, 10));
  Tensor forward(Tensor images) { return linear(flatten(images, 1)); }
};

int main(int count, char **words) {
  Options options(count, words);
  auto train = data::mnist(options.data).rows(0, options.digits);
  auto test = data::mnist(options.data, {.train = false});
  data::Loader train_loader(train, {.batch_size = batch, .shuffle = true, .drop_last = true});
  data::Loader test_loader(test, {.batch_size = test_batch});

  manual_seed(0);
  Classifier model;
  auto step =
      train_step(model, nn::CrossEntropyLoss(), optim::SGD({.lr = 0.1}), {f32({batch, 1, 28, 28}), i64({batch})});
  auto right = compile([=](Tensor images, Tensor labels) { return sum(argmax(model(images), 1) == labels); },
                       {f32({test_batch, 1, 28, 28}), i64({test_batch})});

  for (int epoch = 1; epoch <= 2; ++epoch) {
    double loss = 0, hits = 0;
    for (auto [images, labels] : train_loader)
      loss += step(images, labels).loss.item();
    for (auto [images, labels] : test_loader)
      hits += right(images, labels)[0].item();
    std::printf("epoch %d  loss %.4f  accuracy %.2f %%\n", epoch, loss / double(train_loader.batches()),
                100 * hits / double(test.size()));
  }
}

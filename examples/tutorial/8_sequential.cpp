// Step 8 of docs/tutorial.md: the same network from parts on the shelf, trained, saved, and shipped as a shared object.
#include "Options.h"
#include <iostream>
#include <nnc/nnc.h>

using namespace nnc;

constexpr int64_t batch = 64, test_batch = 100;

int main(int count, char **words) {
  Options options(count, words);
  auto train = data::mnist(options.data).rows(0, options.digits);
  auto test = data::mnist(options.data, {.train = false});
  data::Loader train_loader(train, {.batch_size = batch, .shuffle = true, .drop_last = true});
  data::Loader test_loader(test, {.batch_size = test_batch});

  manual_seed(0);
  nn::Sequential model(nn::Conv2d(1, 8, 5, {.stride = 2}), nn::ReLU(), nn::Conv2d(8, 16, 5, {.stride = 2}), nn::ReLU(),
                       nn::Flatten(), nn::Linear(256, 10));
  std::cout << model << std::endl;
  auto step =
      train_step(model, nn::CrossEntropyLoss(), optim::Adam({.lr = 2e-3}), {f32({batch, 1, 28, 28}), i64({batch})});
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

  save(model, "digits.safetensors");
  auto classify = trace([=](Tensor image) { return argmax(model(image), 1); }, {f32({1, 1, 28, 28}, "image")},
                        {.name = "classify", .names = nn::variableNames(model), .outputs = {"digit"}});
  compile_ahead("digits.so", {classify}); // and digits.h, for C
  Array digit = load("digits.so").call("classify", {test.inputs().rows(0, 1)})[0];
  std::printf("digits.so takes the first test digit, a %d, for a %d\n", int(test.targets().at(0)), int(digit.item()));
}

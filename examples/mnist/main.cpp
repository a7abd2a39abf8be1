// Trains a network on the handwritten digits of MNIST, tests it after every epoch, saves checkpoints, and compiles it
// to a shared object with its training step: mnist --model mlp|conv --data examples/data/mnist --out build/demo
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nnc/nnc.h>
#include <string>

using namespace nnc;

// 784 - 128 - 10
struct Mlp : nn::Module {
  nn::Linear fc1 = module("fc1", nn::Linear(784, 128));
  nn::Linear fc2 = module("fc2", nn::Linear(128, 10));
  Tensor forward(Tensor x) { return fc2(relu(fc1(flatten(x, 1)))); }
};

// The network of PyTorch's C++ example.
struct ConvNet : nn::Module {
  nn::Conv2d conv1 = module("conv1", nn::Conv2d(1, 10, 5));
  nn::Conv2d conv2 = module("conv2", nn::Conv2d(10, 20, 5));
  nn::Dropout2d conv2_drop = module("conv2_drop", nn::Dropout2d());
  nn::Linear fc1 = module("fc1", nn::Linear(320, 50));
  nn::Dropout drop = module("drop", nn::Dropout(0.5));
  nn::Linear fc2 = module("fc2", nn::Linear(50, 10));
  Tensor forward(Tensor x) {
    x = relu(nn::functional::max_pool2d(conv1(x), 2));
    x = relu(nn::functional::max_pool2d(conv2_drop(conv2(x)), 2));
    x = relu(fc1(flatten(x, 1)));
    return fc2(drop(x));
  }
};

struct Arguments {
  std::string model = "mlp", data = "examples/data/mnist", out = "build/demo";
  int64_t epochs = 0, limit = 0; // 0: 3 epochs of the MLP, 4 of the convolutional net; all examples
  uint64_t seed = 1;
  bool resume = false;
};

static void usage(FILE *to) {
  std::fputs(
      "usage: mnist [--model mlp|conv] [--epochs N] [--seed N] [--data FOLDER] [--out FOLDER] [--limit "
      "EXAMPLES] [--resume]\n"
      "Ctrl-C saves a checkpoint and ends with status 130; --resume goes on from there, to the same bits as without "
      "it.\n",
      to);
}
static Arguments parse(int count, char **words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    auto value = [&]() -> std::string {
      if (i + 1 < count)
        return words[++i];
      std::fprintf(stderr, "mnist: %s: expected a value\n", word.c_str());
      std::exit(2);
    };
    if (word == "--model")
      arguments.model = value();
    else if (word == "--data")
      arguments.data = value();
    else if (word == "--out")
      arguments.out = value();
    else if (word == "--epochs")
      arguments.epochs = std::atoll(value().c_str());
    else if (word == "--limit")
      arguments.limit = std::atoll(value().c_str());
    else if (word == "--seed")
      arguments.seed = std::strtoull(value().c_str(), nullptr, 10);
    else if (word == "--resume")
      arguments.resume = true;
    else {
      usage(word == "--help" ? stdout : stderr);
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  if (arguments.model != "mlp" && arguments.model != "conv") {
    std::fprintf(stderr, "mnist: --model: expected mlp or conv, got %s\n", arguments.model.c_str());
    std::exit(2);
  }
  if (!arguments.epochs)
    arguments.epochs = arguments.model == "mlp" ? 3 : 4;
  return arguments;
}

constexpr int64_t batchSize = 64, testBatch = 100;

// The scores of all digits, ten each.
static std::vector<float> scoresOf(const Function &forward, const data::ArrayDataset &digits) {
  std::vector<float> scores;
  data::Loader loader(digits, {.batch_size = testBatch});
  for (auto batch = loader.begin(); batch != loader.end(); ++batch) {
    Array result = forward((*batch).x).at(0);
    auto some = result.data<float>();
    scores.insert(scores.end(), some.begin(), some.begin() + (*batch).count * 10);
  }
  return scores;
}
static double accuracy(const std::vector<float> &scores, const Array &labels) {
  int64_t right = 0, count = labels.size(0);
  for (int64_t i = 0; i < count; ++i) {
    auto row = scores.begin() + i * 10;
    right += std::max_element(row, row + 10) - row == int64_t(labels.at(i));
  }
  return 100.0 * double(right) / double(count);
}

template <class Net> static int run(const Arguments &arguments) {
  manual_seed(arguments.seed);
  Net net;
  auto train = data::mnist(arguments.data), test = data::mnist(arguments.data, {.train = false});
  if (arguments.limit)
    train = train.rows(0, arguments.limit);
  std::string folder = arguments.out + "/" + arguments.model, checkpoint = folder + "/checkpoint.safetensors";
  std::filesystem::create_directories(folder);

  auto step = train_step(net, nn::CrossEntropyLoss(), optim::Adam({.lr = 1e-3}),
                         {f32({batchSize, 1, 28, 28}, "images"), i64({batchSize}, "labels")});
  net.eval();
  auto forward = trace_forward(net, {f32({testBatch, 1, 28, 28}, "images")}, {.outputs = {"scores"}});
  auto forwardTest = compile(forward);
  std::printf("%s: step %.1f kB peak memory, %d launches\n", arguments.model.c_str(),
              double(step.function().peakBytes()) / 1024, step.function().object().functions()[0].launch_count);

  data::Loader loader(train, {.batch_size = batchSize, .shuffle = true, .seed = arguments.seed, .drop_last = true});
  int64_t done = 0; // batches of the first epoch that were done before
  if (arguments.resume) {
    Metadata place = load(step, checkpoint);
    loader.set_epoch(std::atoll(place.at("epoch").c_str()));
    done = std::atoll(place.at("batch").c_str());
  }
  Interrupt interrupt;
  while (loader.epoch() < arguments.epochs) {
    int64_t epoch = loader.epoch();
    Progress bar("epoch " + std::to_string(epoch + 1), loader.batches() - done, batchSize);
    for (auto batch = loader.from(done); batch != loader.end(); ++batch) {
      auto [x, y] = *batch;
      bar.update(step(x, y).loss.item());
      if (interrupt.requested()) {
        save(step, checkpoint, {{"epoch", std::to_string(epoch)}, {"batch", std::to_string((*batch).index + 1)}});
        std::printf("interrupted: saved %s\n", checkpoint.c_str());
        return 130;
      }
    }
    done = 0;
    char text[64];
    std::snprintf(text, sizeof text, "accuracy %.2f %%", accuracy(scoresOf(forwardTest, test), test.targets()));
    bar.finish(text);
    save(step, checkpoint, {{"epoch", std::to_string(epoch + 1)}, {"batch", "0"}});
  }

  // For examples/mnist_c: what the shared object must give, to the bit.
  auto scores = scoresOf(forwardTest, test);
  std::ofstream(folder + "/scores.f32", std::ios::binary)
      .write(reinterpret_cast<char *>(scores.data()), int64_t(scores.size() * sizeof(float)));
  compile_ahead(folder + "/mnist.so", {forward, step.traced()});
  std::printf("wrote mnist.so, mnist.h, checkpoint.safetensors and scores.f32 in %s\n", folder.c_str());
  return 0;
}

int main(int count, char **words) {
  try {
    Arguments arguments = parse(count, words);
    return arguments.model == "mlp" ? run<Mlp>(arguments) : run<ConvNet>(arguments);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

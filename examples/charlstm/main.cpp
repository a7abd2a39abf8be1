// Trains an LSTM to write like Shakespeare, character by character: charlstm --data examples/data/text --out build/demo
//
// The text is read as `batch` streams side by side, a window of `length` characters a step. The state at the end of a
// window is where the next one starts; it is two buffers of the model, so a checkpoint holds it and a resumed run goes
// on as if it had not stopped. Nine tenths of the text are for training, the rest for validation.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nnc/nnc.h>
#include <random>
#include <string>

using namespace nnc;

struct Arguments {
  std::string data = "examples/data/text", out = "build/demo";
  int64_t iterations = 1000, batch = 32, length = 64, hidden = 256, layers = 1, every = 500, sample = 400;
  double lr = 3e-3;
  uint64_t seed = 1;
  bool resume = false;
};

static void usage(FILE *to) {
  std::fputs(
      "usage: charlstm [--iterations N] [--batch N] [--length N] [--hidden N] [--layers N] [--lr X] [--every N]\n"
      "                [--sample N] [--seed N] [--data FOLDER] [--out FOLDER] [--resume]\n",
      to);
}
static Arguments parse(int count, char **words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    auto value = [&]() -> std::string {
      if (i + 1 < count)
        return words[++i];
      std::fprintf(stderr, "charlstm: %s: expected a value\n", word.c_str());
      std::exit(2);
    };
    auto number = [&](int64_t least) {
      std::string text = value();
      char *end = nullptr;
      int64_t number = std::strtoll(text.c_str(), &end, 10);
      if (*end || text.empty() || number < least) {
        std::fprintf(stderr, "charlstm: %s: expected a number of at least %lld, got %s\n", word.c_str(),
                     static_cast<long long>(least), text.c_str());
        std::exit(2);
      }
      return number;
    };
    if (word == "--data")
      arguments.data = value();
    else if (word == "--out")
      arguments.out = value();
    else if (word == "--iterations")
      arguments.iterations = number(1);
    else if (word == "--batch")
      arguments.batch = number(1);
    else if (word == "--length")
      arguments.length = number(1);
    else if (word == "--hidden")
      arguments.hidden = number(1);
    else if (word == "--layers")
      arguments.layers = number(1);
    else if (word == "--every")
      arguments.every = number(1);
    else if (word == "--sample")
      arguments.sample = number(0);
    else if (word == "--seed")
      arguments.seed = uint64_t(number(0));
    else if (word == "--lr")
      arguments.lr = std::atof(value().c_str());
    else if (word == "--resume")
      arguments.resume = true;
    else {
      usage(word == "--help" ? stdout : stderr);
      std::exit(word == "--help" ? 0 : 2);
    }
  }
  return arguments;
}

struct CharLstm : nn::Module {
  CharLstm(int64_t characters, const Arguments &arguments)
      : embedding(module("embedding", nn::Embedding(characters, 64))),
        lstm(module("lstm", nn::LSTM(64, arguments.hidden, {.num_layers = arguments.layers, .batch_first = true}))),
        head(module("head", nn::Linear(arguments.hidden, characters))),
        h(buffer("h", Array({arguments.layers, arguments.batch, arguments.hidden}))),
        c(buffer("c", Array({arguments.layers, arguments.batch, arguments.hidden}))) {}

  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Linear head;
  nn::Buffer h, c; // at the start of the next window of training

  /// Scores (N, T, characters) of the character after each of x (N, T), and the state after the last.
  std::pair<Tensor, nn::LSTMState> forward(Tensor x, nn::LSTMState state) {
    auto [y, next] = lstm(embedding(x), state);
    return {head(y), next};
  }
};

static Tensor lossOf(Tensor scores, Tensor y) {
  return nn::functional::cross_entropy(flatten(scores, 0, 1), flatten(y));
}

// A text as streams side by side.
struct Streams {
  data::TextDataset text;
  int64_t batch, length, each; // `each`: windows in a stream
  Streams(const std::string &characters, const std::string &vocabulary, int64_t batch, int64_t length)
      : text(characters, length, vocabulary), batch(batch), length(length), each(text.size() / batch / length) {
    if (each < 1)
      throw std::runtime_error("charlstm: expected a text of more than batch * length characters");
  }
  std::pair<Array, Array> window(int64_t number) const {
    std::vector<int64_t> starts;
    for (int64_t stream = 0; stream < batch; ++stream)
      starts.push_back((stream * each + number % each) * length);
    return text.batch(starts);
  }
};

// The mean loss over all of `streams`.
static double validate(const Function &evaluate, const Streams &streams, const Shape &state) {
  Array h(state), c(state);
  double sum = 0;
  for (int64_t number = 0; number < streams.each; ++number) {
    auto [x, y] = streams.window(number);
    auto results = evaluate(x, y, h, c);
    sum += results[0].item();
    h = results[1], c = results[2];
  }
  return sum / double(streams.each);
}

// Text that goes on after `text`, each character drawn by its probability.
static std::string continued(const Function &next, const data::TextDataset &data, std::string text, int64_t count,
                             const Shape &state, uint64_t seed) {
  std::mt19937_64 random(seed);
  Array h(state), c(state), scores;
  std::string fed = text;
  for (int64_t i = 0; i < int64_t(text.size()) + count; ++i) {
    if (i >= int64_t(fed.size())) {
      std::vector<double> weights = scores.toDoubles();
      double largest = *std::max_element(weights.begin(), weights.end()), sum = 0;
      for (double &weight : weights)
        sum += weight = std::exp(weight - largest);
      double left = double(random() >> 11) / double(uint64_t(1) << 53) * sum;
      size_t chosen = 0;
      while (chosen + 1 < weights.size() && (left -= weights[chosen]) >= 0)
        ++chosen;
      fed += data.vocabulary()[chosen];
    }
    auto results = next(Array::of({1, 1}, data.encode(fed.substr(size_t(i), 1))), h, c);
    scores = results[0], h = results[1], c = results[2];
  }
  return fed;
}

static int run(const Arguments &arguments) {
  manual_seed(arguments.seed);
  std::string text = data::readText(arguments.data + "/tinyshakespeare.txt");
  size_t split = text.size() / 10 * 9;
  const std::string vocabulary = data::TextDataset(text, 1).vocabulary();
  Streams train(text.substr(0, split), vocabulary, arguments.batch, arguments.length);
  Streams validation(text.substr(split), vocabulary, arguments.batch, arguments.length);
  std::string folder = arguments.out + "/charlstm", checkpoint = folder + "/checkpoint.safetensors";
  std::filesystem::create_directories(folder);

  const int64_t characters = int64_t(vocabulary.size());
  CharLstm model(characters, arguments);
  const Shape window{arguments.batch, arguments.length}, state = model.h.shape(), one{arguments.layers, 1, state[2]};
  optim::AdamW adam({.lr = arguments.lr});
  optim::CosineAnnealingLR schedule(adam, arguments.iterations, arguments.lr / 10);
  auto loss = asTensorFunction([model](Tensor x, Tensor y) mutable {
    auto [scores, next] = model.forward(x, {model.h, model.c});
    model.h.update(stop_gradient(next.first));
    model.c.update(stop_gradient(next.second));
    return lossOf(scores, y);
  });
  auto step = train_step(model, adam, loss, {i64(window, "x"), i64(window, "y")}, {.max_norm = 1.0});
  TraceOptions names;
  names.names = nn::variableNames(model);
  auto evaluate = compile(
      [model](Tensor x, Tensor y, Tensor h, Tensor c) mutable {
        auto [scores, next] = model.forward(x, {h, c});
        return std::pair{lossOf(scores, y), next};
      },
      {i64(window), i64(window), f32(state), f32(state)}, names);
  auto next = compile([model](Tensor x, Tensor h, Tensor c) mutable { return model.forward(x, {h, c}); },
                      {i64({1, 1}), f32(one), f32(one)}, names);
  std::printf("%lld characters for training, %lld for validation, %lld different; step %.1f MB peak memory\n",
              static_cast<long long>(split), static_cast<long long>(text.size() - split),
              static_cast<long long>(characters), double(step.function().peakBytes()) / 1048576);

  int64_t done = 0;
  if (arguments.resume)
    done = std::atoll(load(step, checkpoint).at("iteration").c_str());
  Interrupt interrupt;
  while (done < arguments.iterations) {
    int64_t end = std::min(arguments.iterations, (done / arguments.every + 1) * arguments.every);
    Progress bar("iterations " + std::to_string(done + 1) + "-" + std::to_string(end), end - done,
                 arguments.batch * arguments.length);
    while (done < end && !interrupt.requested()) {
      if (done % train.each == 0) { // the text from its start
        model.h.assign(Array(state));
        model.c.assign(Array(state));
      }
      schedule.seek(done);
      auto [x, y] = train.window(done++);
      bar.update(step(x, y).loss.item());
    }
    Metadata reached{{"iteration", std::to_string(done)}};
    if (interrupt.requested()) {
      save(step, checkpoint, reached);
      std::printf("interrupted: saved %s\n", checkpoint.c_str());
      return 130;
    }
    char words[64];
    std::snprintf(words, sizeof words, "validation loss %.4f", validate(evaluate, validation, state));
    bar.finish(words);
    save(step, checkpoint, reached);
  }
  if (arguments.sample)
    std::printf("%s\n", continued(next, train.text, "\n", arguments.sample, one, arguments.seed).c_str());
  return 0;
}

int main(int count, char **words) {
  try {
    return run(parse(count, words));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

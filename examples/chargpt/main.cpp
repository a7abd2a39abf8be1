// Trains a small GPT on the plays of Shakespeare, character by character, lets it write, and compiles it to a shared
// object with its training step: chargpt --data examples/data/text --out build/demo
//
// Nine tenths of the text are for training, the rest for validation. A run that is interrupted (Ctrl-C) and resumed
// (--resume) ends with the same bits as one that was not.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nnc/nnc.h>
#include <string>
#include <variant>

using namespace nnc;

//===--- the model ---===//

struct Size {
  int64_t layers = 4, heads = 4, width = 128, context = 64;
};

// A block of a decoder-only transformer: attention to what came before, then a perceptron, each added to what it reads.
struct Block : nn::Callable<Block> {
  explicit Block(const Size &size)
      : norm1(module("norm1", nn::LayerNorm(size.width))),
        attention(module("attention", nn::MultiheadAttention(size.width, size.heads, {.batch_first = true}))),
        norm2(module("norm2", nn::LayerNorm(size.width))),
        expand(module("expand", nn::Linear(size.width, 4 * size.width))),
        contract(module("contract", nn::Linear(4 * size.width, size.width))) {}
  Tensor forward(Tensor x) {
    Tensor y = norm1(x);
    x = x + attention(y, y, y, {.need_weights = false, .is_causal = true}).first;
    return x + contract(nn::functional::gelu(expand(norm2(x))));
  }
  nn::LayerNorm norm1;
  nn::MultiheadAttention attention;
  nn::LayerNorm norm2;
  nn::Linear expand, contract;
};

struct Gpt : nn::Callable<Gpt> {
  Gpt(int64_t characters, const Size &size)
      : character(module("character", nn::Embedding(characters, size.width))),
        position(module("position", nn::Embedding(size.context, size.width))),
        blocks(module("blocks", nn::Sequential())), norm(module("norm", nn::LayerNorm(size.width))),
        head(module("head", nn::Linear(size.width, characters, {.bias = false}))) {
    for (int64_t i = 0; i < size.layers; ++i)
      blocks.append(Block(size));
    head.weight.tie(character.weight);
    // As GPT-2: what is added to the sum of all blocks begins smaller, the more of them there are.
    for (auto &[name, parameter] : named_parameters()) {
      bool added = name.ends_with("out_proj.weight") || name.ends_with("contract.weight");
      if (parameter.shape().size() == 2)
        nn::init::normal_(parameter, 0, added ? 0.02 / std::sqrt(2.0 * double(size.layers)) : 0.02);
      else if (name.ends_with("bias"))
        nn::init::zeros_(parameter);
    }
  }
  /// x (N, T) of character numbers -> scores (N, T, characters) of the character after each.
  Tensor forward(Tensor x) {
    Tensor y = character(x) + position(arange(x.size(1)));
    return head(norm(blocks(y)));
  }
  nn::Embedding character, position;
  nn::Sequential blocks;
  nn::LayerNorm norm;
  nn::Linear head;
};

static Tensor lossOf(Tensor scores, Tensor y) {
  return nn::functional::cross_entropy(flatten(scores, 0, 1), flatten(y));
}

// Matrices shrink by weight_decay; biases and norms do not.
static optim::AdamW adamW(const Gpt &model, double lr) {
  optim::AdamWOptions options{.lr = lr, .betas = {0.9, 0.99}, .weight_decay = 0.1};
  optim::Group<optim::AdamWOptions> vectors{{}, options};
  vectors.options.weight_decay = 0;
  for (auto &parameter : model.parameters())
    if (parameter.shape().size() < 2)
      vectors.parameters.push_back(parameter.variable());
  return optim::AdamW(options, {vectors});
}

//===--- the program ---===//

struct Arguments {
  std::string data = "examples/data/text", out = "build/demo", prompt = "\n";
  Size size;
  int64_t iterations = 2000, batch = 12, every = 500, sample = 500, seed = 1;
  double lr = 1e-3, temperature = 0.8;
  bool resume = false;
};

static bool read(std::string_view word, std::string &value) {
  value = word;
  return true;
}
template <class Number> static bool read(std::string_view word, Number &value) {
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() && value >= 0;
}

static Arguments parse(int count, char **words) {
  Arguments a;
  const std::map<std::string_view, std::variant<int64_t *, double *, std::string *>> options = {
      {"--iterations", &a.iterations},
      {"--batch", &a.batch},
      {"--every", &a.every},
      {"--layers", &a.size.layers},
      {"--heads", &a.size.heads},
      {"--width", &a.size.width},
      {"--context", &a.size.context},
      {"--lr", &a.lr},
      {"--seed", &a.seed},
      {"--sample", &a.sample},
      {"--prompt", &a.prompt},
      {"--temperature", &a.temperature},
      {"--data", &a.data},
      {"--out", &a.out},
  };
  for (int i = 1; i < count; ++i) {
    std::string_view word = words[i];
    auto option = options.find(word);
    if (word == "--resume") {
      a.resume = true;
    } else if (option == options.end()) {
      std::fputs(
          "usage: chargpt [--iterations N] [--batch N] [--lr X] [--every N] [--seed N] [--resume]\n"
          "               [--layers N] [--heads N] [--width N] [--context N]\n"
          "               [--sample CHARACTERS] [--prompt TEXT] [--temperature X] [--data FOLDER] [--out FOLDER]\n",
          word == "--help" ? stdout : stderr);
      std::exit(word == "--help" ? 0 : 2);
    } else if (++i == count || !std::visit([&](auto *value) { return read(words[i], *value); }, option->second)) {
      throw Error("chargpt: " + std::string(word) + ": expected a value" +
                  (i < count ? std::string(" of its kind, got ") + words[i] : ""));
    }
  }
  return a;
}

// `count` characters that go on from `text`, each drawn by `draw` from what stands in the window before it.
static std::string continued(const Function &draw, const data::TextDataset &data, std::string text, int64_t count) {
  std::vector<int64_t> codes = data.encode(text);
  const int64_t context = draw.traced().inputs()[0].shape[1];
  while (count-- > 0) {
    int64_t seen = std::min(int64_t(codes.size()), context);
    std::vector<int64_t> window(codes.end() - seen, codes.end());
    window.resize(size_t(context)); // nothing looks ahead, so what stands behind is of no account
    codes.push_back(draw(Array::of({1, context}, window), Array::scalar(seen - 1))[0].item<int64_t>());
  }
  return data.decode(codes);
}

static int run(const Arguments &arguments) {
  const auto [layers, heads, width, context] = arguments.size;
  manual_seed(uint64_t(arguments.seed));
  const std::string text = data::readText(arguments.data + "/tinyshakespeare.txt");
  const std::string vocabulary = data::vocabularyOf(text);
  const size_t split = text.size() * 9 / 10;
  data::TextDataset train(text.substr(0, split), context, {.vocabulary = vocabulary});
  data::TextDataset validation(text.substr(split), context, {.vocabulary = vocabulary, .stride = context});
  data::Loader batches(
      train, {.batch_size = arguments.batch, .shuffle = true, .seed = uint64_t(arguments.seed), .drop_last = true});
  data::Loader tests(validation, {.batch_size = arguments.batch, .drop_last = true});

  Gpt model(int64_t(vocabulary.size()), arguments.size);
  const std::vector<Spec> windows{i64({arguments.batch, context}, "x"), i64({arguments.batch, context}, "y")};
  optim::AdamW optimizer = adamW(model, arguments.lr);
  const int64_t warmup = std::max<int64_t>(1, arguments.iterations / 20);
  optim::SequentialLR schedule(optimizer,
                               {std::make_shared<optim::LinearLR>(optimizer, 0.01, 1.0, warmup),
                                std::make_shared<optim::CosineAnnealingLR>(
                                    optimizer, std::max<int64_t>(1, arguments.iterations - warmup), arguments.lr / 10)},
                               {warmup});
  TrainStep step = train_step(model, lossOf, optimizer, windows, {.max_norm = 1.0});

  model.eval();
  const VariableNames names = nn::variableNames(model);
  Function loss =
      compile([model](Tensor x, Tensor y) { return lossOf(model(x), y); }, windows, {.name = "loss", .names = names});
  Traced next =
      trace([&](Tensor x, Tensor last) { return categorical(take(model(x), last, 1) / arguments.temperature); },
            {i64({1, context}, "x"), i64({}, "last")}, {.name = "next", .names = names, .outputs = {"character"}});
  Function draw = compile(next);
  std::printf("%zu characters for training, %zu for validation, %zu different; a step needs %.1f MB\n", split,
              text.size() - split, vocabulary.size(), double(step.function().peakBytes()) / 1e6);

  const std::string folder = arguments.out + "/chargpt", checkpoint = folder + "/checkpoint.safetensors";
  std::filesystem::create_directories(folder);
  if (arguments.resume)
    load(step, checkpoint);
  Interrupt interrupt;
  while (step.steps() < arguments.iterations) {
    const int64_t first = step.steps(),
                  last = std::min(arguments.iterations, (first / arguments.every + 1) * arguments.every);
    Progress bar("iteration " + std::to_string(last), last - first, arguments.batch * context, "tokens");
    for (auto [x, y] : batches.steps(first, last)) {
      schedule.seek(step.steps());
      bar.update(step(x, y).loss.item());
      if (interrupt.requested()) {
        save(step, checkpoint);
        std::printf("interrupted: saved %s\n", checkpoint.c_str());
        return 130;
      }
    }
    double sum = 0;
    for (auto [x, y] : tests)
      sum += loss(x, y)[0].item();
    char words[64];
    std::snprintf(words, sizeof words, "validation loss %.4f", sum / double(tests.batches()));
    bar.finish(words);
    save(step, checkpoint);
  }

  if (arguments.sample)
    std::printf("%s\n", continued(draw, train, arguments.prompt, arguments.sample).c_str());
  compile_ahead(folder + "/chargpt.so",
                {trace_forward(model, {i64({1, context}, "x")}, {.outputs = {"scores"}}), next, step.traced()});
  std::printf("wrote chargpt.so, chargpt.h and checkpoint.safetensors in %s\n", folder.c_str());
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

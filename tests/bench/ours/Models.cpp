// Whole networks, with PyTorch's names so that numbers by name are the same for every peer, for inference and as a
// training step.
#include "Workload.h"
#include <cmath>
#include <fmt/format.h>

using namespace nnc;
namespace F = nnc::nn::functional;
namespace bench {

namespace {

struct Mlp : nn::Callable<Mlp> {
  nn::Linear fc1 = module("fc1", nn::Linear(784, 512)), fc2 = module("fc2", nn::Linear(512, 512)),
             fc3 = module("fc3", nn::Linear(512, 10));
  Tensor forward(Tensor x) { return fc3(relu(fc2(relu(fc1(x))))); }
};

struct LeNet : nn::Callable<LeNet> {
  nn::Conv2d conv1 = module("conv1", nn::Conv2d(1, 6, 5, {.padding = 2})),
             conv2 = module("conv2", nn::Conv2d(6, 16, 5));
  nn::Linear fc1 = module("fc1", nn::Linear(400, 120)), fc2 = module("fc2", nn::Linear(120, 84)),
             fc3 = module("fc3", nn::Linear(84, 10));
  Tensor forward(Tensor x) {
    x = F::max_pool2d(relu(conv1(x)), 2);
    x = F::max_pool2d(relu(conv2(x)), 2);
    return fc3(relu(fc2(relu(fc1(flatten(x, 1))))));
  }
};

// PyTorch's MNIST example in C++, without dropout so that peers can be compared.
struct MnistConv : nn::Callable<MnistConv> {
  nn::Conv2d conv1 = module("conv1", nn::Conv2d(1, 10, 5)), conv2 = module("conv2", nn::Conv2d(10, 20, 5));
  nn::Linear fc1 = module("fc1", nn::Linear(320, 50)), fc2 = module("fc2", nn::Linear(50, 10));
  Tensor forward(Tensor x) {
    x = relu(F::max_pool2d(conv1(x), 2));
    x = relu(F::max_pool2d(conv2(x), 2));
    return fc2(relu(fc1(flatten(x, 1))));
  }
};

struct BasicBlock : nn::Callable<BasicBlock> {
  static constexpr int64_t expansion = 1;
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  std::optional<nn::Sequential> downsample;
  BasicBlock(int64_t in, int64_t width, int64_t stride)
      : conv1(module("conv1", nn::Conv2d(in, width, 3, {.stride = stride, .padding = 1, .bias = false}))),
        conv2(module("conv2", nn::Conv2d(width, width, 3, {.padding = 1, .bias = false}))),
        bn1(module("bn1", nn::BatchNorm2d(width))), bn2(module("bn2", nn::BatchNorm2d(width))) {
    if (stride != 1 || in != width)
      downsample = module("downsample", nn::Sequential(nn::Conv2d(in, width, 1, {.stride = stride, .bias = false}),
                                                       nn::BatchNorm2d(width)));
  }
  Tensor forward(Tensor x) {
    Tensor y = bn2(conv2(relu(bn1(conv1(x)))));
    return relu(y + (downsample ? (*downsample)(x) : x));
  }
};
struct Bottleneck : nn::Callable<Bottleneck> {
  static constexpr int64_t expansion = 4;
  nn::Conv2d conv1, conv2, conv3;
  nn::BatchNorm2d bn1, bn2, bn3;
  std::optional<nn::Sequential> downsample;
  Bottleneck(int64_t in, int64_t width, int64_t stride)
      : conv1(module("conv1", nn::Conv2d(in, width, 1, {.bias = false}))),
        conv2(module("conv2", nn::Conv2d(width, width, 3, {.stride = stride, .padding = 1, .bias = false}))),
        conv3(module("conv3", nn::Conv2d(width, 4 * width, 1, {.bias = false}))),
        bn1(module("bn1", nn::BatchNorm2d(width))), bn2(module("bn2", nn::BatchNorm2d(width))),
        bn3(module("bn3", nn::BatchNorm2d(4 * width))) {
    if (stride != 1 || in != 4 * width)
      downsample = module("downsample", nn::Sequential(nn::Conv2d(in, 4 * width, 1, {.stride = stride, .bias = false}),
                                                       nn::BatchNorm2d(4 * width)));
  }
  Tensor forward(Tensor x) {
    Tensor y = bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x))))))));
    return relu(y + (downsample ? (*downsample)(x) : x));
  }
};
template <class Block> struct ResNet : nn::Callable<ResNet<Block>> {
  bool small; // for 32 x 32 images: a first convolution of 3 x 3 and no pooling behind it
  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  std::vector<nn::Sequential> layers;
  nn::Linear fc;
  ResNet(std::vector<int64_t> blocks, bool small)
      : small(small),
        conv1(this->module("conv1", small ? nn::Conv2d(3, 64, 3, {.padding = 1, .bias = false})
                                          : nn::Conv2d(3, 64, 7, {.stride = 2, .padding = 3, .bias = false}))),
        bn1(this->module("bn1", nn::BatchNorm2d(64))), fc(nn::Linear(512 * Block::expansion, small ? 10 : 1000)) {
    int64_t in = 64;
    for (size_t i = 0; i < 4; ++i) {
      nn::Sequential layer(std::vector<nn::AnyModule>{});
      for (int64_t j = 0; j < blocks[i]; ++j) {
        int64_t width = 64 << i;
        layer.append(Block(in, width, j == 0 && i > 0 ? 2 : 1));
        in = width * Block::expansion;
      }
      layers.push_back(this->module("layer" + std::to_string(i + 1), layer));
    }
    this->module("fc", fc);
  }
  Tensor forward(Tensor x) {
    x = relu(bn1(conv1(x)));
    if (!small)
      x = F::max_pool2d(x, 3, {.stride = 2, .padding = 1});
    for (auto &layer : layers)
      x = layer(x);
    return fc(flatten(F::adaptive_avg_pool2d(x, 1), 1));
  }
};

// torchvision's mobilenet_v2.
struct InvertedResidual : nn::Callable<InvertedResidual> {
  bool add;
  nn::Sequential conv;
  static nn::Sequential unit(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups) {
    return nn::Sequential(
        nn::Conv2d(in, out, kernel, {.stride = stride, .padding = (kernel - 1) / 2, .groups = groups, .bias = false}),
        nn::BatchNorm2d(out), nn::ReLU6());
  }
  InvertedResidual(int64_t in, int64_t out, int64_t stride, int64_t expand)
      : add(stride == 1 && in == out), conv(std::vector<nn::AnyModule>{}) {
    int64_t hidden = in * expand;
    if (expand != 1)
      conv.append(unit(in, hidden, 1, 1, 1));
    conv.append(unit(hidden, hidden, 3, stride, hidden));
    conv.append(nn::Conv2d(hidden, out, 1, {.bias = false}));
    conv.append(nn::BatchNorm2d(out));
    module("conv", conv);
  }
  Tensor forward(Tensor x) { return add ? x + conv(x) : conv(x); }
};
struct MobileNetV2 : nn::Callable<MobileNetV2> {
  nn::Sequential features;
  nn::Linear classifier = nn::Linear(1280, 1000);
  MobileNetV2() : features(std::vector<nn::AnyModule>{}) {
    features.append(InvertedResidual::unit(3, 32, 3, 2, 1));
    int64_t in = 32;
    for (auto [expand, out, count, stride] : {std::array<int64_t, 4>{1, 16, 1, 1},
                                              {6, 24, 2, 2},
                                              {6, 32, 3, 2},
                                              {6, 64, 4, 2},
                                              {6, 96, 3, 1},
                                              {6, 160, 3, 2},
                                              {6, 320, 1, 1}})
      for (int64_t i = 0; i < count; ++i) {
        features.append(InvertedResidual(in, out, i == 0 ? stride : 1, expand));
        in = out;
      }
    features.append(InvertedResidual::unit(in, 1280, 1, 1, 1));
    module("features", features);
    module("classifier", classifier);
  }
  Tensor forward(Tensor x) { return classifier(mean(features(x), {2, 3})); }
};

struct Vgg16 : nn::Callable<Vgg16> {
  nn::Sequential features, classifier;
  Vgg16() : features(std::vector<nn::AnyModule>{}), classifier(std::vector<nn::AnyModule>{}) {
    int64_t in = 3;
    for (int64_t out : {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}) {
      if (out == 0) {
        features.append(nn::MaxPool2d(2));
        continue;
      }
      features.append(nn::Conv2d(in, out, 3, {.padding = 1}));
      features.append(nn::ReLU());
      in = out;
    }
    module("features", features);
    classifier.append(nn::Linear(25088, 4096)).append(nn::ReLU()).append(nn::Linear(4096, 4096)).append(nn::ReLU());
    classifier.append(nn::Linear(4096, 1000));
    module("classifier", classifier);
  }
  Tensor forward(Tensor x) { return classifier(flatten(features(x), 1)); }
};

// BERT's layers over (N, T, 768): torch.nn.TransformerEncoderLayer with GELU.
struct EncoderLayer : nn::Callable<EncoderLayer> {
  nn::MultiheadAttention self_attn;
  nn::Linear linear1, linear2;
  nn::LayerNorm norm1, norm2;
  EncoderLayer(int64_t width, int64_t heads)
      : self_attn(module("self_attn", nn::MultiheadAttention(width, heads, {.batch_first = true}))),
        linear1(module("linear1", nn::Linear(width, 4 * width))),
        linear2(module("linear2", nn::Linear(4 * width, width))), norm1(module("norm1", nn::LayerNorm(width))),
        norm2(module("norm2", nn::LayerNorm(width))) {}
  Tensor forward(Tensor x) {
    x = norm1(x + self_attn(x, x, x, {.need_weights = false}).first);
    return norm2(x + linear2(F::gelu(linear1(x))));
  }
};
struct Bert : nn::Callable<Bert> {
  nn::ModuleList layers = module("layers", nn::ModuleList());
  Bert() {
    for (int64_t i = 0; i < 12; ++i)
      layers.append(EncoderLayer(768, 12));
  }
  Tensor forward(Tensor x) {
    for (auto &layer : layers)
      x = layer(x);
    return x;
  }
};

// GPT's blocks. With a cache (keys and values of `past` positions in two tensors (layers, N, heads, past, width)) the
// input is the tokens that follow.
struct GptBlock : nn::Callable<GptBlock> {
  int64_t width, heads;
  nn::LayerNorm ln_1, ln_2;
  nn::Linear c_attn, c_proj, c_fc, c_out;
  GptBlock(int64_t width, int64_t heads)
      : width(width), heads(heads), ln_1(module("ln_1", nn::LayerNorm(width))),
        ln_2(module("ln_2", nn::LayerNorm(width))), c_attn(module("c_attn", nn::Linear(width, 3 * width))),
        c_proj(module("c_proj", nn::Linear(width, width))), c_fc(module("c_fc", nn::Linear(width, 4 * width))),
        c_out(module("c_out", nn::Linear(4 * width, width))) {}
  Tensor attend(Tensor x, Tensor pastKeys, Tensor pastValues) {
    int64_t n = x.size(0), t = x.size(1);
    Tensor all = c_attn(ln_1(x));
    auto part = [&](int64_t i) {
      return transpose(reshape(slice(all, 2, i * width, (i + 1) * width), {n, t, heads, width / heads}), 1, 2);
    };
    Tensor q = part(0), k = part(1), v = part(2);
    if (pastKeys)
      k = cat({pastKeys, k}, 2), v = cat({pastValues, v}, 2);
    Tensor y = F::scaled_dot_product_attention(q, k, v, {.is_causal = !pastKeys});
    x = x + c_proj(reshape(transpose(y, 1, 2), {n, t, width}));
    return x + c_out(F::gelu(c_fc(ln_2(x)), nn::Approximate::tanh));
  }
  Tensor forward(Tensor x) { return attend(x, {}, {}); }
};
struct Gpt : nn::Callable<Gpt> {
  nn::Embedding wte, wpe;
  nn::ModuleList h = module("h", nn::ModuleList());
  nn::LayerNorm ln_f;
  Gpt(int64_t vocabulary, int64_t context, int64_t width, int64_t heads, int64_t layers)
      : wte(module("wte", nn::Embedding(vocabulary, width))), wpe(module("wpe", nn::Embedding(context, width))),
        ln_f(module("ln_f", nn::LayerNorm(width))) {
    for (int64_t i = 0; i < layers; ++i)
      h.append(GptBlock(width, heads));
  }
  Tensor head(Tensor x) { return matmul(ln_f(x), transpose(wte.weight.tensor(), 0, 1)); }
  Tensor forward(Tensor ids) {
    Tensor x = wte(ids) + wpe(iota({ids.size(1)}, 0, DType::i64));
    for (auto &block : h)
      x = block(x);
    return head(x);
  }
  // One token behind `past` others, whose keys and values are given.
  Tensor next(Tensor ids, Tensor keys, Tensor values, int64_t past) {
    Tensor x = wte(ids) + wpe(full({1}, double(past), DType::i64));
    for (int64_t i = 0; i < int64_t(h.size()); ++i)
      x = h[i].as<GptBlock>()->attend(x, pick(keys, 0, i), pick(values, 0, i));
    return head(x);
  }
};

struct Lstm : nn::Callable<Lstm> {
  nn::LSTM lstm = module("lstm", nn::LSTM(512, 512, {.num_layers = 2, .batch_first = true}));
  Tensor forward(Tensor x) { return lstm(x).first; }
};

Array images(int64_t batch, int64_t channels, int64_t side) { return uniform("x", {batch, channels, side, side}); }
::nnc::Spec specOf(const Array &array) { return {array.dtype(), array.shape(), ""}; }

// The forward of a network, and a step that lowers a loss of its output and of `target`.
template <class Net, class Loss> Workload infer(Net net, Array x, Loss) {
  fill(net);
  net.eval();
  return ofFunction(timed([&] { return compile(trace_forward(net, {specOf(x)}), {.freeze = true}); }), {x});
}
template <class Net, class Loss> Workload train(Net net, Array x, Array target, Loss loss, optim::Optimizer optimizer) {
  fill(net);
  auto step = timed([&] {
    return train_step(
        static_cast<const nn::Module &>(net), optimizer,
        [=](const std::vector<Tensor> &in) mutable { return std::vector<Tensor>{loss(net(in[0]), in[1])}; },
        {specOf(x), specOf(target)}, {.max_norm = 1.0});
  });
  Workload workload = ofFunction(step.function(), {x, target});
  workload.run = [step, x, target] { return std::vector<Array>{step(x, target).loss}; };
  return workload;
}
Tensor classLoss(Tensor scores, Tensor target) { return F::cross_entropy(scores, target); }
Tensor tokenLoss(Tensor scores, Tensor target) {
  return F::cross_entropy(reshape(scores, {-1, scores.size(-1)}), reshape(target, {-1}));
}
Tensor squareLoss(Tensor y, Tensor target) { return F::mse_loss(y, target); }

} // namespace

Workload openModel(const Spec &spec) {
  std::string net = spec.text("net");
  int64_t batch = spec.number("batch");
  bool training = spec.kind() == "train";
  optim::SGD sgd({.lr = 0.01, .momentum = 0.9, .weight_decay = 5e-4});
  optim::Adam adam({.lr = 1e-3});
  optim::AdamW adamw({.lr = 1e-4});
  auto run = [&](auto model, Array x, Array target, auto loss, const optim::Optimizer &optimizer) {
    return training ? train(model, x, target, loss, optimizer) : infer(model, x, loss);
  };
  auto labels = [&](int64_t classes) { return integers("t", {batch}, classes); };
  if (net == "mlp")
    return run(Mlp(), uniform("x", {batch, 784}), labels(10), classLoss, adam);
  if (net == "lenet")
    return run(LeNet(), images(batch, 1, 28), labels(10), classLoss, adam);
  if (net == "mnist")
    return run(MnistConv(), images(batch, 1, 28), labels(10), classLoss, adam);
  if (net == "resnet18")
    return run(ResNet<BasicBlock>({2, 2, 2, 2}, false), images(batch, 3, 224), labels(1000), classLoss, sgd);
  if (net == "resnet18_32")
    return run(ResNet<BasicBlock>({2, 2, 2, 2}, true), images(batch, 3, 32), labels(10), classLoss, sgd);
  if (net == "resnet50")
    return run(ResNet<Bottleneck>({3, 4, 6, 3}, false), images(batch, 3, 224), labels(1000), classLoss, sgd);
  if (net == "mobilenet_v2")
    return run(MobileNetV2(), images(batch, 3, 224), labels(1000), classLoss, sgd);
  if (net == "vgg16")
    return run(Vgg16(), images(batch, 3, 224), labels(1000), classLoss, sgd);
  if (net == "bert")
    return run(Bert(), uniform("x", {batch, 128, 768}), uniform("t", {batch, 128, 768}), squareLoss, adamw);
  if (net == "gpt2")
    return run(Gpt(50257, 1024, 768, 12, 12), integers("x", {batch, 256}, 50257), integers("t", {batch, 256}, 50257),
               tokenLoss, adamw);
  if (net == "chargpt")
    return run(Gpt(65, 64, 128, 4, 4), integers("x", {batch, 64}, 65), integers("t", {batch, 64}, 65), tokenLoss,
               adamw);
  if (net == "lstm")
    return run(Lstm(), uniform("x", {batch, 64, 512}), uniform("t", {batch, 64, 512}), squareLoss, adam);
  if (net == "gpt2_token" && !training) {
    Gpt gpt(50257, 1024, 768, 12, 12);
    fill(gpt);
    gpt.eval();
    int64_t past = 255;
    Shape cache{12, batch, 12, past, 64};
    TraceOptions options;
    options.names = nn::variableNames(gpt);
    auto function = build([=](Tensor x, Tensor k, Tensor v) mutable { return gpt.next(x, k, v, past); },
                          std::vector<::nnc::Spec>{i64({batch, 1}), f32(cache), f32(cache)}, options, {.freeze = true});
    return ofFunction(function, {integers("x", {batch, 1}, 50257), uniform("k", cache), uniform("v", cache)});
  }
  throw Error(fmt::format("{}: unknown network: {}", spec.kind(), net));
}

} // namespace bench

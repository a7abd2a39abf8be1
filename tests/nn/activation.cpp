// Activations against PyTorch.
#include "nnc/nn/Activation.h"
#include "Layer.h"

#include <catch2/catch.hpp>

using namespace nnc;

template <class M> static test::MakeSubject plain() {
  return [](const golden::Case &, DType) { return test::Subject(M()); };
}
// A layer whose only argument is a number of that name.
template <class M> static test::MakeSubject ofNumber(std::string name, double otherwise) {
  return [name, otherwise](const golden::Case &c, DType) { return test::Subject(M(c.get<double>(name, otherwise))); };
}
template <class M> static test::MakeSubject ofNumbers(std::string a, double a0, std::string b, double b0) {
  return [=](const golden::Case &c, DType) { return test::Subject(M(c.get<double>(a, a0), c.get<double>(b, b0))); };
}

static const std::map<std::string, test::MakeSubject> makers = {
    {"ELU", ofNumber<nn::ELU>("alpha", 1)},
    {"CELU", ofNumber<nn::CELU>("alpha", 1)},
    {"SELU", plain<nn::SELU>()},
    {"GELU",
     [](const golden::Case &c, DType) {
       bool tanh = c.get<std::string>("approximate", "none") == "tanh";
       return test::Subject(nn::GELU(tanh ? nn::Approximate::tanh : nn::Approximate::none));
     }},
    {"Hardshrink", ofNumber<nn::Hardshrink>("lambd", 0.5)},
    {"Hardsigmoid", plain<nn::Hardsigmoid>()},
    {"Hardswish", plain<nn::Hardswish>()},
    {"Hardtanh", ofNumbers<nn::Hardtanh>("min_val", -1, "max_val", 1)},
    {"LeakyReLU", ofNumber<nn::LeakyReLU>("negative_slope", 0.01)},
    {"LogSigmoid", plain<nn::LogSigmoid>()},
    {"Mish", plain<nn::Mish>()},
    {"ReLU", plain<nn::ReLU>()},
    {"ReLU6", plain<nn::ReLU6>()},
    {"Sigmoid", plain<nn::Sigmoid>()},
    {"SiLU", plain<nn::SiLU>()},
    {"Softplus", ofNumbers<nn::Softplus>("beta", 1, "threshold", 20)},
    {"Softshrink", ofNumber<nn::Softshrink>("lambd", 0.5)},
    {"Softsign", plain<nn::Softsign>()},
    {"Tanh", plain<nn::Tanh>()},
    {"Tanhshrink", plain<nn::Tanhshrink>()},
    {"Threshold", ofNumbers<nn::Threshold>("threshold", 0, "value", 0)},
    {"PReLU",
     [](const golden::Case &c, DType type) {
       return test::Subject(nn::PReLU(c.get<int64_t>("num_parameters", 1), c.get<double>("init", 0.25), type));
     }},
    {"RReLU", ofNumbers<nn::RReLU>("lower", 1.0 / 8, "upper", 1.0 / 3)},
    {"GLU", [](const golden::Case &c, DType) { return test::Subject(nn::GLU(c.get<int64_t>("dim", -1))); }},
    {"Softmax", [](const golden::Case &c, DType) { return test::Subject(nn::Softmax(c.get<int64_t>("dim"))); }},
    {"LogSoftmax", [](const golden::Case &c, DType) { return test::Subject(nn::LogSoftmax(c.get<int64_t>("dim"))); }},
};

TEST_CASE("activations agree with PyTorch", "[nn]") { test::checkSection("activation", makers); }
TEST_CASE("activations: gradients agree with finite differences", "[nn]") {
  using namespace nn::functional;
  nn::PReLU prelu(4, 0.25, DType::f64);
  test::Subject all(prelu, [prelu](Tensor x) {
    return std::vector<Tensor>{elu(x, 0.5),
                               celu(x, 0.5),
                               selu(x),
                               gelu(x, nn::Approximate::none),
                               silu(x),
                               mish(x),
                               hardswish(x),
                               gelu(x, nn::Approximate::tanh),
                               hardsigmoid(x),
                               hardshrink(x, 0.2),
                               softshrink(x, 0.2),
                               hardtanh(x, -0.5, 0.7),
                               logsigmoid(x),
                               softplus(x, 2, 1),
                               softsign(x),
                               leaky_relu(x, 0.1),
                               tanhshrink(x),
                               threshold(x, 0.1, 3),
                               relu6(x),
                               rrelu(x, 0.1, 0.3, false),
                               glu(x, 1),
                               softmax(x, 1),
                               log_softmax(x, 1),
                               softmin(x, 0),
                               nnc::tanh(x),
                               sigmoid(x),
                               nnc::relu(x),
                               prelu(x)};
  });
  test::checkFiniteDifferences(all, {test::randomArray({5, 4}, 7)});
}

TEST_CASE("softmax layers agree with PyTorch", "[nn]") { test::checkSection("softmax", makers); }

// The reader of golden values: every section opens whole, arguments and arrays are as documented, mismatches are told.
#include "Golden.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace nnc;
using golden::mismatch;

TEST_CASE("golden: a case gives arguments and arrays", "[golden]") {
  const golden::Case &c = Golden::open("conv").at("Conv2d/everything");
  CHECK(c.layer == "Conv2d");
  CHECK(c.train);
  CHECK(c.inputs == std::vector<std::string>{"input"});
  int64_t in = 0, groups = 1;
  std::array<int64_t, 2> stride = {1, 1}, kernel = {};
  std::string mode = "zeros";
  CHECK(c.set("in_channels", in));
  CHECK(c.set("groups", groups));
  CHECK(c.set("stride", stride));
  CHECK(c.set("kernel_size", kernel));
  CHECK_FALSE(c.set("padding_mode", mode));
  CHECK(mode == "zeros");
  CHECK(in == 4);
  CHECK(groups == 2);
  CHECK(stride == std::array<int64_t, 2>{2, 3});
  CHECK(c.unread() == "out_channels padding dilation");
  CHECK(c.at("input.0").shape == std::vector<int64_t>{3, 4, 13, 12});
  CHECK(c.input("input", "grad.")->shape == c.at("input.0").shape);
  CHECK(c.under("param.").size() == 2);
  CHECK(c.under("grad.param.").at("weight")->shape == std::vector<int64_t>{6, 2, 3, 2});
  CHECK_THROWS_WITH(c.at("output.7"), "golden: Conv2d/everything: no array 'output.7'");

  const golden::Case &same = Golden::open("conv").at("Conv2d/same");
  CHECK(same.argumentValue("padding")->string == "same");
  CHECK(same.get<std::array<int64_t, 2>>("kernel_size") == std::array<int64_t, 2>{3, 3});
}

// Sections whose cases are calls of a layer or function; the others document keys of their own.
static const char *const layerSections[] = {"activation",    "attention", "conv",    "dropout",   "linear",  "loss",
                                            "normalization", "padding",   "pooling", "recurrent", "softmax", "sparse"};
static const char *const otherSections[] = {"init", "module", "optim", "training", "utils"};

TEST_CASE("golden: every section opens", "[golden]") {
  for (const char *section : layerSections)
    CHECK_FALSE(Golden::open(section).cases().empty());
  for (const char *section : otherSections)
    CHECK_FALSE(Golden::open(section).cases().empty());
}

TEST_CASE("golden: arrays are as the table says", "[golden]") {
  for (const char *section : layerSections)
    for (const golden::Case &c : Golden::open(section).cases()) {
      INFO(section << ": " << c.name);
      CHECK(c.under("input.").size() == c.inputs.size());
      CHECK(c.under("output.").size() == c.outputs.size());
      CHECK(c.layer.empty() != c.function.empty());
      CHECK(c.f32 < 1e-2);
      for (const auto &[key, array] : c.under("grad."))
        CHECK(array->shape == c.at(key).shape);
      for (const auto &[key, array] : c.under("after."))
        CHECK(array->shape == c.at(key).shape);
      for (const auto &[key, array] : c.under("cotangent."))
        CHECK(array->shape == c.at("output." + key).shape);
      CHECK(c.hasGradients() == !c.under("cotangent.").empty());
    }
}

TEST_CASE("golden: inputs are exact in f32", "[golden]") {
  for (const char *section : layerSections)
    for (const golden::Case &c : Golden::open(section).cases()) {
      // A case that goes on from the one before begins with a state in full double.
      char last = c.name.back();
      bool goesOn = c.name[c.name.size() - 2] == '.' && last >= '1' && last <= '9';
      for (const char *kind : {"input.", "param.", "buffer.", "cotangent."})
        for (const auto &[key, array] : c.under(kind))
          for (double v : array->reals)
            if (!goesOn && !std::isnan(v) && double(float(v)) != v)
              FAIL(c.name << ": " << kind << key << " holds " << v);
    }
}

TEST_CASE("golden: comparison", "[golden]") {
  const double inf = INFINITY, nan = NAN;
  golden::Array a{"F64", {2, 2}, {1000, -2, inf, nan}, {}};
  CHECK(mismatch(a, std::vector<double>{1000, -2 + 1e-8, inf, nan}, 1e-10) == "");
  CHECK(mismatch(a, std::vector<double>{1000, -2, -inf, nan}, 1).starts_with("at [1, 0] expected inf, got -inf\n"));
  CHECK(mismatch(a, std::vector<double>{1000, nan, inf, nan}, 1).starts_with("at [0, 1] expected -2, got nan\n"));
  CHECK(mismatch(a, std::vector<double>{1000, -2, inf, 0}, 1).starts_with("at [1, 1] expected nan, got 0\n"));
  CHECK(mismatch(a, std::vector<double>{1000, -2}, 1) == "expected 4 elements, got 2");
  CHECK(mismatch(golden::Array{"F64", {1}, {0}, {}}, std::vector<float>{1e-6f}, 1e-5) == "");
  CHECK(mismatch(golden::Array{"I64", {2}, {}, {3, 4}}, std::vector<int64_t>{3, 5}) == "at [1] expected 4, got 5\n");
}

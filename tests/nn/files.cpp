// Arrays in files of their own: safetensors by name, .npy.
#include "../runtime/temporary.h"
#include "nnc/nn/Checkpoint.h"
#include "nnc/runtime/Error.h"
#include <catch2/catch.hpp>

using namespace nnc;

using Folder = test::TemporaryFolder;

TEST_CASE("arrays by name come back as they were, with the metadata") {
  Folder folder;
  auto weight = Array::of<double>({2, 3}, std::vector<double>{1, 2, 3, 4, 5, 6});
  auto flags = Array::of<int64_t>({}, std::vector<int64_t>{-7});
  save_file({{"b.weight", weight}, {"a", flags}, {"none", Array({0, 4})}}, folder / "x.safetensors", {{"epoch", "3"}});
  Metadata metadata;
  nn::StateDict read = load_file(folder / "x.safetensors", &metadata);
  REQUIRE(read.size() == 3);
  CHECK(read.at("b.weight").dtype() == DType::f64);
  CHECK(read.at("b.weight").shape() == Shape{2, 3});
  CHECK(read.at("b.weight").toDoubles() == weight.toDoubles());
  CHECK(read.at("a").item<int64_t>() == -7);
  CHECK(read.at("none").shape() == Shape{0, 4});
  CHECK(metadata == Metadata{{"epoch", "3"}});
  CHECK_THROWS_WITH(load_file(folder / "y.safetensors"),
                    Catch::Contains("y.safetensors: cannot open: No such file or directory"));
}

TEST_CASE(".npy files") {
  Folder folder;
  auto x = Array::of<float>({2, 2}, std::vector<float>{1, -2, 3, 0.5f});
  save_npy(x, folder / "x.npy");
  Array read = load_npy(folder / "x.npy");
  CHECK(read.dtype() == DType::f32);
  CHECK(read.shape() == x.shape());
  CHECK(read.toDoubles() == x.toDoubles());
  CHECK_THROWS_WITH(load_npy(folder / "y.npy"), Catch::Contains("y.npy: cannot open: No such file or directory"));
}

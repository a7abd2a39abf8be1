// Objects whose functions have frozen weights: what is prepared is inside, the same for every target, and a plain C
// program gives nothing but inputs.
#include "nnc/codegen/object/Compile.h"
#include "nnc/runtime/Buffer.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/SafeTensors.h"
#include "object_model.h"
#include "llvm/Support/FileSystem.h"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>

using namespace nnc;
using namespace nnc::test;

// forward: x exp(w) + b. step: w -= x, and a scale that it only reads.
static const char *model = R"(
func.func @forward(%x: tensor<4x8xf32> {nn.name = "x", nn.kind = "input"},
                   %w: tensor<8x6xf32> {nn.name = "fc.weight", nn.kind = "parameter"},
                   %b: tensor<6xf32> {nn.name = "fc.bias", nn.kind = "parameter"}) -> (tensor<4x6xf32> {nn.name = "y"}) {
  %e = nn.exp %w : (tensor<8x6xf32>) -> tensor<8x6xf32>
  %d = nn.dot %x, %e {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>} : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %c = nn.broadcast %b {dims = array<i64: 1>} : (tensor<6xf32>) -> tensor<4x6xf32>
  %y = nn.add %d, %c : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}
func.func @step(%x: tensor<8x6xf32> {nn.name = "x", nn.kind = "input"},
                %w: tensor<8x6xf32> {nn.name = "fc.weight", nn.kind = "parameter"},
                %s: tensor<8x6xf32> {nn.name = "scale", nn.kind = "buffer"})
    -> (tensor<8x6xf32> {nn.name = "fc.weight", nn.updates = 1 : i64}) {
  %t = nn.exp %s : (tensor<8x6xf32>) -> tensor<8x6xf32>
  %g = nn.mul %x, %t : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
  %n = nn.sub %w, %g : (tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<8x6xf32>
  return %n : tensor<8x6xf32>
}
)";

static const char *program = R"(
#include "net.h"
#include <stdio.h>
#include <stdlib.h>

static float x[4][8], g[8][6], y[4][6], before[4][6];
#define CHECK(condition)                                                                                               \
  if (!(condition)) {                                                                                                  \
    printf("line %d: %s: %s\n", __LINE__, #condition, net_last_error());                                               \
    return 1;                                                                                                          \
  }

int main(int argc, char **argv) {
  (void)argc;
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 8; ++j)
      x[i][j] = (float)((i * 7 + j * 3) % 11) / 11.0f - 0.5f;
  for (int j = 0; j < 8; ++j)
    g[j][0] = 1;
  CHECK(net_forward(x, y, NULL) == NNC_OK);
  memcpy(before, y, sizeof y);

  /* the step has a weight, which forward does not see */
  void *memory = aligned_alloc(NNC_ALIGNMENT, NET_STEP_STATE_BYTES);
  net_step_state state;
  net_step_state_init(&state, memory);
  float first = state.fc_weight[0];
  CHECK(net_step(&state, g, NULL) == NNC_OK);
  CHECK(state.fc_weight[0] < first && state.fc_weight[1] == 0.25f);
  CHECK(net_forward(x, y, NULL) == NNC_OK);
  CHECK(memcmp(before, y, sizeof y) == 0);

  /* a file of the step's state is none of forward's, which has none */
  const nnc_module *module = net_module();
  void *arguments[8] = {0};
  CHECK(net_step_state_save(&state, argv[1]) == NNC_OK);
  CHECK(net_step_state_load(&state, argv[1], 0) == NNC_OK);
  CHECK(module->services->state_load(module, NET_FORWARD, argv[1], arguments, 0) == NNC_MISMATCH);
  printf("%s\n", strrchr(net_last_error(), '/') + 1);
  CHECK(module->services->state_load(module, NET_FORWARD, argv[1], arguments, NNC_IGNORE_UNEXPECTED) == NNC_OK);

  /* all weights but the constants */
  net_weights weights;
  nnc_weights *file;
  CHECK(sizeof weights == sizeof(float *));
  CHECK(net_weights_open(argv[1], &weights, &file) == NNC_OK);
  CHECK(weights.fc_weight[0] == state.fc_weight[0]);
  const void *const *data = module->services->weights_data(file);
  for (int32_t i = module->weight_count - module->constant_count; i < module->weight_count; ++i)
    CHECK(data[i] == module->weights[i].data && data[i]);
  net_weights_close(file);

  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 6; ++j)
      printf("%a ", (double)y[i][j]);
  return 0;
}
)";

static int execute(const std::string &command) { return std::system(command.c_str()); }

static std::string textOf(const std::string &path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

static std::string errorOf(const std::function<void()> &run) {
  try {
    run();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

namespace {
struct Fixture {
  llvm::SmallString<128> folder;
  std::string at;
  std::vector<float> weight = std::vector<float>(48, 0.25f), bias = std::vector<float>(6, 0.5f),
                     scale = std::vector<float>(48, -1);
  codegen::CompileOptions options;
  Fixture() {
    REQUIRE(!llvm::sys::fs::createUniqueDirectory("nnc-frozen", folder));
    at = folder.str().str() + "/";
    for (int i = 0; i < 8; ++i)
      weight[size_t(6 * i)] = 0.125f * float(i);
    options.name = "net";
    options.cacheDirectory = at + "cache";
    options.freeze = true;
    options.weights = {{"fc.weight", NNC_F32, {8, 6}, weight.data()},
                       {"fc.bias", NNC_F32, {6}, bias.data()},
                       {"scale", NNC_F32, {8, 6}, scale.data()}};
  }
  ~Fixture() { llvm::sys::fs::remove_directories(folder); }
};
} // namespace

TEST_CASE_METHOD(Fixture, "a C program calls a frozen function with its inputs alone") {
  codegen::compileToFile(*parseModel(model), options, at + "libnet.so", at + "net.h");
  std::string header = textOf(at + "net.h");
  CHECK(header.find("int32_t net_forward(const float x[4][8], float y[4][6], void *workspace);") != std::string::npos);
  CHECK(header.find("/* Its weights are frozen: what it reads, 216 bytes, is in the object. */") != std::string::npos);
  CHECK(header.find("net_forward_prepare") == std::string::npos);
  std::ofstream(at + "main.c") << program;
  CHECK(execute("cc -std=c11 -Wall -Wextra -Werror -O1 -I" + at + " -L" + at + " -Wl,-rpath," + at + " " + at +
                "main.c -lnet -o " + at + "main") == 0);
  CHECK(execute(at + "main " + at + "state.safetensors > " + at + "best") == 0);
  // whatever processor it runs on, it was prepared on this one
  CHECK(execute("NNC_CPU_LEVEL=3 " + at + "main " + at + "state.safetensors > " + at + "v3") == 0);
  std::string text = textOf(at + "best");
  CHECK(text == textOf(at + "v3"));
  CHECK(text.rfind("state.safetensors: unexpected key 'fc.weight': the weights of 'forward' are frozen\n", 0) == 0);

  // the same bits as without freezing
  runtime::SharedObject frozen(at + "libnet.so");
  options.freeze = false;
  auto plain = codegen::compile(*parseModel(model), options);
  std::vector<float> x(32), y(24), z(24);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 8; ++j)
      x[size_t(8 * i + j)] = float((i * 7 + j * 3) % 11) / 11.0f - 0.5f;
  runtime::Buffer workspace(1 << 16);
  void *arguments[] = {x.data(), nullptr, nullptr}, *results[] = {y.data()}, *again[] = {z.data()};
  frozen.invoke(frozen.function("forward"), arguments, results, workspace.data());
  plain->invoke(plain->function("forward"), arguments, again, workspace.data());
  CHECK(std::memcmp(y.data(), z.data(), y.size() * sizeof(float)) == 0);

  // what nobody reads any more is not inside, nor is what prepares
  const nnc_module &module = frozen.module();
  CHECK(module.function_count == 2);
  REQUIRE(module.weight_count == 4);
  CHECK(module.constant_count == 3);
  CHECK(std::string(module.weights[0].name) == "fc.weight");
  CHECK(std::string(module.weights[1].name) == "fc.bias");
  CHECK(std::string(module.weights[2].name) == "fc.weight.prepared");
  CHECK(std::string(module.weights[3].name) == "scale.prepared");
  for (int32_t i = 0; i < module.kernel_count; ++i)
    CHECK(std::string(module.kernel_names[i]).find("exp") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "weights that lie misaligned in a file are prepared all the same") {
  std::vector<char> bytes(48 * 4 + 4);
  std::memcpy(bytes.data() + 1, weight.data(), 48 * 4);
  auto aligned = codegen::compileToBytes(*parseModel(model), options);
  options.weights[0].data = bytes.data() + 1;
  CHECK(codegen::compileToBytes(*parseModel(model), options) == aligned);
}

TEST_CASE_METHOD(Fixture, "mistakes with frozen weights are errors with a message") {
  auto compile = [&] { codegen::compile(*parseModel(model), options); };
  options.weights[0].dims = {6, 8};
  CHECK(errorOf(compile) == "weight 'fc.weight': expected 8x6 f32, got 6x8 f32");
  options.weights[0].dims = {8, 6};
  options.weights[0].name = "fc.wieght";
  CHECK(errorOf(compile) == "weight 'fc.weight' is missing: expected 8x6 f32");
  options.weights[0].name = "fc.weight";
  options.weights[1].name = "fc.bais";
  CHECK(errorOf(compile) == "weight 'fc.bais': no function has a parameter or buffer of that name");
  options.weights.erase(options.weights.begin() + 1);
  CHECK(errorOf(compile) == "weight 'fc.bias' is missing: expected 6 f32");
  options.weights.clear();
  CHECK(errorOf([&] { codegen::compileToFile(*parseModel(model), options, at + "net.so", ""); }) ==
        "freeze: expected the values of parameters and buffers, got none");
}

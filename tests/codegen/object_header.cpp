// The generated header: a plain C program, compiled by the system's compiler against nothing else, loads the library,
// runs it, trains, saves and loads its state.
#include "nnc/codegen/object/Compile.h"
#include "nnc/runtime/Error.h"
#include "nnc/runtime/SafeTensors.h"
#include "object_model.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <span>

using namespace nnc;
using namespace nnc::test;

static const char *program = R"(
#include "net.h"
#include <stdio.h>
#include <stdlib.h>

static float x[64][96], target[64][32], y[64][32];
#define CHECK(condition)                                                                                               \
  if (!(condition)) {                                                                                                  \
    printf("line %d: %s: %s\n", __LINE__, #condition, net_last_error());                                               \
    return 1;                                                                                                          \
  }

int main(int argc, char **argv) {
  (void)argc;
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 96; ++j)
      x[i][j] = (float)((i * 7 + j * 3) % 11) / 11.0f - 0.5f;
  /* state in memory of ours; the weights' embedded values */
  void *memory = aligned_alloc(NNC_ALIGNMENT, NET_TRAIN_STEP_STATE_BYTES);
  void *workspace = aligned_alloc(NNC_ALIGNMENT, NET_TRAIN_STEP_WORKSPACE_BYTES + NNC_ALIGNMENT);
  net_train_step_state state;
  net_train_step_state_init(&state, memory);
  CHECK(state.fc_bias[3] == 0.5f && *state.step == 0);

  float first = 0, loss = 0;
  for (int i = 0; i < 10; ++i) {
    CHECK(net_train_step(&state, x, target, 0.01f, &loss, workspace) == NNC_OK);
    if (i == 0)
      first = loss;
  }
  CHECK(loss < first && *state.step == 10);

  /* save, go on, come back, go on: the same */
  CHECK(net_train_step_state_save(&state, argv[1]) == NNC_OK);
  float once, again;
  CHECK(net_train_step(&state, x, target, 0.01f, &once, workspace) == NNC_OK);
  CHECK(net_train_step_state_load(&state, argv[1], 0) == NNC_OK);
  CHECK(*state.step == 10);
  CHECK(net_set_threads(3) == NNC_OK);
  CHECK(net_train_step(&state, x, target, 0.01f, &again, workspace) == NNC_OK);
  CHECK(net_set_threads(1) == NNC_OK);
  CHECK(once == again);

  /* forward: embedded weights, our own, and a file's */
  CHECK(net_forward(NULL, x, y, NULL) == NNC_OK);
  float embedded[64][32];
  memcpy(embedded, y, sizeof y);
  net_weights weights = {state.fc_weight, state.fc_bias, NULL};
  CHECK(net_forward(&weights, x, y, NULL) == NNC_OK);
  CHECK(memcmp(embedded, y, sizeof y) != 0);

  nnc_weights *file;
  CHECK(net_weights_open(argv[2], &weights, &file) == NNC_OK);
  CHECK(weights.fc_weight[5] == 0.25f && weights.emb_weight[9] == 0.75f);
  CHECK(net_forward(&weights, x, y, NULL) == NNC_OK);
  CHECK(memcmp(embedded, y, sizeof y) == 0);
  net_weights_close(file);
  weights.fc_weight = state.fc_weight;
  weights.fc_bias = state.fc_bias;
  CHECK(net_weights_open(argv[1], &weights, &file) == NNC_MISMATCH);
  puts(net_last_error());

  /* failures are a status and a message */
  CHECK(net_forward(&weights, NULL, y, NULL) == NNC_INVALID_ARGUMENT);
  puts(net_last_error());
  CHECK(net_train_step_state_load(&state, "/no/such/file", 0) == NNC_IO);
  puts(net_last_error());
  int64_t index[2][3] = {{0, 1, 2}, {3, 4, 11}};
  float table[10] = {0}, picked[2][3];
  net_weights tables = {NULL, NULL, table};
  void *small = aligned_alloc(NNC_ALIGNMENT, NET_PICK_WORKSPACE_BYTES);
  CHECK(net_pick(&tables, index, picked, small) == NNC_INDEX_OUT_OF_RANGE);
  puts(net_last_error());
  printf("done %s\n", net_module()->name);
  return 0;
}
)";

static int execute(const std::string &command) { return std::system(command.c_str()); }

TEST_CASE("a C program and a C++ program use the library through its header") {
  llvm::SmallString<128> folder;
  REQUIRE(!llvm::sys::fs::createUniqueDirectory("nnc-header", folder));
  std::string at = folder.str().str() + "/";
  std::vector<float> weight(96 * 32, 0.25f), bias(32, 0.5f);
  codegen::CompileOptions options;
  options.name = "net";
  options.cacheDirectory = at + "cache";
  options.weights = {{"fc.weight", NNC_F32, {96, 32}, weight.data()}, {"fc.bias", NNC_F32, {32}, bias.data()}};
  codegen::compileToFile(*parseModel(), options, at + "libnet.so", at + "net.h");
  std::ofstream(at + "main.c") << program;
  std::ofstream(at + "main.cpp") << program;
  REQUIRE(llvm::sys::findProgramByName("cc"));
  std::string flags = " -Wall -Wextra -Werror -O1 -I" + at + " -L" + at + " -Wl,-rpath," + at;
  CHECK(execute("cc -std=c11 -pedantic-errors -Wno-pedantic" + flags + " " + at + "main.c -lnet -o " + at + "c") == 0);
  CHECK(execute("c++ -std=c++20" + flags + " " + at + "main.cpp -lnet -o " + at + "cpp") == 0);
  std::vector<float> table(10, 0.75f);
  auto view = [](const std::vector<float> &values, std::vector<int64_t> dims) {
    return runtime::TensorView{NNC_F32, std::move(dims), std::as_bytes(std::span(values))};
  };
  runtime::writeSafeTensors(
      at + "weights.safetensors",
      {{"fc.weight", view(weight, {96, 32})}, {"fc.bias", view(bias, {32})}, {"emb.weight", view(table, {10})}});
  for (std::string binary : {"c", "cpp"}) {
    CHECK(execute(at + binary + " " + at + "state.safetensors " + at + "weights.safetensors > " + at + "out") == 0);
    std::ifstream out(at + "out");
    std::string text((std::istreambuf_iterator<char>(out)), {});
    CHECK(text == at + "state.safetensors: missing key 'emb.weight'\n"
                       "forward: argument 'x' is null\n"
                       "/no/such/file: cannot open: No such file or directory\n"
                       "embedding 'emb': input: index 11 at [1, 2] is out of range [0, 10)\n"
                       "done net\n");
  }
  runtime::SafeTensors saved(at + "state.safetensors");
  CHECK(saved.tensors().size() == 3);
  REQUIRE(saved.find("fc.weight"));
  CHECK(saved.find("fc.weight")->dims == std::vector<int64_t>{96, 32});
  CHECK(saved.find("step"));
  llvm::sys::fs::remove_directories(folder);
}

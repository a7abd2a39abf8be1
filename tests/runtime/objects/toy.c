/* A compiled object in small, as the compiler lays one out: tables, kernels, schedules, and the embedded runtime linked
 * in. forward(x[1024], weight[1024] embedded) -> y[1024] = x * weight + level of the variant train_step(x[1024],
 * weight, weight.momentum, step) -> loss; updates the last three lookup(index[4][3]) -> y: checks that indices are in
 * [0, 1000) threads() -> how many different threads ran its 64 tasks */
#include "nnc/runtime/embedded/core.h"

enum { n = 1024, tasks = 64 };

static void scale(void **buffers, int64_t begin, int64_t end, float plus) {
  const float *x = buffers[0], *w = buffers[1];
  float *y = buffers[2];
  for (int64_t i = begin * (n / tasks); i < end * (n / tasks); ++i)
    y[i] = x[i] * w[i] + plus;
}
static void scale_v4(void **buffers, int64_t begin, int64_t end) { scale(buffers, begin, end, 4); }
static void scale_any(void **buffers, int64_t begin, int64_t end) { scale(buffers, begin, end, 0); }

static void descend(void **buffers, int64_t begin, int64_t end) {
  const float *x = buffers[0];
  float *w = buffers[1], *m = buffers[2];
  for (int64_t i = begin * (n / tasks); i < end * (n / tasks); ++i) {
    m[i] = 0.5f * m[i] + x[i];
    w[i] -= m[i];
  }
}

/* one task: the sum in its fixed order, and the count of steps */
static void finish(void **buffers, int64_t begin, int64_t end) {
  const float *w = buffers[0];
  float *loss = buffers[1];
  *loss = 0;
  for (int i = 0; i < n; ++i)
    *loss += w[i];
  ++*(int64_t *)buffers[2];
}

static void mark(void **buffers, int64_t begin, int64_t end) {
  static _Thread_local char self;
  for (int64_t i = begin; i < end; ++i) {
    ((void **)buffers[0])[i] = &self;
    for (volatile int spin = 0; spin < 20000; ++spin)
      ;
  }
}

static int32_t forward(const nnc_call *call, void **arguments, void **results, void *workspace) {
  float *y = workspace;
  void *buffers[] = {arguments[0], arguments[1], y};
  nnc_run(call, 0, buffers);
  for (int i = 0; i < n; ++i)
    ((float *)results[0])[i] = y[i];
  return NNC_OK;
}

static int32_t train_step(const nnc_call *call, void **arguments, void **results, void *workspace) {
  void *first[] = {arguments[0], arguments[1], arguments[2]}, *second[] = {arguments[1], results[0], arguments[3]};
  nnc_run(call, 0, first);
  nnc_run(call, 1, second);
  return NNC_OK;
}

static const int64_t dims[] = {n}, index_dims[] = {4, 3}, task_dims[] = {tasks};

static int32_t lookup(const nnc_call *call, void **arguments, void **results, void *workspace) {
  const int64_t *indices = arguments[0];
  int64_t first = 0;
  while (first < 12 && indices[first] >= 0 && indices[first] < 1000)
    ++first;
  int32_t status = nnc_check("embedding 'emb': input", first, indices, NNC_I64, index_dims, 2, 0, 1000);
  if (status != NNC_OK)
    return status;
  *(int64_t *)results[0] = indices[11];
  return NNC_OK;
}

static int32_t threads(const nnc_call *call, void **arguments, void **results, void *workspace) {
  void *buffers[] = {results[0]};
  nnc_run(call, 0, buffers);
  return NNC_OK;
}

static _Alignas(NNC_ALIGNMENT) const float weight[n] = {1, 2, 3, 4};

#define VALUE(name_, kind_, dtype_, rank_, dims_, bytes_, updates_, weight_)                                           \
  {.name = name_,                                                                                                      \
   .kind = kind_,                                                                                                      \
   .dtype = dtype_,                                                                                                    \
   .rank = rank_,                                                                                                      \
   .dims = dims_,                                                                                                      \
   .bytes = bytes_,                                                                                                    \
   .updates = updates_,                                                                                                \
   .weight = weight_}

static const nnc_value forward_arguments[] = {VALUE("x", NNC_INPUT, NNC_F32, 1, dims, 4 * n, -1, -1),
                                              VALUE("fc.weight", NNC_PARAMETER, NNC_F32, 1, dims, 4 * n, -1, 0)};
static const nnc_value forward_results[] = {VALUE("y", NNC_OUTPUT, NNC_F32, 1, dims, 4 * n, -1, -1)};
static const nnc_value step_arguments[] = {VALUE("x", NNC_INPUT, NNC_F32, 1, dims, 4 * n, -1, -1),
                                           VALUE("fc.weight", NNC_PARAMETER, NNC_F32, 1, dims, 4 * n, 1, 0),
                                           VALUE("fc.weight.momentum", NNC_OPTIMIZER, NNC_F32, 1, dims, 4 * n, 2, -1),
                                           VALUE("step", NNC_STEP, NNC_I64, 0, 0, 8, 3, -1)};
static const nnc_value step_results[] = {VALUE("loss", NNC_OUTPUT, NNC_F32, 0, 0, 4, -1, -1),
                                         VALUE("fc.weight", NNC_PARAMETER, NNC_F32, 1, dims, 4 * n, 1, -1),
                                         VALUE("fc.weight.momentum", NNC_OPTIMIZER, NNC_F32, 1, dims, 4 * n, 2, -1),
                                         VALUE("step", NNC_STEP, NNC_I64, 0, 0, 8, 3, -1)};
static const nnc_value lookup_arguments[] = {VALUE("input", NNC_INPUT, NNC_I64, 2, index_dims, 96, -1, -1)};
static const nnc_value lookup_results[] = {VALUE("last", NNC_OUTPUT, NNC_I64, 0, 0, 8, -1, -1)};
static const nnc_value thread_results[] = {VALUE("ids", NNC_OUTPUT, NNC_I64, 1, task_dims, 8 * tasks, -1, -1)};

static const nnc_launch forward_launches[] = {
    {.layers = "fc", .tasks = tasks, .times = 1, .bytes = 12 * n, .flops = 100000, .kernel = 0, .source = 1}};
static const nnc_launch step_launches[] = {{.layers = "fc", .tasks = tasks, .times = 1, .kernel = 1},
                                           {.layers = "fc, loss", .tasks = 1, .times = 1, .kernel = 2}};
static const nnc_launch thread_launches[] = {{.layers = "", .tasks = tasks, .times = 1, .kernel = 3}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FUNCTION(name_, arguments_, argument_count_, results_, launches_, launch_count_, workspace_)                   \
  {.name = #name_,                                                                                                     \
   .arguments = arguments_,                                                                                            \
   .argument_count = argument_count_,                                                                                  \
   .results = results_,                                                                                                \
   .result_count = COUNT(results_),                                                                                    \
   .launches = launches_,                                                                                              \
   .launch_count = launch_count_,                                                                                      \
   .workspace_bytes = workspace_,                                                                                      \
   .schedule = name_}

static const nnc_function functions[] = {
    FUNCTION(forward, forward_arguments, 2, forward_results, forward_launches, 1, 4 * n),
    FUNCTION(train_step, step_arguments, 4, step_results, step_launches, 2, 0),
    FUNCTION(lookup, lookup_arguments, 1, lookup_results, 0, 0, 0),
    FUNCTION(threads, 0, 0, thread_results, thread_launches, 1, 0)};

static const nnc_kernel v4[] = {scale_v4, descend, finish, mark}, any[] = {scale_any, descend, finish, mark};
static const nnc_variant variants[] = {{.target = "x86-64-v4", .kernels = v4, .level = 4},
                                       {.target = "any", .kernels = any}};
static const char *const kernel_names[] = {"scale", "descend", "finish", "mark"};
static const char *const sources[] = {"", "toy.cpp:41, toy.cpp:42"};
static const nnc_weight weights[] = {
    {.name = "fc.weight", .dims = dims, .bytes = 4 * n, .dtype = NNC_F32, .rank = 1, .data = weight}};

static const nnc_module module = {.abi_version = NNC_ABI_VERSION,
                                  .bytes = sizeof module,
                                  .name = "toy",
                                  .producer = "hand",
                                  .services = &nnc_core_services,
                                  .functions = functions,
                                  .weights = weights,
                                  .variants = variants,
                                  .kernel_names = kernel_names,
                                  .function_count = COUNT(functions),
                                  .weight_count = 1,
                                  .variant_count = 2,
                                  .kernel_count = 4,
                                  .sources = sources,
                                  .source_count = COUNT(sources)};

__attribute__((visibility("default"))) const nnc_module *nnc_module_v1(void) { return &module; }

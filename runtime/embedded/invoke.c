/* Calls into compiled schedules and what schedules call back: launches and index checks. Also the table of services. */
#include "nnc/runtime/embedded/core.h"
#include <stdio.h>
#include <time.h>

/* Below about this many bytes and flops together a kernel is done sooner than another thread has begun. */
enum { inline_work = 32768 };

NNC_CALLS_COMPILED_CODE void nnc_run(const nnc_call *call, int32_t number, void **buffers) {
  const nnc_launch *launch = &call->function->launches[number];
  nnc_kernel kernel = call->kernels[launch->kernel];
  const nnc_options *options = call->options;
  int64_t work = launch->bytes + launch->flops;
  bool small = launch->tasks <= 1 || (work > 0 && work < inline_work);
  struct timespec begin = {0, 0}, end = {0, 0};
  if (options && options->profile)
    clock_gettime(CLOCK_MONOTONIC, &begin);
  if (small || !call->pool)
    kernel(buffers, 0, launch->tasks);
  else
    call->pool->run(call->pool, kernel, buffers, launch->tasks);
  if (options && options->profile) {
    clock_gettime(CLOCK_MONOTONIC, &end);
    options->profile(options->profile_data, number,
                     (int64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (end.tv_nsec - begin.tv_nsec));
  }
}

int32_t nnc_index_error(const char *what, int64_t value, const int64_t *position, int32_t rank, int64_t lower,
                        int64_t upper) {
  char at[256] = "";
  size_t used = 0;
  for (int32_t i = 0; i < rank && used < sizeof at; ++i)
    used += (size_t)snprintf(at + used, sizeof at - used, "%s%lld%s", i ? ", " : " at [", (long long)position[i],
                             i == rank - 1 ? "]" : "");
  return nnc_fail(NNC_INDEX_OUT_OF_RANGE, "%s: index %lld%s is out of range [%lld, %lld)", what, (long long)value, at,
                  (long long)lower, (long long)upper);
}

int32_t nnc_check(const char *what, int64_t first, const void *indices, int32_t dtype, const int64_t *dims,
                  int32_t rank, int64_t lower, int64_t upper) {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; ++i)
    count *= dims[i];
  if (first < 0 || first >= count)
    return NNC_OK;
  int64_t value = 0;
  switch (dtype) {
  case NNC_I64:
    value = ((const int64_t *)indices)[first];
    break;
  case NNC_I32:
    value = ((const int32_t *)indices)[first];
    break;
  case NNC_I8:
    value = ((const int8_t *)indices)[first];
    break;
  default: /* u8, bool */
    value = ((const uint8_t *)indices)[first];
  }
  int64_t position[16];
  int32_t shown = rank <= 16 ? rank : 0;
  for (int32_t i = shown - 1; i >= 0; --i) {
    position[i] = first % dims[i];
    first /= dims[i];
  }
  return nnc_index_error(what, value, position, shown, lower, upper);
}

/* Element alignment; every dtype's size is a power of two. */
static bool aligned(const void *pointer, int64_t bytes) { return ((uintptr_t)pointer & (uintptr_t)(bytes - 1)) == 0; }

static int32_t check_pointer(const nnc_function *function, const char *what, const nnc_value *value,
                             const void *pointer) {
  if (!pointer && value->bytes > 0)
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: %s '%s' is null", function->name, what, value->name);
  int64_t alignment = nnc_dtype_bytes(value->dtype);
  if (alignment > 1 && !aligned(pointer, alignment))
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: %s '%s' at %p is not aligned to its elements of %lld bytes",
                    function->name, what, value->name, pointer, (long long)alignment);
  return NNC_OK;
}

static const nnc_variant *choose_variant(const nnc_module *module) {
  for (int32_t i = 0; i < module->variant_count; ++i)
    if (module->variants[i].level <= nnc_cpu_level())
      return &module->variants[i];
  return NULL;
}

NNC_CALLS_COMPILED_CODE int32_t nnc_invoke(const nnc_module *module, int32_t index, void *const *arguments,
                                           void *const *results, void *workspace, const nnc_options *options) {
  if (index < 0 || index >= module->function_count)
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: function %d does not exist, there are %d", module->name, index,
                    module->function_count);
  const nnc_function *function = &module->functions[index];
  const nnc_variant *variant = choose_variant(module);
  if (!variant && module->kernel_count > 0)
    return nnc_fail(NNC_UNSUPPORTED_CPU, "%s: compiled for %s and better, this CPU is x86-64-v%d", module->name,
                    module->variant_count ? module->variants[module->variant_count - 1].target : "no CPU",
                    nnc_cpu_level());
  if ((!arguments && function->argument_count) || (!results && function->result_count))
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: the array of %s is null", function->name,
                    !arguments && function->argument_count ? "arguments" : "results");
  void *pointers[function->argument_count + function->result_count + 1];
  void **ours = pointers, **theirs = pointers + function->argument_count;
  for (int32_t i = 0; i < function->argument_count; ++i) {
    const nnc_value *value = &function->arguments[i];
    ours[i] = arguments[i];
    if (!ours[i] && value->weight >= 0 && value->updates < 0)
      ours[i] = (void *)(uintptr_t)module->weights[value->weight].data; /* only read, as it is not updated */
    int32_t status = check_pointer(function, "argument", value, ours[i]);
    if (status != NNC_OK)
      return status;
  }
  for (int32_t i = 0; i < function->result_count; ++i) {
    const nnc_value *value = &function->results[i];
    theirs[i] = results[i];
    if (value->updates >= 0) {
      if (theirs[i] && theirs[i] != ours[value->updates])
        return nnc_fail(NNC_INVALID_ARGUMENT,
                        "%s: result '%s' is written to argument '%s': expected null or its pointer", function->name,
                        value->name, function->arguments[value->updates].name);
      theirs[i] = ours[value->updates];
    }
    int32_t status = check_pointer(function, "result", value, theirs[i]);
    if (status != NNC_OK)
      return status;
  }
  if (function->workspace_bytes > 0 && (!workspace || !aligned(workspace, NNC_ALIGNMENT)))
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: workspace: expected %lld bytes aligned to %d, got %s", function->name,
                    (long long)function->workspace_bytes, NNC_ALIGNMENT, workspace ? "a misaligned pointer" : "null");
  nnc_call call = {module, function, variant ? variant->kernels : NULL,
                   options && options->pool ? options->pool : nnc_get_pool(), options};
  return function->schedule(&call, ours, theirs, workspace);
}

const nnc_services nnc_core_services = {
    .invoke = nnc_invoke,
    .last_error = nnc_last_error,
    .cpu_level = nnc_cpu_level,
    .set_threads = nnc_set_threads,
    .set_pool = nnc_set_pool,
    .state_save = nnc_state_save,
    .state_load = nnc_state_load,
    .weights_open = nnc_weights_open,
    .weights_data = nnc_weights_data,
    .weights_close = nnc_weights_close,
};

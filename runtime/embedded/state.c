/* Saving and loading the state of a compiled function, and files that hold a module's weights. */
#include "nnc/runtime/embedded/core.h"
#include <stdlib.h>
#include <string.h>

static bool is_state(const nnc_value *value) {
  return value->kind == NNC_PARAMETER || value->kind == NNC_BUFFER || value->kind == NNC_OPTIMIZER ||
         value->kind == NNC_SEED || value->kind == NNC_STEP;
}

/* The function, when its number is good and no argument that is state is null. */
static int32_t find_function(const nnc_module *module, int32_t index, void *const *arguments,
                             const nnc_function **result) {
  if (index < 0 || index >= module->function_count)
    return nnc_fail(NNC_INVALID_ARGUMENT, "%s: function %d does not exist, there are %d", module->name, index,
                    module->function_count);
  const nnc_function *function = *result = &module->functions[index];
  for (int32_t i = 0; i < function->argument_count; ++i)
    if (is_state(&function->arguments[i]) && function->arguments[i].bytes && (!arguments || !arguments[i]))
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: argument '%s' is null", function->name, function->arguments[i].name);
  return NNC_OK;
}

int32_t nnc_state_save(const nnc_module *module, int32_t index, const char *path, void *const *arguments) {
  const nnc_function *function;
  int32_t status = find_function(module, index, arguments, &function);
  if (status != NNC_OK)
    return status;
  nnc_tensor *tensors = malloc(((size_t)function->argument_count + 1) * sizeof *tensors);
  if (!tensors)
    return nnc_fail(NNC_NO_MEMORY, "%s: out of memory", path);
  int64_t count = 0;
  for (int32_t i = 0; i < function->argument_count; ++i) {
    const nnc_value *v = &function->arguments[i];
    if (is_state(v))
      tensors[count++] = (nnc_tensor){v->name, v->dims, arguments[i], v->bytes, v->dtype, v->rank};
  }
  /* PyTorch's readers ask for this key */
  const nnc_metadata format = {"format", "pt"};
  status = nnc_safetensors_write(path, tensors, count, &format, 1);
  free(tensors);
  return status;
}

/* The file's tensor for a key, when it is there and of the wanted type and shape. */
static int32_t match(const nnc_safetensors *file, const char *path, const char *key, int32_t dtype, const int64_t *dims,
                     int32_t rank, const nnc_tensor **result) {
  const nnc_tensor *t = *result = nnc_safetensors_find(file, key);
  if (!t)
    return nnc_fail(NNC_MISMATCH, "%s: missing key '%s'", path, key);
  if (t->dtype == dtype && t->rank == rank && (rank == 0 || memcmp(t->dims, dims, (size_t)rank * sizeof *dims) == 0))
    return NNC_OK;
  char wanted[160], got[160];
  return nnc_fail(NNC_MISMATCH, "%s: key '%s': expected %s, got %s", path, key,
                  nnc_describe(wanted, sizeof wanted, dtype, dims, rank),
                  nnc_describe(got, sizeof got, t->dtype, t->dims, t->rank));
}

/* Names the first key of the file that no argument has; arguments are few, and this runs only when counts differ. */
static int32_t find_unexpected(const nnc_safetensors *file, const char *path, const nnc_function *function) {
  bool frozen = false;
  for (int32_t a = 0; a < function->argument_count; ++a)
    frozen |= function->arguments[a].kind == NNC_CONSTANT;
  for (int64_t i = 0; i < file->tensor_count; ++i) {
    bool found = false;
    for (int32_t a = 0; a < function->argument_count && !found; ++a)
      found = is_state(&function->arguments[a]) && strcmp(function->arguments[a].name, file->tensors[i].name) == 0;
    char shown[NNC_PRINTABLE];
    if (!found)
      return nnc_fail(NNC_MISMATCH, "%s: unexpected key '%s'%s%s%s", path, nnc_printable(shown, file->tensors[i].name),
                      frozen ? ": the weights of '" : "", frozen ? function->name : "", frozen ? "' are frozen" : "");
  }
  return NNC_OK;
}

int32_t nnc_state_load(const nnc_module *module, int32_t index, const char *path, void *const *arguments,
                       int32_t flags) {
  const nnc_function *function;
  const nnc_safetensors *file;
  int32_t status = find_function(module, index, arguments, &function);
  if (status != NNC_OK || (status = nnc_safetensors_open(path, &file)) != NNC_OK)
    return status;
  int64_t wanted = 0;
  const nnc_tensor *tensor;
  for (int32_t i = 0; i < function->argument_count && status == NNC_OK; ++i) {
    const nnc_value *v = &function->arguments[i];
    if (is_state(v)) {
      ++wanted;
      status = match(file, path, v->name, v->dtype, v->dims, v->rank, &tensor);
    }
  }
  if (status == NNC_OK && wanted != file->tensor_count && !(flags & NNC_IGNORE_UNEXPECTED))
    status = find_unexpected(file, path, function);
  for (int32_t i = 0; i < function->argument_count && status == NNC_OK; ++i)
    if (is_state(&function->arguments[i]) && function->arguments[i].bytes)
      memcpy(arguments[i], nnc_safetensors_find(file, function->arguments[i].name)->data,
             (size_t)function->arguments[i].bytes);
  nnc_safetensors_close(file);
  return status;
}

struct nnc_weights {
  const nnc_safetensors *file;
  char *copies; /* of tensors that lie misaligned in the file; null when there are none */
  const void *data[];
};

static bool misaligned(const nnc_tensor *tensor) {
  return ((uintptr_t)tensor->data & (uintptr_t)(nnc_dtype_bytes(tensor->dtype) - 1)) != 0;
}

int32_t nnc_weights_open(const nnc_module *module, const char *path, nnc_weights **result) {
  *result = NULL;
  const nnc_safetensors *file;
  const nnc_tensor *tensor;
  int32_t status = nnc_safetensors_open(path, &file);
  if (status != NNC_OK)
    return status;
  nnc_weights *weights = calloc(1, sizeof *weights + (size_t)module->weight_count * sizeof(void *));
  if (!weights) {
    nnc_safetensors_close(file);
    return nnc_fail(NNC_NO_MEMORY, "%s: out of memory", path);
  }
  weights->file = file;
  size_t copied = 0;
  int32_t wanted = module->weight_count - module->constant_count;
  for (int32_t i = 0; i < wanted && status == NNC_OK; ++i) {
    const nnc_weight *w = &module->weights[i];
    status = match(file, path, w->name, w->dtype, w->dims, w->rank, &tensor);
    if (status == NNC_OK && misaligned(tensor))
      copied += ((size_t)tensor->bytes + NNC_ALIGNMENT - 1) / NNC_ALIGNMENT * NNC_ALIGNMENT;
  }
  if (status == NNC_OK && copied && !(weights->copies = aligned_alloc(NNC_ALIGNMENT, copied)))
    status = nnc_fail(NNC_NO_MEMORY, "%s: out of memory", path);
  if (status != NNC_OK) {
    nnc_weights_close(weights);
    return status;
  }
  char *room = weights->copies;
  for (int32_t i = wanted; i < module->weight_count; ++i)
    weights->data[i] = module->weights[i].data;
  for (int32_t i = 0; i < wanted; ++i) {
    tensor = nnc_safetensors_find(file, module->weights[i].name);
    weights->data[i] = tensor->data;
    if (misaligned(tensor)) {
      weights->data[i] = memcpy(room, tensor->data, (size_t)tensor->bytes);
      room += ((size_t)tensor->bytes + NNC_ALIGNMENT - 1) / NNC_ALIGNMENT * NNC_ALIGNMENT;
    }
  }
  *result = weights;
  return NNC_OK;
}

const void *const *nnc_weights_data(const nnc_weights *weights) { return weights->data; }

void nnc_weights_close(nnc_weights *weights) {
  if (!weights)
    return;
  nnc_safetensors_close(weights->file);
  free(weights->copies);
  free(weights);
}

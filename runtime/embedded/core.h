/* The little runtime that travels in every shared object: its functions, all hidden there. Compiled schedules call the
 * first group; the host library wraps the others. C11, needs libc and pthread only, no global constructors. */
#ifndef NNC_RUNTIME_EMBEDDED_CORE_H
#define NNC_RUNTIME_EMBEDDED_CORE_H

#include "nnc/runtime/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/*===--- called by compiled schedules ---===*/

/* The state of one call of `invoke`; schedules only hand it on. */
struct nnc_call {
  const nnc_module *module;
  const nnc_function *function;
  const nnc_kernel *kernels; /* of the chosen variant */
  nnc_pool *pool;            /* null: run on the calling thread */
  const nnc_options *options;
};

/* Executes launch number `launch` of the call's function on `buffers` (in the kernel's order). */
void nnc_run(const nnc_call *call, int32_t launch, void **buffers);

/* Reports an index outside [lower, upper), where `what` is "embedding 'emb': input": the message becomes
 * "embedding 'emb': input: index 1000 at [3, 2] is out of range [0, 1000)". Returns NNC_INDEX_OUT_OF_RANGE. */
int32_t nnc_index_error(const char *what, int64_t value, const int64_t *position, int32_t rank, int64_t lower,
                        int64_t upper);

/* Searches a dense tensor of indices (i64, i32, i8, u8) for the first one outside [lower, upper), other than `*ignored`
 * where that is not null, and reports it. Returns NNC_OK when there is none. A schedule calls it after a cheap
 * reduction said that something is wrong, or at once. */
int32_t nnc_check_indices(const char *what, const void *data, int32_t dtype, const int64_t *dims, int32_t rank,
                          int64_t lower, int64_t upper, const int64_t *ignored);

/* The table that nnc_module.services points to. */
extern const nnc_services nnc_core_services;

/*===--- errors and CPU ---===*/

/* Formats this thread's message and returns `status`, so that a failing function ends in one line. */
int32_t nnc_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *nnc_last_error(void);
int32_t nnc_cpu_level(void);

/* Bytes of one element; 0 for an unknown dtype. Spelling as in safetensors ("F32"); null for an unknown one. */
int64_t nnc_dtype_bytes(int32_t dtype);
const char *nnc_dtype_name(int32_t dtype);

/*===--- pool ---===*/

/* A pool of `threads` threads, the caller of `run` included. A `run` inside a task, or beside another thread's, works
 * on its own thread. */
int32_t nnc_pool_create(int32_t threads, nnc_pool **pool);
void nnc_pool_destroy(nnc_pool *pool);

/*===--- safetensors ---===*/

typedef struct nnc_tensor {
  const char *name;
  const int64_t *dims;
  const void *data;
  int64_t bytes;
  int32_t dtype;
  int32_t rank;
} nnc_tensor;

typedef struct nnc_metadata {
  const char *key;
  const char *value;
} nnc_metadata;

/* A parsed file. `tensors` is sorted by name; `data` points into the mapping and may be misaligned in files of others.
 */
typedef struct nnc_safetensors {
  const nnc_tensor *tensors;
  const nnc_metadata *metadata;
  int64_t tensor_count;
  int64_t metadata_count;
} nnc_safetensors;

/* Maps and checks a file. Nothing in it is trusted: the first mistake found is reported, with the file's name. */
int32_t nnc_safetensors_open(const char *path, const nnc_safetensors **file);
/* The same for bytes in memory, which must outlive the result; `name` is for messages. */
int32_t nnc_safetensors_parse(const char *name, const void *bytes, size_t size, const nnc_safetensors **file);
void nnc_safetensors_close(const nnc_safetensors *file);
const nnc_tensor *nnc_safetensors_find(const nnc_safetensors *file, const char *name);
/* Writes beside `path`, syncs, and renames; on any failure the old file is as it was. Data starts and stays aligned to
 * NNC_ALIGNMENT where sizes allow: tensors are laid out by falling element size, then by name. */
int32_t nnc_safetensors_write(const char *path, const nnc_tensor *tensors, int64_t tensor_count,
                              const nnc_metadata *metadata, int64_t metadata_count);

#ifdef __cplusplus
}
#endif

#endif

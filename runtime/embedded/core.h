/* The little runtime that travels in every shared object: its functions, all hidden there. Compiled schedules call the
 * first group; the host library wraps the others. C11, needs libc and pthread only, no global constructors. */
#ifndef NNC_RUNTIME_EMBEDDED_CORE_H
#define NNC_RUNTIME_EMBEDDED_CORE_H

#include "nnc/runtime/abi.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* On functions that call what nnc has compiled: UBSan looks for a function's type in front of its code, where there is
 * none, and may be no memory at all. */
#ifdef __clang__
#define NNC_CALLS_COMPILED_CODE __attribute__((no_sanitize("function")))
#else
#define NNC_CALLS_COMPILED_CODE
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

/* `sched.check`: `first` is the linear position of the first index outside [lower, upper), or not below the number of
 * indices when all are in range. In the first case reports the index; the schedule returns what this returns unless it
 * is NNC_OK. `indices` are i64, i32, i8 or u8. */
int32_t nnc_check(const char *what, int64_t first, const void *indices, int32_t dtype, const int64_t *dims,
                  int32_t rank, int64_t lower, int64_t upper);

/* The table that nnc_module.services points to. */
extern const nnc_services nnc_core_services;

/* The pieces of that table that are not declared below. */
int32_t nnc_invoke(const nnc_module *module, int32_t function, void *const *arguments, void *const *results,
                   void *workspace, const nnc_options *options);
int32_t nnc_state_save(const nnc_module *module, int32_t function, const char *path, void *const *arguments);
int32_t nnc_state_load(const nnc_module *module, int32_t function, const char *path, void *const *arguments,
                       int32_t flags);
int32_t nnc_weights_open(const nnc_module *module, const char *path, nnc_weights **weights);
const void *const *nnc_weights_data(const nnc_weights *weights);
void nnc_weights_close(nnc_weights *weights);

/*===--- errors, CPU, element types ---===*/

/* Formats this thread's message and returns `status`, so that a failing function ends in one line. */
int32_t nnc_fail(int32_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *nnc_last_error(void);
/* A name out of a file as messages show it: cut, and without what would garble a terminal. Returns `shown`. */
#define NNC_PRINTABLE 96
char *nnc_printable(char *shown, const char *text);
int32_t nnc_cpu_level(void);

/* Bytes of one element; 0 for an unknown dtype. */
int64_t nnc_dtype_bytes(int32_t dtype);
/* Spelling in safetensors ("BF16") and in messages ("bf16"); "?" for an unknown dtype. */
const char *nnc_dtype_key(int32_t dtype);
const char *nnc_dtype_name(int32_t dtype);
/* "f32 10x128", "i64 scalar" into `text`, cut where it does not fit; returns `text`. */
char *nnc_describe(char *text, size_t size, int32_t dtype, const int64_t *dims, int32_t rank);
/* Size in bytes of a dense tensor; false when an extent is negative or the product does not fit in 63 bits. */
bool nnc_tensor_bytes(int32_t dtype, const int64_t *dims, int32_t rank, int64_t *bytes);

/*===--- pool ---===*/

/* A pool of `threads` threads, the caller of `run` included. A `run` inside a task, or beside another thread's, works
 * on its own thread. */
int32_t nnc_pool_create(int32_t threads, nnc_pool **pool);
void nnc_pool_destroy(nnc_pool *pool);
/* CPUs that this process may use. */
int32_t nnc_cpu_count(void);

/* The pool that calls use which bring none (services->set_threads, set_pool). */
int32_t nnc_set_threads(int32_t threads);
void nnc_set_pool(nnc_pool *pool);
nnc_pool *nnc_get_pool(void);

/*===--- files ---===*/

typedef struct nnc_bytes {
  const void *data;
  size_t size;
} nnc_bytes;

/* Writes the parts one after another to a new file beside `path`, syncs it, and renames it to `path`: on any failure
 * the old file is as it was. What exists and is no regular file (a device, a pipe) is written to directly. */
int32_t nnc_write_file(const char *path, const nnc_bytes *parts, int64_t count);

/*===--- safetensors ---===*/

/* Larger headers are refused, as by the format's reference implementation. */
#define NNC_SAFETENSORS_HEADER_LIMIT 100000000
#define NNC_SAFETENSORS_RANK_LIMIT 64

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
/* Writes with nnc_write_file. Data starts and stays aligned to
 * NNC_ALIGNMENT where sizes allow: tensors are laid out by falling element size, then by name. */
int32_t nnc_safetensors_write(const char *path, const nnc_tensor *tensors, int64_t tensor_count,
                              const nnc_metadata *metadata, int64_t metadata_count);

#ifdef __cplusplus
}
#endif

#endif

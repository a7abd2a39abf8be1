/* The C ABI of compiled objects: what a shared object made by nnc exports and what its callers can rely on. C11 and
 * C++, depends on nothing; the text of this file is also pasted into generated headers.
 *
 * A shared object <lib>.so exports
 *   const nnc_module *nnc_module_v1(void)        the table of all that is inside (also as <lib>_module), and
 *   int <lib>_<function>(...)                    one typed function for each compiled function, declared in the
 * generated <lib>.h, and nothing else. The typed functions are short: they gather pointers and call
 * `module->services->invoke`.
 *
 * Rules
 * - Status codes, never aborts. After a status other than NNC_OK, `services->last_error()` is this thread's message.
 * - A call allocates nothing and keeps nothing: the module is constant, scratch memory is the caller's workspace. So
 * calls are thread-safe as long as two calls at one time share neither a workspace nor a buffer that one of them
 * writes.
 * - No thread is started unless the caller asks (`set_threads`) or lends a pool (`set_pool`, or `nnc_options.pool` for
 * one call). Results have the same bits for any number of threads.
 * - Tensors are dense and row-major. Arguments and results need the natural alignment of their element; the workspace
 * needs NNC_ALIGNMENT. Results must overlap neither each other nor an argument, except that a result which updates an
 * argument *is* that argument's buffer.
 * - When a call fails with NNC_INVALID_ARGUMENT or NNC_UNSUPPORTED_CPU nothing was written. After
 * NNC_INDEX_OUT_OF_RANGE the arguments are as they were, those that the function updates included; results and
 * workspace hold unspecified values.
 * - Structures only grow at their end, within the same ABI version; `nnc_module.bytes` tells how much a module has.
 */
#ifndef NNC_RUNTIME_ABI_H
#define NNC_RUNTIME_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNC_ABI_VERSION 1
#define NNC_ALIGNMENT 64 /* bytes; of the workspace, and of every buffer inside it */

typedef enum nnc_status {
  NNC_OK = 0,
  NNC_INVALID_ARGUMENT = 1,   /* a null or misaligned pointer, an unknown function */
  NNC_INDEX_OUT_OF_RANGE = 2, /* an index or class label in the data */
  NNC_IO = 3,                 /* the operating system refused: no such file, disk full, ... */
  NNC_NO_MEMORY = 4,
  NNC_VERSION = 5,        /* an object of another ABI version */
  NNC_FORMAT = 6,         /* a malformed file */
  NNC_MISMATCH = 7,       /* a well-formed file that does not fit: missing, unexpected or misshapen key */
  NNC_UNSUPPORTED_CPU = 8 /* the object holds no code for this CPU */
} nnc_status;

/* Element types. Code is compiled for F32 ... BOOL; the others occur in files only. */
typedef enum nnc_dtype {
  NNC_F32 = 1,
  NNC_F64 = 2,
  NNC_BF16 = 3,
  NNC_F16 = 4,
  NNC_I64 = 5,
  NNC_I32 = 6,
  NNC_I8 = 7,
  NNC_U8 = 8,
  NNC_BOOL = 9, /* one byte, 0 or 1 */
  NNC_I16 = 10,
  NNC_U16 = 11,
  NNC_U32 = 12,
  NNC_U64 = 13,
  NNC_F8_E5M2 = 14,
  NNC_F8_E4M3 = 15
} nnc_dtype;

/* What an argument or result is to the model. */
typedef enum nnc_kind {
  NNC_INPUT = 0,
  NNC_PARAMETER = 1, /* trained */
  NNC_BUFFER = 2,    /* part of the state dict, not trained: running statistics */
  NNC_OPTIMIZER = 3, /* state of the optimizer: moments */
  NNC_SCALAR = 4,    /* a number given anew for each call: the learning rate */
  NNC_SEED = 5,      /* seed of the random numbers */
  NNC_STEP = 6,      /* how many steps were taken */
  NNC_OUTPUT = 7,    /* results only */
  NNC_CONSTANT = 8   /* a frozen weight, or what was prepared from some when the function was compiled. It lies in the
                        object, so callers give null. Not part of the state: no file holds it */
} nnc_kind;

/* The code of a kernel: runs tasks [begin, end) of its launch. Tasks are independent of each other and may run in any
 * order. */
typedef void (*nnc_kernel)(void **buffers, int64_t begin, int64_t end);

/* A thread pool, ours or the caller's. `run` returns when the kernel has run for all tasks [0, tasks), each exactly
 * once, in ranges of any size on any threads; it must be callable from several threads at once. To lend a pool, make a
 * structure that begins with this one. */
typedef struct nnc_pool nnc_pool;
struct nnc_pool {
  void (*run)(nnc_pool *self, nnc_kernel kernel, void **buffers, int64_t tasks);
};

typedef struct nnc_value {
  const char *name;    /* "x", "conv1.weight", "conv1.weight.exp_avg" */
  const int64_t *dims; /* `rank` extents; may be null when rank is 0 */
  int64_t bytes;
  int32_t dtype; /* nnc_dtype */
  int32_t kind;  /* nnc_kind */
  int32_t rank;
  int32_t updates; /* of a result: the argument whose new value it is; of an argument: the result that holds its new
                      value; or -1 */
  int32_t weight;  /* of an argument: its row in nnc_module.weights, or -1 */
  int32_t reserved;
} nnc_value;

/* One line of a function's schedule. */
typedef struct nnc_launch {
  const char *layers; /* layer paths it computes for, joined by ", ": "conv1, bn1" */
  int64_t tasks;      /* at each execution */
  int64_t times;      /* executions in one call of the function: more than 1 inside a scan */
  int64_t bytes;      /* that one execution must read and write at least, each element once; 0: unknown */
  int64_t flops;      /* of one execution: a fused multiply-add is two, a function (exp) what its polynomial takes */
  int32_t kernel;     /* row in nnc_module.kernel_names and in each variant's kernels */
  int32_t source;     /* row in nnc_module.sources; 0: unknown */
} nnc_launch;

/* The compiled schedule of a function. Private to nnc: callers use `invoke`, which checks the pointers first. */
typedef struct nnc_call nnc_call;
typedef int32_t (*nnc_schedule)(const nnc_call *call, void **arguments, void **results, void *workspace);

typedef struct nnc_function {
  const char *name; /* "forward" */
  const nnc_value *arguments;
  const nnc_value *results;
  const nnc_launch *launches;
  int32_t argument_count;
  int32_t result_count;
  int32_t launch_count;
  int32_t reserved;
  int64_t workspace_bytes; /* size of the workspace that each call needs; 0: it may be null */
  int64_t peak_bytes;      /* workspace, arguments and results together */
  nnc_schedule schedule;
} nnc_function;

typedef struct nnc_weight {
  const char *name; /* key in a safetensors file */
  const int64_t *dims;
  int64_t bytes;
  int32_t dtype;
  int32_t rank;
  const void
      *data; /* the value embedded in the object, aligned to NNC_ALIGNMENT; null when weights come from elsewhere */
} nnc_weight;

/* All kernels compiled for one target. The first variant that this CPU can run is used, so the best comes first. */
typedef struct nnc_variant {
  const char *target; /* "x86-64-v4" */
  const nnc_kernel *kernels;
  int32_t level; /* needs services->cpu_level() >= level; 0: runs wherever the object does */
  int32_t reserved;
} nnc_variant;

typedef struct nnc_services nnc_services;

typedef struct nnc_module {
  uint32_t abi_version; /* NNC_ABI_VERSION; first for ever, so any version of this file can read it */
  uint32_t bytes;       /* sizeof(nnc_module) when the object was made */
  const char *name;     /* "lenet": the prefix of the typed functions */
  const char *producer; /* "nnc 0.1.0" */
  const nnc_services *services;
  const nnc_function *functions;
  const nnc_weight *weights;
  const nnc_variant *variants;
  const char *const *kernel_names;
  int32_t function_count;
  int32_t weight_count;
  int32_t variant_count;
  int32_t kernel_count;
  /* Up to here in every module of this version; what follows only if `bytes` reaches so far. */
  const char *const *sources; /* lines of the user's that launches come from, joined by ", ": "net.cpp:41, net.cpp:42";
                                 row 0 is "" */
  int32_t source_count;
  int32_t constant_count; /* so many rows at the end of `weights` are only read as NNC_CONSTANT */
} nnc_module;

/* The exported entry, and its name for dlsym. */
typedef const nnc_module *(*nnc_module_entry)(void);
#define NNC_MODULE_ENTRY "nnc_module_v1"

/* Options of one call; a null pointer to it means all zeros. */
typedef struct nnc_options {
  nnc_pool *pool; /* null: the object's own pool, where one is set; else the calling thread alone */
  void (*profile)(void *data, int32_t launch,
                  int64_t nanoseconds); /* after each execution of a launch, on the calling thread; may be null */
  void *profile_data;
} nnc_options;

/* Flags of state_load. */
#define NNC_IGNORE_UNEXPECTED                                                                                          \
  1 /* keys in the file that the function has no argument for: a training state given to `forward` */

/* A safetensors file mapped into memory as the weights of a module. */
typedef struct nnc_weights nnc_weights;

/* What every object can do besides its functions. The code travels in the object and needs only libc. */
struct nnc_services {
  /* Runs function number `function`. `arguments` and `results` hold one pointer for each row of the signature. An
   * argument may be null when its weight is embedded and the function does not update it, as a constant's always is in
   * a file. The entry of a result that
   * updates an argument may be null or that argument. */
  int32_t (*invoke)(const nnc_module *module, int32_t function, void *const *arguments, void *const *results,
                    void *workspace, const nnc_options *options);
  /* This thread's message of the last failed call into this object; "" before the first. Valid until the next failure
   * on this thread. */
  const char *(*last_error)(void);
  /* 1 to 4 for x86-64 to x86-64-v4; 0 on other processors. The environment variable NNC_CPU_LEVEL, read once, can lower
   * it. */
  int32_t (*cpu_level)(void);

  /* The object's own pool for calls that bring none: `threads` counts the calling thread, so 1 means no pool. Not while
   * calls are running. Set it back to 1 before unloading the object, as its threads run the object's code. */
  int32_t (*set_threads)(int32_t threads);
  /* The same with a pool of the caller's, which must outlive its use; null takes it back. */
  void (*set_pool)(nnc_pool *pool);

  /* Saves or loads the state among a function's arguments (parameter, buffer, optimizer, seed, step) as safetensors,
   * one key a name. Saving writes beside `path` and renames, so a failure leaves the old file. Loading checks every key
   * before it writes any argument. */
  int32_t (*state_save)(const nnc_module *module, int32_t function, const char *path, void *const *arguments);
  int32_t (*state_load)(const nnc_module *module, int32_t function, const char *path, void *const *arguments,
                        int32_t flags);

  /* Maps a file that holds all weights of the module but the constants. `weights_data` gives one pointer for each row
   * of nnc_module.weights, valid until `weights_close`. The memory is read-only and aligned to the element. The file
   * must not be truncated while it is mapped. */
  int32_t (*weights_open)(const nnc_module *module, const char *path, nnc_weights **weights);
  const void *const *(*weights_data)(const nnc_weights *weights);
  void (*weights_close)(nnc_weights *weights);
};

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif

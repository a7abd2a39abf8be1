/* An object made when modules had no sources yet: its table ends before them. */
#include "nnc/runtime/abi.h"

static const nnc_launch launches[] = {{.layers = "fc", .tasks = 1, .times = 1}};
static const nnc_function functions[] = {{.name = "forward", .launches = launches, .launch_count = 1}};
static const nnc_module module = {.abi_version = NNC_ABI_VERSION,
                                  .bytes = offsetof(nnc_module, sources),
                                  .name = "older",
                                  .functions = functions,
                                  .function_count = 1,
                                  .source_count = 1000}; /* nobody may look */
__attribute__((visibility("default"))) const nnc_module *nnc_module_v1(void) { return &module; }

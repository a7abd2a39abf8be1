/* An object of an ABI version to come. */
#include "nnc/runtime/abi.h"

static const nnc_module module = {.abi_version = 7, .bytes = sizeof module};
__attribute__((visibility("default"))) const nnc_module *nnc_module_v1(void) { return &module; }

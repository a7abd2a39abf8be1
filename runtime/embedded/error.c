/* This thread's last message, and the element types by number. */
#include "nnc/runtime/embedded/core.h"
#include <stdarg.h>
#include <stdio.h>

/* Not of the initial-exec model: objects are loaded with dlopen by the dozen, and static TLS space is scarce. */
static _Thread_local char message[1024];

int32_t nnc_fail(int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  return status;
}

const char *nnc_last_error(void) { return message; }

char *nnc_printable(char *shown, const char *text) {
  size_t length = 0;
  for (; text[length] && length < NNC_PRINTABLE - 1; ++length)
    shown[length] = (unsigned char)text[length] < 0x20 || text[length] == 0x7f ? '?' : text[length];
  /* not in the midst of a character */
  while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
    --length;
  shown[length] = '\0';
  return shown;
}

static const struct {
  const char *key, *name;
  int64_t bytes;
} dtypes[] = {{"?", "?", 0},
              [NNC_F32] = {"F32", "f32", 4},
              [NNC_F64] = {"F64", "f64", 8},
              [NNC_BF16] = {"BF16", "bf16", 2},
              [NNC_F16] = {"F16", "f16", 2},
              [NNC_I64] = {"I64", "i64", 8},
              [NNC_I32] = {"I32", "i32", 4},
              [NNC_I8] = {"I8", "i8", 1},
              [NNC_U8] = {"U8", "u8", 1},
              [NNC_BOOL] = {"BOOL", "bool", 1},
              [NNC_I16] = {"I16", "i16", 2},
              [NNC_U16] = {"U16", "u16", 2},
              [NNC_U32] = {"U32", "u32", 4},
              [NNC_U64] = {"U64", "u64", 8},
              [NNC_F8_E5M2] = {"F8_E5M2", "f8_e5m2", 1},
              [NNC_F8_E4M3] = {"F8_E4M3", "f8_e4m3", 1}};

static int32_t known(int32_t dtype) {
  return dtype > 0 && dtype < (int32_t)(sizeof dtypes / sizeof dtypes[0]) ? dtype : 0;
}

int64_t nnc_dtype_bytes(int32_t dtype) { return dtypes[known(dtype)].bytes; }
const char *nnc_dtype_key(int32_t dtype) { return dtypes[known(dtype)].key; }
const char *nnc_dtype_name(int32_t dtype) { return dtypes[known(dtype)].name; }

char *nnc_describe(char *text, size_t size, int32_t dtype, const int64_t *dims, int32_t rank) {
  size_t used = (size_t)snprintf(text, size, "%s%s", nnc_dtype_name(dtype), rank == 0 ? " scalar" : " ");
  for (int32_t i = 0; i < rank && used < size; ++i)
    used += (size_t)snprintf(text + used, size - used, i ? "x%lld" : "%lld", (long long)dims[i]);
  return text;
}

bool nnc_tensor_bytes(int32_t dtype, const int64_t *dims, int32_t rank, int64_t *bytes) {
  int64_t product = nnc_dtype_bytes(dtype);
  bool zero = product == 0, overflow = false;
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] < 0)
      return false;
    if (dims[i] == 0)
      zero = true;
    else if (__builtin_mul_overflow(product, dims[i], &product))
      overflow = true; /* forgiven when another extent is zero */
  }
  *bytes = zero ? 0 : product;
  return zero || !overflow;
}

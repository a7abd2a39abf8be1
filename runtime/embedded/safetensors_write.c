/* Writing safetensors, laid out as the format's reference implementation does: by falling element size, then by name,
 * the header padded with spaces. So the same tensors give the same bytes, and every tensor is aligned to its element.
 */
#include "nnc/runtime/embedded/core.h"
#include "nnc/runtime/embedded/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *data;
  size_t used, room;
  bool failed; /* out of memory */
} Text;

static void append(Text *text, const char *data, size_t size) {
  if (text->failed)
    return;
  if (text->room - text->used < size) {
    size_t room = (text->used + size) * 2 + 256;
    char *moved = realloc(text->data, room);
    if (!moved) {
      text->failed = true;
      return;
    }
    text->data = moved;
    text->room = room;
  }
  memcpy(text->data + text->used, data, size);
  text->used += size;
}

static void append_text(Text *text, const char *data) { append(text, data, strlen(data)); }

static void append_number(Text *text, int64_t value) {
  char digits[24];
  append(text, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value));
}

static void append_string(Text *text, const char *data) {
  append(text, "\"", 1);
  for (; *data; ++data) {
    unsigned char c = (unsigned char)*data;
    char escape[8];
    if (c == '"' || c == '\\')
      append(text, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", c));
    else if (c < 0x20)
      append(text, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
    else
      append(text, data, 1);
  }
  append(text, "\"", 1);
}

static bool is_utf8(const char *text) {
  size_t size = strlen(text);
  for (size_t at = 0; at < size;) {
    size_t length = nnc_utf8_length((const unsigned char *)text + at, size - at);
    if (!length)
      return false;
    at += length;
  }
  return true;
}

static int in_layout(const void *a, const void *b) {
  const nnc_tensor *x = a, *y = b;
  int64_t p = nnc_dtype_bytes(x->dtype), q = nnc_dtype_bytes(y->dtype);
  return p != q ? (p > q ? -1 : 1) : strcmp(x->name, y->name);
}
static int by_name(const void *a, const void *b) {
  return strcmp(((const nnc_tensor *)a)->name, ((const nnc_tensor *)b)->name);
}
static int by_key(const void *a, const void *b) {
  return strcmp(((const nnc_metadata *)a)->key, ((const nnc_metadata *)b)->key);
}

/* Checks what callers may get wrong; `sorted` are by name. */
static int32_t check(const char *path, const nnc_tensor *sorted, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const nnc_tensor *t = &sorted[i];
    char shape[160];
    int64_t bytes;
    if (!is_utf8(t->name) || strcmp(t->name, "__metadata__") == 0)
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: '%s' cannot be the name of a tensor", path, t->name);
    if (i > 0 && strcmp(sorted[i - 1].name, t->name) == 0)
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: tensor '%s': name given twice", path, t->name);
    if (t->rank < 0 || t->rank > NNC_SAFETENSORS_RANK_LIMIT)
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: tensor '%s': expected at most %d dimensions, got %d", path, t->name,
                      NNC_SAFETENSORS_RANK_LIMIT, t->rank);
    nnc_describe(shape, sizeof shape, t->dtype, t->dims, t->rank);
    if (!nnc_dtype_bytes(t->dtype) || !nnc_tensor_bytes(t->dtype, t->dims, t->rank, &bytes) || bytes != t->bytes)
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: tensor '%s': %s does not take %lld bytes", path, t->name, shape,
                      (long long)t->bytes);
    if (!t->data && t->bytes)
      return nnc_fail(NNC_INVALID_ARGUMENT, "%s: tensor '%s': data is null", path, t->name);
  }
  return NNC_OK;
}

/* The header of tensors in their layout, the length before it and the padding behind it included. */
static void make_header(Text *text, const nnc_tensor *layout, int64_t count, const nnc_metadata *metadata,
                        int64_t metadata_count) {
  append(text, "\0\0\0\0\0\0\0\0{", 9);
  for (int64_t i = 0; i < metadata_count; ++i) {
    append_text(text, i ? "," : "\"__metadata__\":{");
    append_string(text, metadata[i].key);
    append_text(text, ":");
    append_string(text, metadata[i].value);
  }
  if (metadata_count)
    append_text(text, count ? "}," : "}");
  int64_t offset = 0;
  for (int64_t i = 0; i < count; ++i) {
    const nnc_tensor *t = &layout[i];
    if (i)
      append_text(text, ",");
    append_string(text, t->name);
    append_text(text, ":{\"dtype\":\"");
    append_text(text, nnc_dtype_key(t->dtype));
    append_text(text, "\",\"shape\":[");
    for (int32_t d = 0; d < t->rank; ++d) {
      if (d)
        append_text(text, ",");
      append_number(text, t->dims[d]);
    }
    append_text(text, "],\"data_offsets\":[");
    append_number(text, offset);
    append_text(text, ",");
    append_number(text, offset += t->bytes);
    append_text(text, "]}");
  }
  append_text(text, "}");
  while (text->used % NNC_ALIGNMENT && !text->failed)
    append(text, " ", 1);
  if (text->failed)
    return;
  for (int i = 0; i < 8; ++i)
    text->data[i] = (char)((text->used - 8) >> 8 * i);
}

int32_t nnc_safetensors_write(const char *path, const nnc_tensor *tensors, int64_t count, const nnc_metadata *metadata,
                              int64_t metadata_count) {
  nnc_tensor *layout = malloc(((size_t)count + 1) * sizeof *layout);
  nnc_metadata *keys = malloc(((size_t)metadata_count + 1) * sizeof *keys);
  nnc_bytes *parts = malloc(((size_t)count + 1) * sizeof *parts);
  Text header = {0};
  int32_t status = NNC_OK;
  if (!layout || !keys || !parts)
    header.failed = true;
  if (!header.failed) {
    for (int64_t i = 0; i < count; ++i)
      layout[i] = tensors[i];
    for (int64_t i = 0; i < metadata_count; ++i)
      keys[i] = metadata[i];
    qsort(layout, (size_t)count, sizeof *layout, by_name);
    qsort(keys, (size_t)metadata_count, sizeof *keys, by_key);
    status = check(path, layout, count);
    for (int64_t i = 0; i < metadata_count && status == NNC_OK; ++i)
      if (!is_utf8(keys[i].key) || !is_utf8(keys[i].value) || (i && by_key(&keys[i - 1], &keys[i]) == 0))
        status =
            nnc_fail(NNC_INVALID_ARGUMENT, "%s: metadata '%s': expected UTF-8, and each key once", path, keys[i].key);
  }
  if (!header.failed && status == NNC_OK) {
    qsort(layout, (size_t)count, sizeof *layout, in_layout);
    make_header(&header, layout, count, keys, metadata_count);
  }
  if (header.failed)
    status = nnc_fail(NNC_NO_MEMORY, "%s: out of memory", path);
  else if (status == NNC_OK && header.used - 8 > NNC_SAFETENSORS_HEADER_LIMIT)
    status = nnc_fail(NNC_INVALID_ARGUMENT, "%s: names and shapes take %lld bytes, the format allows %d", path,
                      (long long)header.used - 8, NNC_SAFETENSORS_HEADER_LIMIT);
  if (status == NNC_OK) {
    parts[0] = (nnc_bytes){header.data, header.used};
    for (int64_t i = 0; i < count; ++i)
      parts[i + 1] = (nnc_bytes){layout[i].data, (size_t)layout[i].bytes};
    status = nnc_write_file(path, parts, count + 1);
  }
  free(header.data);
  free(layout), free(keys), free(parts);
  return status;
}

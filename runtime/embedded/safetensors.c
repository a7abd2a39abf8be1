/* Reading safetensors: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__":
 * {key: text}}, data.
 *
 * The file is not trusted. The header is read by a grammar of fixed depth (nothing recurses), each byte is checked
 * against the header's end before it is read, numbers against overflow; memory is at most a small multiple of the
 * header, which itself must be present in the file. Tensors must cover the data exactly: no overlap, no hole, nothing
 * behind the last. */
#include "nnc/runtime/embedded/core.h"
#include "nnc/runtime/embedded/utf8.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  nnc_safetensors public; /* first */
  void *mapping;          /* null for bytes in memory */
  size_t mapping_size;
  char *text;    /* names and metadata, each ended by a zero byte */
  int64_t *dims; /* extents of all tensors one after another */
  nnc_tensor *tensors;
  nnc_metadata *metadata;
} File;

typedef struct {
  File *file;
  const char *name; /* of the file */
  const unsigned char *begin, *at, *end;
  size_t text_used;
  int64_t dims_used, dims_room, tensors_room, metadata_room;
  int64_t data_size;
} Reader;

static int32_t fail_at(const Reader *r, const unsigned char *at, const char *what) {
  return nnc_fail(NNC_FORMAT, "%s: header byte %lld: %s", r->name, (long long)(at - r->begin), what);
}

static int32_t expected(const Reader *r, const char *what) {
  if (r->at == r->end)
    return nnc_fail(NNC_FORMAT, "%s: header byte %lld: expected %s, got the end of the header", r->name,
                    (long long)(r->at - r->begin), what);
  if (*r->at < 0x20 || *r->at >= 0x7f)
    return nnc_fail(NNC_FORMAT, "%s: header byte %lld: expected %s, got byte 0x%02x", r->name,
                    (long long)(r->at - r->begin), what, *r->at);
  return nnc_fail(NNC_FORMAT, "%s: header byte %lld: expected %s, got '%c'", r->name, (long long)(r->at - r->begin),
                  what, *r->at);
}

static int32_t fail_tensor(const Reader *r, const char *tensor, const char *what) {
  char shown[NNC_PRINTABLE];
  return nnc_fail(NNC_FORMAT, "%s: tensor '%s': %s", r->name, nnc_printable(shown, tensor), what);
}

/* The same about a word of the file: "unknown dtype 'F5'". */
static int32_t fail_tensor_word(const Reader *r, const char *tensor, const char *what, const char *word) {
  char shown[NNC_PRINTABLE], text[NNC_PRINTABLE + 64];
  snprintf(text, sizeof text, "%s '%s'", what, nnc_printable(shown, word));
  return fail_tensor(r, tensor, text);
}

static int32_t no_memory(const Reader *r) { return nnc_fail(NNC_NO_MEMORY, "%s: out of memory", r->name); }

/* Makes room for one more element in an array that doubles. */
static bool grow(void **array, int64_t used, int64_t *room, size_t element) {
  if (used < *room)
    return true;
  int64_t wanted = *room ? *room * 2 : 16;
  void *moved = realloc(*array, (size_t)wanted * element);
  if (!moved)
    return false;
  *array = moved;
  *room = wanted;
  return true;
}

static void skip_space(Reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
    ++r->at;
}

/* Skips white space and takes `c` if it comes next. */
static bool take(Reader *r, char c) {
  skip_space(r);
  if (r->at == r->end || *r->at != (unsigned char)c)
    return false;
  ++r->at;
  return true;
}

static bool hex4(Reader *r, uint32_t *value) {
  *value = 0;
  for (int i = 0; i < 4; ++i, ++r->at) {
    if (r->at == r->end)
      return false;
    unsigned char c = *r->at;
    uint32_t digit = 16;
    if (c >= '0' && c <= '9')
      digit = c - (uint32_t)'0';
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
      digit = (c | 0x20u) - 'a' + 10;
    if (digit > 15)
      return false;
    *value = *value << 4 | digit;
  }
  return true;
}

/* What follows a backslash. */
static int32_t read_escape(Reader *r, uint32_t *code) {
  const unsigned char *start = r->at - 1;
  if (r->at == r->end)
    return expected(r, "an escape");
  unsigned char c = *r->at++;
  const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t";
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    *code = (unsigned char)to[known - from];
    return NNC_OK;
  }
  if (c != 'u' || !hex4(r, code))
    return fail_at(r, start, "bad escape");
  if (*code >= 0xd800 && *code < 0xdc00) {
    uint32_t low;
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
      return fail_at(r, start, "half a surrogate pair");
    r->at += 2;
    if (!hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
      return fail_at(r, start, "half a surrogate pair");
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  } else if (*code >= 0xdc00 && *code < 0xe000) {
    return fail_at(r, start, "half a surrogate pair");
  } else if (*code == 0) {
    return fail_at(r, start, "zero character in a string");
  }
  return NNC_OK;
}

/* A string, unescaped into the file's text, which has room: a string is never longer than what spells it. */
static int32_t read_string(Reader *r, const char *what, const char **result) {
  if (!take(r, '"'))
    return expected(r, what);
  unsigned char *out = (unsigned char *)r->file->text + r->text_used;
  *result = (const char *)out;
  for (;;) {
    if (r->at == r->end)
      return expected(r, "'\"'");
    unsigned char c = *r->at;
    if (c == '"')
      break;
    if (c < 0x20)
      return fail_at(r, r->at, "control character in a string");
    if (c == '\\') {
      uint32_t code;
      ++r->at;
      int32_t status = read_escape(r, &code);
      if (status != NNC_OK)
        return status;
      out += nnc_utf8_write(out, code);
      continue;
    }
    size_t length = nnc_utf8_length(r->at, (size_t)(r->end - r->at));
    if (!length)
      return fail_at(r, r->at, "bad UTF-8");
    memcpy(out, r->at, length);
    out += length;
    r->at += length;
  }
  ++r->at;
  *out++ = '\0';
  r->text_used = (size_t)(out - (unsigned char *)r->file->text);
  return NNC_OK;
}

static int32_t read_number(Reader *r, int64_t *value) {
  skip_space(r);
  const unsigned char *start = r->at;
  *value = 0;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
    if (__builtin_mul_overflow(*value, (int64_t)10, value) || __builtin_add_overflow(*value, *r->at++ - '0', value))
      return fail_at(r, start, "number is larger than 9223372036854775807");
  if (r->at == start)
    return expected(r, "a non-negative integer");
  if (*start == '0' && r->at - start > 1)
    return fail_at(r, start, "number begins with 0");
  if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
    return fail_at(r, start, "expected an integer");
  return NNC_OK;
}

/* [a, b, ...] appended to the file's dims. */
static int32_t read_shape(Reader *r, const char *tensor, nnc_tensor *t) {
  if (!take(r, '['))
    return expected(r, "'['");
  if (take(r, ']'))
    return NNC_OK;
  do {
    if (t->rank == NNC_SAFETENSORS_RANK_LIMIT)
      return fail_tensor(r, tensor, "shape has more than 64 dimensions");
    if (!grow((void **)&r->file->dims, r->dims_used, &r->dims_room, sizeof(int64_t)))
      return no_memory(r);
    int32_t status = read_number(r, &r->file->dims[r->dims_used]);
    if (status != NNC_OK)
      return status;
    ++r->dims_used;
    ++t->rank;
  } while (take(r, ','));
  return take(r, ']') ? NNC_OK : expected(r, "',' or ']'");
}

static int32_t read_offsets(Reader *r, int64_t *begin, int64_t *end) {
  int32_t status;
  if (!take(r, '['))
    return expected(r, "'['");
  if ((status = read_number(r, begin)) != NNC_OK)
    return status;
  if (!take(r, ','))
    return expected(r, "','");
  if ((status = read_number(r, end)) != NNC_OK)
    return status;
  return take(r, ']') ? NNC_OK : expected(r, "']'");
}

static int32_t dtype_of(const char *key) {
  for (int32_t dtype = 1; nnc_dtype_bytes(dtype); ++dtype)
    if (strcmp(nnc_dtype_key(dtype), key) == 0)
      return dtype;
  return 0;
}

/* Checks what one tensor says of itself: that its extents and its bytes agree and lie in the data. */
static int32_t check_tensor(Reader *r, nnc_tensor *t, const int64_t *dims, int64_t begin, int64_t end) {
  char what[256], shape[160];
  int64_t bytes;
  nnc_describe(shape, sizeof shape, t->dtype, dims, t->rank);
  if (!nnc_tensor_bytes(t->dtype, dims, t->rank, &bytes)) {
    snprintf(what, sizeof what, "size of %s overflows", shape);
    return fail_tensor(r, t->name, what);
  }
  if (begin > end || end > r->data_size) {
    snprintf(what, sizeof what, "data_offsets [%lld, %lld] are not inside the data of %lld bytes", (long long)begin,
             (long long)end, (long long)r->data_size);
    return fail_tensor(r, t->name, what);
  }
  if (end - begin != bytes) {
    snprintf(what, sizeof what, "%s takes %lld bytes, data_offsets [%lld, %lld] hold %lld", shape, (long long)bytes,
             (long long)begin, (long long)end, (long long)(end - begin));
    return fail_tensor(r, t->name, what);
  }
  t->bytes = bytes;
  t->data = r->end + begin;
  return NNC_OK;
}

static int32_t read_tensor(Reader *r, const char *name) {
  File *file = r->file;
  if (!grow((void **)&file->tensors, file->public.tensor_count, &r->tensors_room, sizeof(nnc_tensor)))
    return no_memory(r);
  nnc_tensor *t = &file->tensors[file->public.tensor_count];
  *t = (nnc_tensor){.name = name};
  int64_t first_dim = r->dims_used, begin = 0, end = 0;
  bool has_dtype = false, has_shape = false, has_offsets = false;
  int32_t status;
  if (!take(r, '{'))
    return expected(r, "'{'");
  do {
    const char *field, *dtype;
    bool *has;
    size_t text = r->text_used;
    if ((status = read_string(r, "\"dtype\", \"shape\" or \"data_offsets\"", &field)) != NNC_OK)
      return status;
    if (!take(r, ':'))
      return expected(r, "':'");
    if (strcmp(field, "dtype") == 0) {
      has = &has_dtype;
      if ((status = read_string(r, "a string", &dtype)) != NNC_OK)
        return status;
      t->dtype = dtype_of(dtype);
      if (!t->dtype)
        return fail_tensor_word(r, name, "unknown dtype", dtype);
    } else if (strcmp(field, "shape") == 0) {
      has = &has_shape;
      if (!has_shape && (status = read_shape(r, name, t)) != NNC_OK)
        return status;
    } else if (strcmp(field, "data_offsets") == 0) {
      has = &has_offsets;
      if (!has_offsets && (status = read_offsets(r, &begin, &end)) != NNC_OK)
        return status;
    } else {
      return fail_tensor_word(r, name, "unknown field", field);
    }
    if (*has)
      return fail_tensor_word(r, name, "given twice: field", field);
    *has = true;
    r->text_used = text; /* neither the field's name nor the dtype is kept */
  } while (take(r, ','));
  if (!take(r, '}'))
    return expected(r, "',' or '}'");
  if (!has_dtype || !has_shape || !has_offsets)
    return fail_tensor(r, name, !has_dtype ? "no dtype" : !has_shape ? "no shape" : "no data_offsets");
  if ((status = check_tensor(r, t, file->dims + first_dim, begin, end)) != NNC_OK)
    return status;
  ++file->public.tensor_count;
  return NNC_OK;
}

static int32_t read_metadata(Reader *r) {
  File *file = r->file;
  if (file->metadata)
    return fail_at(r, r->at, "\"__metadata__\" given twice");
  if (!take(r, '{'))
    return expected(r, "'{'");
  /* allocated even when empty, so that a second one is noticed */
  if (!grow((void **)&file->metadata, 0, &r->metadata_room, sizeof(nnc_metadata)))
    return no_memory(r);
  if (take(r, '}'))
    return NNC_OK;
  do {
    if (!grow((void **)&file->metadata, file->public.metadata_count, &r->metadata_room, sizeof(nnc_metadata)))
      return no_memory(r);
    nnc_metadata *m = &file->metadata[file->public.metadata_count];
    int32_t status;
    if ((status = read_string(r, "a string", &m->key)) != NNC_OK)
      return status;
    if (!take(r, ':'))
      return expected(r, "':'");
    if ((status = read_string(r, "a string", &m->value)) != NNC_OK)
      return status;
    ++file->public.metadata_count;
  } while (take(r, ','));
  return take(r, '}') ? NNC_OK : expected(r, "',' or '}'");
}

static int32_t read_header(Reader *r) {
  if (!take(r, '{'))
    return expected(r, "'{'");
  if (!take(r, '}')) {
    do {
      const char *name;
      int32_t status = read_string(r, "a string", &name);
      if (status != NNC_OK)
        return status;
      if (!take(r, ':'))
        return expected(r, "':'");
      status = strcmp(name, "__metadata__") == 0 ? read_metadata(r) : read_tensor(r, name);
      if (status != NNC_OK)
        return status;
    } while (take(r, ','));
    if (!take(r, '}'))
      return expected(r, "',' or '}'");
  }
  skip_space(r); /* writers pad the header with spaces */
  return r->at == r->end ? NNC_OK : expected(r, "the end of the header");
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const nnc_tensor *)a)->name, ((const nnc_tensor *)b)->name);
}
static int by_key(const void *a, const void *b) {
  return strcmp(((const nnc_metadata *)a)->key, ((const nnc_metadata *)b)->key);
}
static int by_offset(const void *a, const void *b) {
  const nnc_tensor *x = a, *y = b;
  uintptr_t p = (uintptr_t)x->data, q = (uintptr_t)y->data;
  return p != q ? (p < q ? -1 : 1) : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Checks that the tensors cover the data, each byte once; then sorts them by name. */
static int32_t check_layout(Reader *r) {
  File *file = r->file;
  nnc_tensor *tensors = file->tensors;
  int64_t count = file->public.tensor_count, covered = 0;
  char what[160];
  /* dims are final only now, since the array moves as it grows; tensors were appended in the order of their dims */
  int64_t *dims = file->dims;
  for (int64_t i = 0; i < count; dims += tensors[i++].rank)
    tensors[i].dims = tensors[i].rank ? dims : NULL;
  if (count)
    qsort(tensors, (size_t)count, sizeof *tensors, by_offset);
  for (int64_t i = 0; i < count; ++i) {
    int64_t begin = (int64_t)((const unsigned char *)tensors[i].data - r->end);
    if (begin != covered) {
      if (begin < covered)
        snprintf(what, sizeof what, "data_offsets [%lld, %lld] overlap those of another tensor", (long long)begin,
                 (long long)(begin + tensors[i].bytes));
      else
        snprintf(what, sizeof what, "data_offsets [%lld, %lld] leave a hole behind byte %lld", (long long)begin,
                 (long long)(begin + tensors[i].bytes), (long long)covered);
      return fail_tensor(r, tensors[i].name, what);
    }
    covered += tensors[i].bytes;
  }
  if (covered != r->data_size)
    return nnc_fail(NNC_FORMAT, "%s: tensors take %lld bytes, the data has %lld", r->name, (long long)covered,
                    (long long)r->data_size);
  if (count)
    qsort(tensors, (size_t)count, sizeof *tensors, by_name);
  for (int64_t i = 1; i < count; ++i)
    if (by_name(&tensors[i - 1], &tensors[i]) == 0)
      return fail_tensor(r, tensors[i].name, "key given twice");
  if (file->public.metadata_count)
    qsort(file->metadata, (size_t)file->public.metadata_count, sizeof *file->metadata, by_key);
  for (int64_t i = 1; i < file->public.metadata_count; ++i)
    if (by_key(&file->metadata[i - 1], &file->metadata[i]) == 0)
      return nnc_fail(NNC_FORMAT, "%s: metadata: key given twice", r->name);
  return NNC_OK;
}

int32_t nnc_safetensors_parse(const char *name, const void *bytes, size_t size, const nnc_safetensors **result) {
  *result = NULL;
  const unsigned char *data = bytes;
  if (size < 8)
    return nnc_fail(NNC_FORMAT, "%s: truncated: expected at least 8 bytes, got %lld", name, (long long)size);
  uint64_t header = 0;
  for (int i = 0; i < 8; ++i)
    header |= (uint64_t)data[i] << 8 * i;
  if (header > NNC_SAFETENSORS_HEADER_LIMIT)
    return nnc_fail(NNC_FORMAT, "%s: header of %llu bytes is larger than the limit of %d", name,
                    (unsigned long long)header, NNC_SAFETENSORS_HEADER_LIMIT);
  if (header > size - 8)
    return nnc_fail(NNC_FORMAT, "%s: truncated: header of %llu bytes, file of %lld", name, (unsigned long long)header,
                    (long long)size);
  File *file = calloc(1, sizeof *file);
  if (!file || !(file->text = malloc((size_t)header + 1))) {
    free(file);
    return nnc_fail(NNC_NO_MEMORY, "%s: out of memory", name);
  }
  Reader r = {.file = file, .name = name, .begin = data + 8, .at = data + 8, .end = data + 8 + header};
  r.data_size = (int64_t)(size - 8 - header);
  int32_t status = read_header(&r);
  if (status == NNC_OK)
    status = check_layout(&r);
  if (status != NNC_OK) {
    nnc_safetensors_close(&file->public);
    return status;
  }
  file->public.tensors = file->tensors;
  file->public.metadata = file->metadata;
  *result = &file->public;
  return NNC_OK;
}

int32_t nnc_safetensors_open(const char *path, const nnc_safetensors **result) {
  *result = NULL;
  /* not blocking: a pipe nobody writes to must not hang the reader */
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return nnc_fail(NNC_IO, "%s: cannot open: %s", path, strerror(errno));
  struct stat info;
  int error = fstat(descriptor, &info) != 0 ? errno : 0;
  if (error || !S_ISREG(info.st_mode)) {
    close(descriptor);
    return nnc_fail(NNC_IO, "%s: cannot read: %s", path, error ? strerror(error) : "not a regular file");
  }
  size_t size = (size_t)info.st_size;
  void *mapping = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : NULL;
  error = errno;
  close(descriptor);
  if (mapping == MAP_FAILED)
    return nnc_fail(NNC_IO, "%s: cannot map: %s", path, strerror(error));
  int32_t status = nnc_safetensors_parse(path, mapping, size, result);
  if (status == NNC_OK) {
    File *file = (File *)(uintptr_t)*result;
    file->mapping = mapping;
    file->mapping_size = size;
  } else if (mapping) {
    munmap(mapping, size);
  }
  return status;
}

void nnc_safetensors_close(const nnc_safetensors *public) {
  if (!public)
    return;
  File *file = (File *)(uintptr_t)public;
  if (file->mapping)
    munmap(file->mapping, file->mapping_size);
  free(file->tensors);
  free(file->metadata);
  free(file->dims);
  free(file->text);
  free(file);
}

const nnc_tensor *nnc_safetensors_find(const nnc_safetensors *file, const char *name) {
  int64_t low = 0, high = file->tensor_count;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    int order = strcmp(file->tensors[middle].name, name);
    if (order == 0)
      return &file->tensors[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* Writing a file so that a crash, a full disk or an interrupt never costs the old one. */
#include "nnc/runtime/embedded/core.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int file, const char *data, size_t size) {
  while (size > 0) {
    /* some systems refuse counts of 2 GiB and more */
    ssize_t written = write(file, data, size < 1u << 30 ? size : 1u << 30);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return -1;
    data += written;
    size -= (size_t)written;
  }
  return 0;
}

static int write_parts(int file, const nnc_bytes *parts, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (write_all(file, parts[i].data, parts[i].size) != 0)
      return -1;
  return 0;
}

static int32_t cannot_write(const char *path, int error) {
  return nnc_fail(NNC_IO, "%s: cannot write: %s", path, strerror(error));
}

static int32_t write_device(const char *path, const nnc_bytes *parts, int64_t count) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return cannot_write(path, errno);
  int error = write_parts(file, parts, count) != 0 ? errno : 0;
  if (close(file) != 0 && !error)
    error = errno;
  return error ? cannot_write(path, error) : NNC_OK;
}

/* The rename itself is on disk only when the folder is; a file system that cannot sync a folder has done what it can.
 */
static void sync_folder(const char *folder) {
  int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0)
    return;
  fsync(file);
  close(file);
}

int32_t nnc_write_file(const char *path, const nnc_bytes *parts, int64_t count) {
  struct stat old;
  bool exists = stat(path, &old) == 0;
  if (exists && !S_ISREG(old.st_mode))
    return write_device(path, parts, count);
  /* Through a symbolic link the file it points to is replaced, not the link. (Not realpath(path, NULL), which an old
   * version of the function in glibc refuses.) */
  char resolved[PATH_MAX];
  const char *real = exists ? realpath(path, resolved) : path;
  if (!real)
    return cannot_write(path, errno);
  size_t length = strlen(real);
  char *folder = malloc(length + 3), *beside = malloc(length + 64);
  if (!folder || !beside) {
    free(folder), free(beside);
    return nnc_fail(NNC_NO_MEMORY, "%s: out of memory", path);
  }
  const char *slash = strrchr(real, '/');
  if (slash) {
    memcpy(folder, real, (size_t)(slash - real) + 1);
    folder[slash - real + 1] = '\0';
  } else {
    strcpy(folder, "./");
  }

  /* A short name of its own, since the file's may be as long as the system allows. */
  static _Atomic uint32_t number;
  int file = -1, error = 0;
  for (int attempt = 0; attempt < 100 && file < 0; ++attempt) {
    snprintf(beside, length + 64, "%s.nnc-%ld-%u.tmp", folder, (long)getpid(), (unsigned)atomic_fetch_add(&number, 1));
    file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    error = file < 0 ? errno : 0;
    if (error && error != EEXIST)
      break;
  }
  if (file >= 0) {
    if (exists)
      (void)!fchmod(file, old.st_mode & 07777); /* best effort: the data matters more than its mode */
    if (write_parts(file, parts, count) != 0 || fsync(file) != 0)
      error = errno;
    if (close(file) != 0 && !error)
      error = errno;
    if (!error && rename(beside, real) != 0)
      error = errno;
    if (error)
      unlink(beside);
    else
      sync_folder(folder);
  }
  free(folder), free(beside);
  return error ? cannot_write(path, error) : NNC_OK;
}

/* UTF-8: what names in files must be. */
#ifndef NNC_RUNTIME_EMBEDDED_UTF8_H
#define NNC_RUNTIME_EMBEDDED_UTF8_H
#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed sequence at `text` (no overlong form, no surrogate, at most U+10FFFF), 0 when there is
 * none. */
static inline size_t nnc_utf8_length(const unsigned char *text, size_t size) {
  if (size == 0)
    return 0;
  unsigned char first = text[0];
  if (first < 0x80)
    return 1;
  size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || size < length)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((text[i] & 0xc0) != 0x80)
      return 0;
  if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] >= 0xa0) || (first == 0xf0 && text[1] < 0x90) ||
      (first == 0xf4 && text[1] >= 0x90))
    return 0;
  return length;
}

/* Writes a code point that is no surrogate; returns its length. */
static inline size_t nnc_utf8_write(unsigned char *text, uint32_t code) {
  if (code < 0x80) {
    text[0] = (unsigned char)code;
    return 1;
  }
  if (code < 0x800) {
    text[0] = (unsigned char)(0xc0 | code >> 6);
    text[1] = (unsigned char)(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    text[0] = (unsigned char)(0xe0 | code >> 12);
    text[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
    text[2] = (unsigned char)(0x80 | (code & 0x3f));
    return 3;
  }
  text[0] = (unsigned char)(0xf0 | code >> 18);
  text[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
  text[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
  text[3] = (unsigned char)(0x80 | (code & 0x3f));
  return 4;
}
#endif

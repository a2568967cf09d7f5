#include "tokens.h"

#include "../http/utf8.h"

enum class { OTHER, LETTER, DIGIT, UNDERSCORE, KATAKANA, SINGLE };

struct block {
  uint32_t first, last;
};

/* Beyond ASCII: what belongs to no word. Everything else is taken for a letter or a mark on one. */
static const struct block others[] = {
    {0x80, 0xa9},        {0xab, 0xac},        {0xae, 0xb4},        {0xb6, 0xb9},        {0xbb, 0xbf},
    {0xd7, 0xd7},        {0xf7, 0xf7},        {0x2c2, 0x2c5},      {0x2d2, 0x2df},      {0x37e, 0x37e},
    {0x387, 0x387},      {0x55a, 0x55f},      {0x589, 0x58f},      {0x5be, 0x5be},      {0x5c0, 0x5c0},
    {0x5c3, 0x5c3},      {0x5c6, 0x5c6},      {0x5f3, 0x5f4},      {0x600, 0x60f},      {0x61b, 0x61f},
    {0x66a, 0x66d},      {0x6d4, 0x6d4},      {0x700, 0x70f},      {0x964, 0x965},      {0xe3f, 0xe3f},
    {0x1680, 0x1680},    {0x2000, 0x200b},    {0x200e, 0x203e},    {0x2041, 0x2053},    {0x2055, 0x206f},
    {0x207a, 0x207e},    {0x208a, 0x208e},    {0x20a0, 0x20cf},    {0x2100, 0x2101},    {0x2103, 0x2106},
    {0x2108, 0x2109},    {0x2114, 0x2114},    {0x2116, 0x2118},    {0x211e, 0x2123},    {0x2190, 0x2bff},
    {0x2e00, 0x2e7f},    {0x2ff0, 0x3004},    {0x3008, 0x3020},    {0x3030, 0x3030},    {0x3036, 0x3037},
    {0x303d, 0x303f},    {0x30a0, 0x30a0},    {0x30fb, 0x30fb},    {0x3200, 0x33ff},    {0x4dc0, 0x4dff},
    {0xa490, 0xa4cf},    {0xe000, 0xf8ff},    {0xfd3e, 0xfd3f},    {0xfe10, 0xfe1f},    {0xfe30, 0xfe32},
    {0xfe35, 0xfe4c},    {0xfe50, 0xfe6f},    {0xfeff, 0xff0f},    {0xff1a, 0xff20},    {0xff3b, 0xff3e},
    {0xff40, 0xff40},    {0xff5b, 0xff65},    {0xffe0, 0xffff},    {0x1d000, 0x1d3ff},  {0x1f000, 0x1faff},
    {0xe0000, 0x10ffff},
};

/* Hiragana and ideographs. */
static const struct block singles[] = {
    {0x3005, 0x3007},    {0x3021, 0x3029},    {0x3041, 0x3096},    {0x3400, 0x4dbf},    {0x4e00, 0x9fff},
    {0xf900, 0xfaff},    {0x20000, 0x3ffff},
};

static const struct block katakana[] = {
    {0x3031, 0x3035}, {0x309b, 0x309c}, {0x30a1, 0x30fa}, {0x30fc, 0x30ff}, {0x31f0, 0x31ff}, {0xff66, 0xff9d},
};

static bool is_in(const struct block *blocks, size_t count, uint32_t c) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (c < blocks[middle].first) high = middle;
    else if (c > blocks[middle].last) low = middle + 1;
    else return true;
  }
  return false;
}

#define IS_IN(blocks, c) is_in(blocks, sizeof blocks / sizeof blocks[0], c)

static enum class class_of(uint32_t c) {
  if (c < 0x80) {
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return LETTER;
    return c >= '0' && c <= '9' ? DIGIT : c == '_' ? UNDERSCORE : OTHER;
  }
  if (c >= 0xff10 && c <= 0xff19) return DIGIT;
  if (IS_IN(others, c)) return OTHER;
  return IS_IN(singles, c) ? SINGLE : IS_IN(katakana, c) ? KATAKANA : LETTER;
}

/* Whether a character joins the two beside it (WB6, WB7, WB11 and WB12 of UAX #29). */
static bool joins(uint32_t c, enum class before, enum class after) {
  if (before != after || (before != LETTER && before != DIGIT)) return false;
  if (c == '.' || c == '\'' || c == 0x2019) return true;
  return before == DIGIT ? c == ',' || c == ';' : c == 0xb7;
}

struct reader {
  uint32_t character;
  enum class class;
  size_t length;
};

static struct reader read_at(struct text text) {
  struct reader r = {0, OTHER, 0};
  if (text.length == 0) return r;
  r.character = utf8_read(text.bytes, &r.length);
  r.class = class_of(r.character);
  return r;
}

static void skip(struct text *rest, size_t length) { rest->bytes += length, rest->length -= length; }

static bool put(char *word, size_t *length, uint32_t character) {
  char bytes[4];
  size_t count = utf8_write(lower_case(character), bytes);
  if (count > TOKEN_LIMIT - *length) return false;
  for (size_t i = 0; i < count; i++) word[(*length)++] = bytes[i];
  return true;
}

/* The next run of what belongs together; `solid`: it is not underscores alone. */
static bool next_run(struct text *rest, char word[TOKEN_LIMIT], size_t *length, bool *solid) {
  struct reader now = read_at(*rest);
  while (now.length > 0 && now.class == OTHER) {
    skip(rest, now.length);
    now = read_at(*rest);
  }
  *length = 0;
  *solid = false;
  if (now.length == 0) return false;
  for (;;) {
    if (!put(word, length, now.character)) return true;
    if (now.class != UNDERSCORE) *solid = true;
    skip(rest, now.length);
    if (now.class == SINGLE) return true;
    struct reader next = read_at(*rest);
    if (next.class == OTHER && next.length > 0) {
      struct text beyond = *rest;
      skip(&beyond, next.length);
      if (!joins(next.character, now.class, read_at(beyond).class)) return true;
      next.class = now.class;
    }
    if (next.length == 0 || next.class == SINGLE) return true;
    bool parts = (now.class == KATAKANA) != (next.class == KATAKANA);
    if (parts && now.class != UNDERSCORE && next.class != UNDERSCORE) return true;
    now = next;
  }
}

bool token_next(struct text *rest, char word[TOKEN_LIMIT], size_t *length) {
  bool solid, more;
  do more = next_run(rest, word, length, &solid);
  while (more && !solid);
  return more;
}
